//! What the `OTEL_*` variables ask for, as far as the features allow.

use std::ffi::OsString;

use ode_core::{Queue, SetupError};

/// What was read, ready to become a destination.
#[derive(Default)]
pub(crate) struct OpenTelemetry {
    pub(crate) disabled: bool,
    /// An endpoint is named, be it usable or not.
    pub(crate) is_configured: bool,
    pub(crate) service_name: Option<String>,
    pub(crate) sample: Option<f64>,
    pub(crate) warnings: Vec<String>,
    #[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
    settings: Option<(
        ode_exporters::otlp::config::OtlpSettings,
        ode_exporters::otlp::config::QueueSettings,
    )>,
}

impl OpenTelemetry {
    /// Reads the process's environment.
    pub(crate) fn read() -> Self {
        Self::read_from(|name| std::env::var_os(name))
    }

    /// Reads any environment.
    #[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
    pub(crate) fn read_from(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let settings = ode_exporters::otlp::config::read(get);
        let mut warnings = settings.warnings;
        let mut otlp = settings.otlp;
        let missing = otlp.as_ref().and_then(|otlp| otlp.missing_features().next());
        if let Some(feature) = missing {
            // Rather the default destination than none.
            otlp = None;
            warnings.push(format!(
                "an endpoint for OTLP is set, and its protocol needs the feature {feature} of ode; \
                 nothing is sent there"
            ));
        }
        Self {
            disabled: settings.disabled,
            is_configured: settings.endpoint_configured,
            service_name: settings.service_name,
            sample: settings.sample,
            warnings,
            settings: otlp.map(|otlp| (otlp, settings.queue)),
        }
    }

    /// Without a transport the variables are looked at only to say so.
    #[cfg(not(any(feature = "otlp-grpc", feature = "otlp-http")))]
    pub(crate) fn read_from(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| get(name).and_then(|text| text.into_string().ok());
        let is_set = |name: &&&str| text(name).is_some_and(|text| !text.trim().is_empty());
        let disabled =
            text("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let warnings = ENDPOINTS.iter().find(is_set).filter(|_| !disabled).map(|name| {
            format!(
                "{name} is set, and ode was built without OTLP; add the feature otlp-http or \
                 otlp-grpc; nothing is sent there"
            )
        });
        let service_name = text("OTEL_SERVICE_NAME").filter(|name| !name.is_empty());
        Self { disabled, service_name, warnings: warnings.into_iter().collect(), ..Self::default() }
    }

    /// The destination that is asked for.
    #[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
    pub(crate) fn take_queue(&mut self) -> Result<Option<Queue>, SetupError> {
        let Some((otlp, queue)) = self.settings.take().filter(|_| !self.disabled) else {
            return Ok(None);
        };
        let otlp = ode_exporters::otlp::Otlp::from_settings(otlp)
            .map_err(|error| SetupError::destination("for OTLP", error))?;
        Ok(Some(queue.bound(Queue::new(otlp))))
    }

    #[cfg(not(any(feature = "otlp-grpc", feature = "otlp-http")))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as with the features")]
    pub(crate) fn take_queue(&mut self) -> Result<Option<Queue>, SetupError> {
        Ok(None)
    }
}

#[cfg(not(any(feature = "otlp-grpc", feature = "otlp-http")))]
const ENDPOINTS: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
];
