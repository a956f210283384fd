//! Beside other layers, in every order: an `EnvFilter` of another layer takes nothing away from
//! ode, and ode switches nothing off for others. Each stack is global in a process of its own, so
//! that everything is cached as in an application.

use std::fmt::Write as _;

use tracing::level_filters::LevelFilter;
use tracing::{Level, event};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, prelude::*};

use crate::processes::run;
use crate::support::{Written, fmt, messages};

/// What a stack lets through of [`work`]: one letter a record.
struct Stack {
    name: &'static str,
    to_ode: &'static str,
    to_fmt: &'static str,
}

/// ode's rules: `app` from INFO, `noise` from WARN.
const ODE: &str = "eiwNW";
/// `warn`: a filter that hides an INFO that ode wants.
const WARN: &str = "ewNW";
/// `noise=trace`: a filter that shows what ode does not want.
const NOISE: &str = "NWIDT";
/// What at least one of the two shows.
const BOTH: &str = "ewNWIDT";
const ALL: &str = "eiwdtNWIDT";

const STACKS: [Stack; 24] = [
    Stack { name: "alone", to_ode: ODE, to_fmt: "" },
    Stack { name: "alone filtered", to_ode: ODE, to_fmt: "" },
    // Nobody else has a filter.
    Stack { name: "fmt, ode", to_ode: ODE, to_fmt: ALL },
    Stack { name: "ode, fmt", to_ode: ODE, to_fmt: ALL },
    Stack { name: "fmt, ode filtered", to_ode: ODE, to_fmt: ALL },
    Stack { name: "ode filtered, fmt", to_ode: ODE, to_fmt: ALL },
    // fmt has one that wants less.
    Stack { name: "fmt warn, ode", to_ode: ODE, to_fmt: WARN },
    Stack { name: "ode, fmt warn", to_ode: ODE, to_fmt: WARN },
    Stack { name: "fmt warn, ode filtered", to_ode: ODE, to_fmt: WARN },
    Stack { name: "ode filtered, fmt warn", to_ode: ODE, to_fmt: WARN },
    // fmt has one that wants other things.
    Stack { name: "fmt noise, ode", to_ode: ODE, to_fmt: NOISE },
    Stack { name: "ode, fmt noise", to_ode: ODE, to_fmt: NOISE },
    Stack { name: "fmt noise, ode filtered", to_ode: ODE, to_fmt: NOISE },
    Stack { name: "ode filtered, fmt noise", to_ode: ODE, to_fmt: NOISE },
    // Others disagree about a record, so that it is asked for each time.
    Stack { name: "fmt warn, fmt noise, ode", to_ode: ODE, to_fmt: BOTH },
    Stack { name: "ode, fmt warn, fmt noise", to_ode: ODE, to_fmt: BOTH },
    Stack { name: "fmt warn, ode filtered, fmt noise", to_ode: ODE, to_fmt: BOTH },
    // A filter that is a layer of its own governs all layers.
    Stack { name: "global warn, fmt, ode", to_ode: WARN, to_fmt: WARN },
    Stack { name: "ode, fmt, global warn", to_ode: WARN, to_fmt: WARN },
    Stack { name: "ode filtered, global warn, fmt", to_ode: WARN, to_fmt: WARN },
    Stack { name: "global trace, ode, fmt", to_ode: ODE, to_fmt: ALL },
    // Layers put together before the registry sees them.
    Stack { name: "list of fmt warn and ode", to_ode: ODE, to_fmt: WARN },
    Stack { name: "list of ode filtered and fmt warn", to_ode: ODE, to_fmt: WARN },
    Stack { name: "fmt warn and then ode", to_ode: ODE, to_fmt: WARN },
];

#[test]
fn each_layer_sees_what_its_own_filter_lets_through() {
    for stack in STACKS {
        run(&format!("stacks/{}", stack.name));
    }
}

type Boxed<S> = Box<dyn Layer<S> + Send + Sync>;

pub(crate) fn play(name: &str) {
    let stack = STACKS.into_iter().find(|stack| stack.name == name).unwrap();
    let written = Written::default();
    install(name, &written);

    let events = ode::testing::capture();
    // Twice: the second time, everything about a callsite is known.
    for round in ["first", "second"] {
        written.clear();
        ode::WideEvent::builder(round).run(work);
        let event = events.one(round);
        let (mut kept, mut said, mut printed) = (String::new(), String::new(), String::new());
        for letter in ALL.chars() {
            let message = format!(": <{letter}>");
            if event.field(&format!("log.{letter}")).is_some() {
                kept.push(letter);
            }
            if messages(&event).iter().any(|line| line.ends_with(&message)) {
                said.push(letter);
            }
            if written.text().contains(&message) {
                printed.push(letter);
            }
        }
        assert_eq!(sorted(&kept), sorted(stack.to_ode), "{name}: fields");
        assert_eq!(sorted(&said), sorted(stack.to_ode), "{name}: messages");
        assert_eq!(sorted(&printed), sorted(stack.to_fmt), "{name}: fmt");
    }
    assert_eq!(events.all().len(), 2);
}

