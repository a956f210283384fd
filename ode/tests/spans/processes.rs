//! What is set up for a whole process.

#![expect(clippy::print_stdout, reason = "what a role has to say is what the test is about")]

use std::process::Command;
use std::time::Duration;

use ode::WideEvent;
use opentelemetry::trace::Tracer;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{Log, Otel, ROLE};
use crate::{logs, once};

/// What a role says on standard output, one fact a line.
fn told(role: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "role", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("ODE_")) {
            command.env_remove(name);
        }
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    let lines = stdout.lines().filter_map(|line| line.split_once("told: "));
    lines.map(|(_, fact)| fact.to_owned()).collect()
}

/// A test that no other may disturb: what changes subscribers is heard in the whole process.
pub(crate) fn in_a_process(role: &str) {
    told(role, &[]);
}

pub(crate) fn play(role: &str) {
    match role {
        "every unit" => every_unit(None),
        "no unit" => every_unit(Some(false)),
        "not shared" => not_shared(),
        "many names" => many_names(),
        "forgotten" => forgotten(),
        "pairs" => logs::pairs(),
        "targets" => logs::targets(),
        "mind" => once::mind(),
        other => panic!("no role {other}"),
    }
}

fn tell(fact: impl std::fmt::Display) {
    println!("told: {fact}");
}

fn setup() -> ode::Setup {
    ode::setup(ode::build_info!()).announce(false)
}

/// The environment asks; the code may say otherwise.
fn every_unit(spans: Option<bool>) {
    let mut setup = setup();
    if let Some(spans) = spans {
        setup = setup.spans(spans);
    }
    let _ode = setup.init().unwrap();
    let log = Log::default();
    log.subscriber().init();
    WideEvent::builder("plain").run(|| info!("inside"));
    WideEvent::builder("asks").span("asks").run(|| info!("it asked"));
    for message in ["inside", "it asked"] {
        tell(log.line(message).contains("span_id="));
    }
}

#[test]
fn spans_for_every_unit() {
    let on = [("ODE_SPANS", "true"), ("ODE_OUTPUT", "none")];
    assert_eq!(told("every unit", &on), ["true", "true"]);
    assert_eq!(told("every unit", &on[1..]), ["false", "true"]);
    assert_eq!(told("no unit", &on), ["false", "true"]);
}

fn not_shared() {
    let _ode = setup().opentelemetry(false).init().unwrap();
    let otel = Otel::new();
    let tracer = otel.tracer();
    tracer.in_span("around", |_| {
        WideEvent::builder("unit").run(|| {
            tracer.in_span("inside", |_| ());
            tell(ode::current().trace_context().unwrap().trace_id().to_string());
        });
    });
    tell(&otel.one("around").trace);
    tell(otel.one("inside").parent == Some(otel.one("around").id));
}

#[test]
fn ids_that_are_not_shared() {
    let told = told("not shared", &[("ODE_OUTPUT", "none")]);
    assert_eq!(told[2], "true", "as if there were no unit");
    assert_ne!(told[0], told[1], "two traces");
}

/// Callsites are for ever, so there is a bound.
fn many_names() {
    let _ode = setup().init().unwrap();
    let log = Log::default();
    log.subscriber().init();
    let unit = |number: usize| {
        let target: &'static str = format!("target {number}").leak();
        WideEvent::builder("one of many").span(target).run(|| info!("{number}"));
    };
    (0..5_000).for_each(unit);
    tell(log.line(" 4095").contains(" one of many{trace_id"));
    tell(log.line(" 4096").contains(" __other__{trace_id"));
    tell(log.line(" 4999").contains(" __other__{trace_id"));
}

#[test]
fn names_beyond_the_bound_share_one() {
    assert_eq!(told("many names", &[("ODE_OUTPUT", "none")]), ["true"; 3]);
}

/// Whoever forgets the filter is told, once.
fn forgotten() {
    let (say, said) = std::sync::mpsc::channel();
    let say = std::sync::Mutex::new(say);
    let observer =
        move |told: &ode::Diagnostic| say.lock().unwrap().send(told.to_string()).unwrap();
    let ode = setup().on_diagnostic(observer).init().unwrap();
    let otel = Otel::new();
    let layer = tracing_opentelemetry::layer().with_tracer(otel.tracer());
    tracing_subscriber::registry().with(layer).init();
    for name in ["one", "two", "one"] {
        WideEvent::builder(name).span("forgotten").run(|| ());
    }
    // Said by a thread of ode's own, so not at once.
    tell(said.recv_timeout(Duration::from_secs(30)).unwrap());
    drop(ode);
    said.try_iter().for_each(tell);
    assert_eq!(otel.names(), [""; 0]);
}

#[test]
fn a_forgotten_filter_is_said_once() {
    let told = told("forgotten", &[("ODE_OUTPUT", "none")]);
    assert_eq!(told.iter().filter(|said| said.contains("without_units()")).count(), 1, "{told:?}");
}
