//! OTLP: ode beside a writer by hand and beside its peers, in one run.
//!
//! `cargo bench -p ode-benches --bench otlp --features peers` prints two tables: what a checkout costs
//! from the record to the bytes at a transport that costs nothing, and what encoding alone costs.
//! Every figure is taken in a process of its own; rounds are interleaved; a ratio is the median of the
//! rounds' ratios. On every side it is checked that every span arrived, and with the values that were
//! recorded; a figure that fails fails the bench. Instructions are counted over all threads by
//! callgrind where valgrind is installed: they are what repeats.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a bench prints what it measured"
)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clocks it measures with")]

mod by_emit;
mod by_fastrace;
mod by_ode;
mod by_otel;
mod checked;
mod counting;
mod encode;
mod sink;

use std::time::Duration;

use ode_benches::figures::{Figure, Rounds, instructions, was_child};

use crate::counting::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUNDS: usize = 5;
const UNITS: usize = 100_000;
const LONG: Duration = Duration::from_secs(60);

/// The build of the events, and what else there is to say of the process.
const BUILD_ID: &str = "9124fa678e06d2664c42c4f01bef4077439e759a+e074ef17";
const PROCESS: [(&str, &str); 6] = [
    ("build_id", BUILD_ID),
    ("service.name", "checkout"),
    ("service.version", "0.1.0"),
    ("vcs.ref.head.revision", "9124fa678e06d2664c42c4f01bef4077439e759a"),
    ("host.name", "bench"),
    ("process.pid", "12345"),
];

const HAND: &str = "by hand";
const ODE: &str = "ode";
const UNENCODED: &str = "ode, not encoded";

/// From the record to the bytes: the figure, and by how much ode has to be cheaper.
const PEERS: [(Figure, &str); 5] = [
    (("opentelemetry_sdk + opentelemetry-otlp", by_otel::sdk), "≥ 8 ×"),
    (("the same at its least: 24 attributes, by reference", by_otel::least), ""),
    (("tracing-opentelemetry + that", by_otel::tracing), "> 1 ×"),
    (("emit + emit_otlp, over loopback", by_emit::emit), "> 1 ×"),
    (("fastrace + fastrace-opentelemetry", by_fastrace::fastrace), "> 1 ×"),
];

const OTEL_ENCODE: &str = "opentelemetry-otlp, spans, protobuf";

/// Encoding alone: the figure, its allocations, and the bar beside `opentelemetry-otlp`.
const ENCODE: [(Figure, Figure, &str); 4] = [
    (
        (OTEL_ENCODE, encode::otel),
        ("allocations: opentelemetry-otlp, spans, protobuf", encode::otel_allocations),
        "",
    ),
    (
        ("ode, spans, protobuf", encode::spans),
        ("allocations: ode, spans, protobuf", encode::spans_allocations),
        "≤ 0.1 ×",
    ),
    (
        ("ode, logs, protobuf", encode::logs),
        ("allocations: ode, logs, protobuf", encode::logs_allocations),
        "",
    ),
    (
        ("ode, spans, JSON", encode::json),
        ("allocations: ode, spans, JSON", encode::json_allocations),
        "",
    ),
];

fn main() {
    if by_emit::was_server() {
        return;
    }
    let mut figures: Vec<Figure> =
        vec![(HAND, by_ode::by_hand), (ODE, by_ode::ode), (UNENCODED, by_ode::unencoded)];
    figures.extend(PEERS.iter().map(|(figure, _)| *figure));
    figures.extend(ENCODE.iter().flat_map(|(time, allocations, _)| [*time, *allocations]));
    if was_child(&figures) {
        return;
    }
    versions();
    let rounds = Rounds::take(&figures, ROUNDS, UNITS);
    whole(&rounds);
    encoding(&rounds);
    for (name, _) in &figures {
        let failed = rounds.of(name).iter().any(|figure| figure.is_nan());
        assert!(!failed, "a round of this failed: {name}");
    }
}

/// The versions that were measured, from the lock file that the bench was built with.
fn versions() {
    const LOCK: &str = include_str!("../../../Cargo.lock");
    let names = [
        "opentelemetry_sdk",
        "opentelemetry-otlp",
        "tracing-opentelemetry",
        "emit",
        "emit_otlp",
        "fastrace",
        "fastrace-opentelemetry",
    ];
    let version = |name: &str| {
        let (_, behind) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        behind.split('"').next()
    };
    let known = names.map(|name| format!("{name} {}", version(name).unwrap_or("?")));
    println!("{}; {UNITS} events, {ROUNDS} rounds\n", known.join(", "));
}

fn whole(rounds: &Rounds) {
    println!(
        "| record to bytes, CPU of all threads per event | ns (median) | min | × by hand | ode is cheaper by | bar | instructions |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    // A library that is linked in measures its clock for a while before `main`, in every process:
    // what it takes is noise, which the cheap figures need more events to drown.
    let row = |name, many, cheaper: &str, bar| {
        let times = rounds.median_of([name, HAND], |[figure, hand]| figure / hand);
        let (median, least) = (rounds.median(name), rounds.least(name));
        let counted = instructions(name, 4_096, many);
        let counted = counted.map_or("–".to_owned(), |count| format!("{count:.0}"));
        println!(
            "| {name} | {median:.0} | {least:.0} | {times:.2} | {cheaper} | {bar} | {counted} |"
        );
    };
    row(HAND, 69_632, "", "");
    row(ODE, 69_632, "", "≤ 2.0 × by hand");
    row(UNENCODED, 69_632, "", "");
    for ((name, _), bar) in PEERS {
        let times = rounds.median_of([name, ODE], |[peer, ode]| peer / ode);
        row(name, 12_288, &format!("{times:.1} ×"), bar);
    }
}

fn encoding(rounds: &Rounds) {
    println!(
        "\n| a batch of 512 × 30 attributes to bytes | ns per event (median) | min | × opentelemetry-otlp | bar | allocations per event |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for ((name, _), (allocations, _), bar) in ENCODE {
        let times = rounds.median_of([name, OTEL_ENCODE], |[figure, peer]| figure / peer);
        let (median, least) = (rounds.median(name), rounds.least(name));
        let allocated = rounds.median(allocations);
        println!("| {name} | {median:.0} | {least:.0} | {times:.3} | {bar} | {allocated:.2} |");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bench's figures")]
fn count(units: usize) -> f64 {
    units as f64
}