fn sorted(letters: &str) -> Vec<char> {
    let mut letters: Vec<_> = letters.chars().collect();
    letters.sort_unstable();
    letters
}

/// One record of each target and level, known by a letter.
fn work() {
    event!(target: "app", Level::ERROR, e = 1, "<e>");
    event!(target: "app", Level::WARN, w = 1, "<w>");
    event!(target: "app", Level::INFO, i = 1, "<i>");
    event!(target: "app", Level::DEBUG, d = 1, "<d>");
    event!(target: "app", Level::TRACE, t = 1, "<t>");
    event!(target: "noise", Level::ERROR, N = 1, "<N>");
    event!(target: "noise", Level::WARN, W = 1, "<W>");
    event!(target: "noise", Level::INFO, I = 1, "<I>");
    event!(target: "noise", Level::DEBUG, D = 1, "<D>");
    event!(target: "noise", Level::TRACE, T = 1, "<T>");
}

fn ode() -> ode::tracing::Layer {
    ode::tracing::layer().target("noise", LevelFilter::WARN)
}

fn install(name: &str, written: &Written) {
    let registry = tracing_subscriber::registry;
    let filter = EnvFilter::new;
    let warn = || filter("warn");
    let noise = || filter("off,noise=trace");
    match name {
        "alone" => registry().with(ode()).init(),
        "alone filtered" => registry().with(ode().filtered()).init(),
        "fmt, ode" => registry().with(fmt(written)).with(ode()).init(),
        "ode, fmt" => registry().with(ode()).with(fmt(written)).init(),
        "fmt, ode filtered" => registry().with(fmt(written)).with(ode().filtered()).init(),
        "ode filtered, fmt" => registry().with(ode().filtered()).with(fmt(written)).init(),
        "fmt warn, ode" => registry().with(fmt(written).with_filter(warn())).with(ode()).init(),
        "ode, fmt warn" => registry().with(ode()).with(fmt(written).with_filter(warn())).init(),
        "fmt warn, ode filtered" => {
            registry().with(fmt(written).with_filter(warn())).with(ode().filtered()).init();
        }
        "ode filtered, fmt warn" => {
            registry().with(ode().filtered()).with(fmt(written).with_filter(warn())).init();
        }
        "fmt noise, ode" => registry().with(fmt(written).with_filter(noise())).with(ode()).init(),
        "ode, fmt noise" => registry().with(ode()).with(fmt(written).with_filter(noise())).init(),
        "fmt noise, ode filtered" => {
            registry().with(fmt(written).with_filter(noise())).with(ode().filtered()).init();
        }
        "ode filtered, fmt noise" => {
            registry().with(ode().filtered()).with(fmt(written).with_filter(noise())).init();
        }
        "fmt warn, fmt noise, ode" => {
            let registry = registry().with(fmt(written).with_filter(warn()));
            registry.with(fmt(written).with_filter(noise())).with(ode()).init();
        }
        "ode, fmt warn, fmt noise" => {
            let registry = registry().with(ode()).with(fmt(written).with_filter(warn()));
            registry.with(fmt(written).with_filter(noise())).init();
        }
        "fmt warn, ode filtered, fmt noise" => {
            let registry = registry().with(fmt(written).with_filter(warn()));
            registry.with(ode().filtered()).with(fmt(written).with_filter(noise())).init();
        }
        "global warn, fmt, ode" => registry().with(warn()).with(fmt(written)).with(ode()).init(),
        "ode, fmt, global warn" => registry().with(ode()).with(fmt(written)).with(warn()).init(),
        "ode filtered, global warn, fmt" => {
            registry().with(ode().filtered()).with(warn()).with(fmt(written)).init();
        }
        "global trace, ode, fmt" => {
            registry().with(filter("trace")).with(ode()).with(fmt(written)).init();
        }
        "list of fmt warn and ode" => {
            let fmt: Boxed<_> = fmt(written).with_filter(warn()).boxed();
            registry().with(vec![fmt, ode().boxed()]).init();
        }
        "list of ode filtered and fmt warn" => {
            let fmt: Boxed<_> = fmt(written).with_filter(warn()).boxed();
            registry().with(vec![ode().filtered().boxed(), fmt]).init();
        }
        "fmt warn and then ode" => {
            registry().with(fmt(written).with_filter(warn()).and_then(ode())).init();
        }
        _ => panic!("no stack {name}"),
    }
}

/// The stack of the documentation, as it stands there.
#[test]
fn beside_fmt_ids_are_not_needed() {
    let written = Written::default();
    let subscriber = tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().json().with_writer(written.clone()))
        .with(ode::tracing::layer().prefix("log."));
    let event = crate::support::unit_beside(subscriber, || {
        tracing::warn!(order = 7, "stock is low");
    });
    assert_eq!(event["log.order"], 7);
    let printed: serde_json::Value = serde_json::from_str(&written.text()).unwrap();
    assert_eq!(printed["fields"]["order"], 7);
    let mut keys = String::new();
    for (key, _) in event.fields() {
        write!(keys, "{key} ").unwrap();
    }
    assert_eq!(keys.trim_end(), "log.warn_count log.message log.order");
}
