//! What produced the events: build, service, host, process. The same on every event.

use crate::event::keys;
use crate::event::value::Value;

/// The fields every event of a process carries.
///
/// ```
/// let process = ode_core::Process::new("1f3a").service("checkout", "2.4.0");
/// assert_eq!(process.build_id(), "1f3a");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    build_id: String,
    build_source: Option<String>,
    service_name: Option<String>,
    service_version: Option<String>,
    revision: Option<String>,
    environment: Option<String>,
    host_name: Option<String>,
    pid: Option<u32>,
}

impl Default for Process {
    fn default() -> Self {
        Self::new("unknown")
    }
}

fn text(text: Option<&String>) -> Value<'_> {
    text.map_or(Value::Absent, |text| Value::Str(text))
}

fn non_empty(text: impl Into<String>) -> Option<String> {
    Some(text.into()).filter(|text| !text.is_empty())
}

impl Process {
    /// A process that runs this build. The id is the key by which builds are compared.
    pub fn new(build_id: impl Into<String>) -> Self {
        Self {
            build_id: build_id.into(),
            build_source: None,
            service_name: None,
            service_version: None,
            revision: None,
            environment: None,
            host_name: None,
            pid: None,
        }
    }

    /// Says where the build id came from (`build.source`).
    #[must_use]
    pub fn build_source(mut self, source: impl Into<String>) -> Self {
        self.build_source = non_empty(source);
        self
    }

    /// Sets `service.name` and `service.version`; an empty one is left out.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.service_name = non_empty(name);
        self.service_version = non_empty(version);
        self
    }

    /// Sets `vcs.ref.head.revision`.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = non_empty(revision);
        self
    }

    /// Sets `deployment.environment.name`.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = non_empty(environment);
        self
    }

    /// Sets `host.name`.
    #[must_use]
    pub fn host_name(mut self, name: impl Into<String>) -> Self {
        self.host_name = non_empty(name);
        self
    }

    /// Sets `process.pid`.
    #[must_use]
    pub fn pid(mut self, pid: u32) -> Self {
        self.pid = Some(pid);
        self
    }

    /// The build that runs; never empty.
    pub fn build_id(&self) -> &str {
        &self.build_id
    }

    /// `service.name`.
    pub fn service_name(&self) -> Option<&str> {
        self.service_name.as_deref()
    }

    /// Every field, `build_id` first, in the order in which events show them.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        [
            (keys::BUILD_ID, Value::Str(&self.build_id)),
            (keys::BUILD_SOURCE, text(self.build_source.as_ref())),
            (keys::SERVICE_NAME, text(self.service_name.as_ref())),
            (keys::SERVICE_VERSION, text(self.service_version.as_ref())),
            (keys::REVISION, text(self.revision.as_ref())),
            (keys::ENVIRONMENT, text(self.environment.as_ref())),
            (keys::HOST_NAME, text(self.host_name.as_ref())),
            (keys::PROCESS_PID, self.pid.map_or(Value::Absent, |pid| Value::U64(pid.into()))),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_absent())
    }

    /// Sets a field by its name, for readers of stored events; `false` if it is none of these.
    #[doc(hidden)]
    pub fn set_by_name(&mut self, name: &str, value: &str) -> bool {
        let slot = match name {
            keys::BUILD_ID => {
                value.clone_into(&mut self.build_id);
                return true;
            }
            keys::PROCESS_PID => {
                self.pid = value.parse().ok();
                return self.pid.is_some();
            }
            keys::BUILD_SOURCE => &mut self.build_source,
            keys::SERVICE_NAME => &mut self.service_name,
            keys::SERVICE_VERSION => &mut self.service_version,
            keys::REVISION => &mut self.revision,
            keys::ENVIRONMENT => &mut self.environment,
            keys::HOST_NAME => &mut self.host_name,
            _ => return false,
        };
        *slot = non_empty(value);
        true
    }
}
