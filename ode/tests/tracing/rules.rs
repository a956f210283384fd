//! Which records are looked at, by target and level; and what is skipped altogether.

use ode::testing::Captured;
use tracing::level_filters::LevelFilter;
use tracing::{Level, debug, enabled, error, info, trace, warn};
use tracing_subscriber::{EnvFilter, Layer as _, prelude::*};

use crate::processes::run;
use crate::support::{Written, fmt, messages, unit_beside};

fn unit(layer: ode::tracing::Layer, work: impl FnOnce()) -> Captured {
    unit_beside(tracing_subscriber::registry().with(layer), work)
}

fn one_of_each_level() {
    error!(error = 1, "error");
    warn!(warn = 1, "warn");
    info!(info = 1, "info");
    debug!(debug = 1, "debug");
    trace!(trace = 1, "trace");
}

#[test]
fn from_a_level_upwards() {
    let all = ["error", "warn", "info", "debug", "trace"];
    for (level, seen) in [
        (LevelFilter::OFF, 0),
        (LevelFilter::ERROR, 1),
        (LevelFilter::WARN, 2),
        (LevelFilter::INFO, 3),
        (LevelFilter::DEBUG, 4),
        (LevelFilter::TRACE, 5),
    ] {
        let layer = ode::tracing::layer().level(level);
        let event = unit(layer, one_of_each_level);
        assert_eq!(messages(&event).len(), seen, "{level}");
        for (at, name) in all.into_iter().enumerate() {
            let key = format!("log.{name}");
            assert_eq!(event.field(&key).is_some(), at < seen, "{level}: {key}");
        }
        assert_eq!(event.field("log.error_count").is_some(), seen >= 1, "only what is looked at");
        assert_eq!(event.field("log.warn_count").is_some(), seen >= 2, "only what is looked at");
    }
    let event = unit(ode::tracing::layer(), one_of_each_level);
    assert_eq!(messages(&event).len(), 3, "INFO unless told otherwise");
}

#[test]
fn the_longest_target_decides() {
    let layer = ode::tracing::layer()
        .level(LevelFilter::WARN)
        .target("shop", Level::INFO)
        .target("shop::noise", LevelFilter::OFF)
        .target("shop::noise::but", Level::TRACE);
    let event = unit(layer, || {
        info!(target: "elsewhere", "no");
        warn!(target: "elsewhere", "elsewhere");
        debug!(target: "shop::cart", "no");
        info!(target: "shop::cart", "cart");
        error!(target: "shop::noise::x", "no");
        trace!(target: "shop::noise::but::this", "this");
    });
    assert_eq!(
        messages(&event),
        [
            "WARN elsewhere: elsewhere",
            "INFO shop::cart: cart",
            "TRACE shop::noise::but::this: this"
        ]
    );
    event.assert_absent("log.error_count");
}

/// In a process of its own: what tracing keeps of a callsite is global.
#[test]
fn callsites_nobody_wants_are_skipped_where_all_layers_are_filtered() {
    run("skipped/filtered");
    run("skipped/filtered_first");
    run("skipped/plain");
}

pub(crate) fn play(name: &str) {
    let written = Written::default();
    let ode = ode::tracing::layer;
    let filter = || EnvFilter::new("warn,loud=debug");
    let registry = tracing_subscriber::registry();
    match name {
        "filtered" => {
            registry.with(fmt(&written).with_filter(filter())).with(ode().filtered()).init();
        }
        "filtered_first" => {
            registry.with(ode().filtered()).with(fmt(&written).with_filter(filter())).init();
        }
        _ => registry.with(fmt(&written).with_filter(filter())).with(ode()).init(),
    }
    let plain = name == "plain";
    // A `TRACE` record costs one look at this number where nobody wants it.
    let most = if plain { LevelFilter::TRACE } else { LevelFilter::DEBUG };
    assert_eq!(LevelFilter::current(), most);
    assert_eq!(enabled!(Level::TRACE), plain);
    assert_eq!(enabled!(Level::DEBUG), plain, "a callsite of its own");
    // Only ode wants this.
    assert!(enabled!(Level::INFO));
    // Only fmt wants this.
    assert!(enabled!(target: "loud", Level::DEBUG));
}
