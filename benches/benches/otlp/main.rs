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

#[path = "../common/mod.rs"]
mod common;
mod encode;

use ode_benches::figures::{Figure, Rounds, instructions, was_child};
use ode_benches::side::Cpu;
use ode_benches::versions::with_versions;

use crate::common::counting::Counting;
use crate::common::{by_emit, by_fastrace, by_ode, by_otel, server};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUNDS: usize = 5;
/// Beside the writer by hand, which is near the bar: what one round says is off by a tenth.
const ROUNDS_BY_HAND: usize = 31;
const UNITS: usize = 100_000;

const HAND: &str = "by hand";
const ODE: &str = "ode";
const UNENCODED: &str = "ode, not encoded";

/// From the record to the bytes: the figure, and by how much ode has to be cheaper.
const PEERS: [(Figure, &str); 5] = [
    (("opentelemetry_sdk + opentelemetry-otlp", |n| by_otel::sdk(Cpu(n))), "≥ 8 ×"),
    (("the same at its least: 24 attributes, by reference", |n| by_otel::least(Cpu(n))), ""),
    (("tracing-opentelemetry + that", |n| by_otel::tracing(Cpu(n))), "> 1 ×"),
    (("emit + emit_otlp, over loopback", |n| by_emit::emit(Cpu(n))), "> 1 ×"),
    (("fastrace + fastrace-opentelemetry", |n| by_fastrace::fastrace(Cpu(n))), "> 1 ×"),
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
    if server::was_server() {
        return;
    }
    let by_hand: [Figure; 3] = [
        (HAND, |n| by_ode::by_hand(Cpu(n))),
        (ODE, |n| by_ode::ode(Cpu(n))),
        (UNENCODED, |n| by_ode::unencoded(Cpu(n))),
    ];
    let mut figures = by_hand.to_vec();
    figures.extend(PEERS.iter().map(|(figure, _)| *figure));
    figures.extend(ENCODE.iter().flat_map(|(time, allocations, _)| [*time, *allocations]));
    if was_child(&figures) {
        return;
    }
    versions();
    let beside = Rounds::take(&by_hand, ROUNDS_BY_HAND, UNITS);
    let rounds = Rounds::take(&figures, ROUNDS, UNITS);
    whole(&beside, &rounds);
    encoding(&rounds);
    let failed = [beside.failed(), rounds.failed()].concat();
    assert!(failed.is_empty(), "a round of these failed: {failed:?}");
}

/// What was measured.
fn versions() {
    let names = [
        "opentelemetry_sdk",
        "opentelemetry-otlp",
        "tracing-opentelemetry",
        "emit",
        "emit_otlp",
        "fastrace",
        "fastrace-opentelemetry",
    ];
    let rounds = format!("{ROUNDS} rounds, {ROUNDS_BY_HAND} beside the writer by hand");
    println!("{}; {UNITS} events, {rounds}\n", with_versions(&names));
}

fn whole(beside: &Rounds, rounds: &Rounds) {
    println!(
        "| record to bytes, CPU of all threads per event | ns (median) | min | × by hand | ode is cheaper by | bar | instructions |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    // A library that is linked in measures its clock for a while before `main`, in every process:
    // what it takes is noise, which the cheap figures need more events to drown.
    let row = |rounds: &Rounds, name, many, cheaper: &str, bar| {
        let times = rounds.median_of([name, HAND], |[figure, hand]| figure / hand);
        let (median, least) = (rounds.median(name), rounds.least(name));
        let counted = instructions(name, 4_096, many);
        let counted = counted.map_or("–".to_owned(), |count| format!("{count:.0}"));
        println!(
            "| {name} | {median:.0} | {least:.0} | {times:.2} | {cheaper} | {bar} | {counted} |"
        );
    };
    row(beside, HAND, 69_632, "", "");
    row(beside, ODE, 69_632, "", "≤ 2.0 × by hand");
    row(beside, UNENCODED, 69_632, "", "");
    for ((name, _), bar) in PEERS {
        let times = rounds.median_of([name, ODE], |[peer, ode]| peer / ode);
        row(rounds, name, 12_288, &format!("{times:.1} ×"), bar);
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
