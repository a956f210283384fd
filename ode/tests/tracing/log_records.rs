//! Records of the `log` crate, as `tracing-log` hands them over.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, prelude::*};

use crate::processes::run;
use crate::support::{Written, fmt, messages};

#[test]
fn they_have_the_target_they_were_made_with() {
    run("log/plain");
    run("log/filtered");
}

pub(crate) fn play(name: &str) {
    let written = Written::default();
    let ode =
        ode::tracing::layer().target("quiet", LevelFilter::OFF).target("loud", LevelFilter::TRACE);
    let printed = fmt(&written).with_filter(EnvFilter::new("error"));
    let registry = tracing_subscriber::registry().with(printed);
    // `init` makes records of the `log` crate events, too.
    match name {
        "plain" => registry.with(ode).init(),
        _ => registry.with(ode.filtered()).init(),
    }
    let events = ode::testing::capture();
    ode::WideEvent::builder("unit").run(|| {
        log::warn!(target: "shop::stock", "stock is {}", "low");
        log::debug!(target: "shop::stock", "nobody asks");
        log::error!(target: "quiet", "nobody asks");
        log::trace!(target: "loud", "asked for");
    });
    let event = events.one("unit");
    assert_eq!(messages(&event), ["WARN shop::stock: stock is low", "TRACE loud: asked for"]);
    assert_eq!(event["log.warn_count"], 1);
    event.assert_absent("log.error_count");
    let keys: Vec<_> = event.fields().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(keys, ["log.warn_count", "log.message"], "where it is from is no field");
}
