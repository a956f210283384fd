//! What the application is, as `build_info!()` sees it.

/// Name, version and revision of the application; made by [`build_info!`](crate::build_info).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildInfo {
    service: String,
    version: String,
    revision: Option<String>,
    id: Option<String>,
}

impl BuildInfo {
    /// For `build_info!()`.
    #[doc(hidden)]
    #[must_use]
    pub fn __new(
        package: &str,
        binary: Option<&str>,
        version: &str,
        revision: Option<&str>,
    ) -> Self {
        Self {
            service: binary.unwrap_or(package).to_owned(),
            version: version.to_owned(),
            revision: revision.map(str::to_owned),
            id: None,
        }
    }

    /// Sets the build id by hand: the key by which builds are compared, so no two different
    /// builds may share one. Without it see the table at [`setup`](crate::setup).
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// `service.name`: the binary's name, else the package's.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// `service.version`: the package's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `vcs.ref.head.revision`: the revision the application was compiled at, where it was
    /// compiled in a git checkout.
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref().map(|revision| revision.trim_end_matches("-dirty"))
    }

    /// The revision, marked `-dirty` when the checkout had changes.
    pub(crate) fn marked_revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Name, version and revision of the crate it is written in, as a [`BuildInfo`].
///
/// Needs no build script. The revision is read from the repository's files when the program is
/// compiled; outside a repository there is none.
///
/// ```
/// let build = ode::build_info!();
/// assert!(!build.service().is_empty());
/// ```
#[macro_export]
macro_rules! build_info {
    () => {
        $crate::BuildInfo::__new(
            ::core::env!("CARGO_PKG_NAME"),
            ::core::option_env!("CARGO_BIN_NAME"),
            ::core::env!("CARGO_PKG_VERSION"),
            $crate::__git_revision!(),
        )
    };
    ($($other:tt)+) => {
        ::core::compile_error!(
            "`build_info!()` takes nothing: name, version and revision are those of the crate it is \
             written in; for a build id of your own: `build_info!().with_id(..)`"
        )
    };
}
