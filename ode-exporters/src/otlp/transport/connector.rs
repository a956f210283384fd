//! Connections: TCP, and TLS where the endpoint says `https`.

use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;

use crate::otlp::transport::Failure;
use crate::otlp::transport::failure::Verdict;
use crate::otlp::transport::resolver::Resolver;
use crate::otlp::transport::target::Target;
use crate::otlp::transport::tls::Tls;

pub(crate) type Connector = HttpsConnector<HttpConnector<Resolver>>;

/// The kernel asks the other side whether it is there after this much silence.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Versions of HTTP to agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    #[cfg(feature = "otlp-http")]
    Any,
    #[cfg(feature = "otlp-grpc")]
    Two,
}

/// What opens connections to a target. Where it says `https`, nothing else is ever spoken.
pub(crate) fn connector(target: &Target, versions: Versions) -> Result<Connector, Failure> {
    let mut http = HttpConnector::new_with_resolver(target.resolver.clone());
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_keepalive(Some(KEEP_ALIVE));
    // Of several addresses, the first one that is silent must not take all of the time.
    http.set_connect_timeout(target.timeout.map(|timeout| timeout / 2));
    let secure = target.endpoint.is_secure();
    let config = if secure { target.tls.config() } else { Tls::nobody() };
    let config = config.map_err(|error| {
        let what = format!("TLS cannot be set up: {error}");
        Failure::unsent(Verdict::Retry(None), what)
    })?;
    let builder = HttpsConnectorBuilder::new().with_tls_config(config);
    let builder = if secure { builder.https_only() } else { builder.https_or_http() };
    Ok(match versions {
        #[cfg(feature = "otlp-http")]
        Versions::Any => builder.enable_all_versions().wrap_connector(http),
        #[cfg(feature = "otlp-grpc")]
        Versions::Two => builder.enable_http2().wrap_connector(http),
    })
}
