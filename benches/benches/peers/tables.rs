//! Takes the figures and prints the tables.

use ode_benches::figures::{Rounds, instructions};

use crate::asked::What::{
    self, AllAllocations, Allocations, Bytes, Cpu, Hot, Instructions, Off, Paced,
};
use crate::cases::{Becomes, CAPTURE, CASES, Case, JSON, OTLP};
use crate::notes;

pub(crate) fn print(rounds: usize) {
    let times = figures(&[Hot, Paced, Cpu, Off]);
    let counts = figures(&[Allocations, AllAllocations, Bytes]);
    let events: usize = times.iter().map(|(_, units)| units * rounds).sum();
    let events = events + counts.iter().map(|(_, units)| units).sum::<usize>();
    let times = Rounds::take_each(times, rounds);
    // These are the same in every round.
    let counts = Rounds::take_each(counts, 1);
    let failed = [times.failed(), counts.failed()].concat();
    assert!(failed.is_empty(), "a round of these failed, or an event was lost: {failed:?}");

    notes::print_versions();
    println!("{events} events, {rounds} rounds; none of the events was lost.\n");
    thread(&times, &counts);
    process(&times, &counts);
    notes::print();
}

/// These of every case that has them, and over how many events each is taken.
fn figures(of: &[What]) -> Vec<(String, usize)> {
    let of_case = |case: &'static Case| {
        let has = |what: &What| match what {
            Off => case.off.is_some(),
            Bytes => case.becomes != Becomes::Nothing,
            _ => true,
        };
        of.iter().copied().filter(has).map(|what| (what.of(case), what.units(case)))
    };
    CASES.iter().flat_map(of_case).collect()
}

fn thread(times: &Rounds, counts: &Rounds) {
    println!(
        "| the calling thread, an event | ns, back to back | least–most | × capture | ns, one per 100 µs | × capture | allocations | ns, switched off |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for case in &CASES {
        let [hot, paced] = [Hot, Paced].map(|what| {
            let (own, limit) = (what.of(case), what.of(CAPTURE));
            let ratio = times.median_of([&own, &limit], |[own, limit]| own / limit);
            (times.median(&own), times.least(&own), times.most(&own), ratio)
        });
        let off = case.off.map_or("–".to_owned(), |_| figure(times.median(&Off.of(case))));
        println!(
            "| {} | {} | {}–{} | {} | {} | {} | {} | {off} |",
            case.name,
            figure(hot.0),
            figure(hot.1),
            figure(hot.2),
            figure(hot.3),
            figure(paced.0),
            figure(paced.3),
            figure(counts.median(&Allocations.of(case))),
        );
    }
}

fn process(times: &Rounds, counts: &Rounds) {
    println!(
        "\n| the whole process, an event | it becomes | ns of CPU | least–most | × by hand | instructions | allocations | bytes |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|");
    for case in &CASES {
        let (becomes, limit) = match case.becomes {
            Becomes::Nothing => ("–", None),
            Becomes::Json => ("JSON in a file", Some(JSON)),
            Becomes::Otlp => ("OTLP", Some(OTLP)),
        };
        let own = Cpu.of(case);
        let ratio = limit.map_or("–".to_owned(), |limit| {
            figure(times.median_of([&own, &Cpu.of(limit)], |[own, limit]| own / limit))
        });
        let bytes = limit.map(|_| counts.median(&Bytes.of(case)));
        let many = Instructions.units(case);
        let counted = instructions(&Instructions.of(case), many / 4, many);
        println!(
            "| {} | {becomes} | {} | {}–{} | {ratio} | {} | {} | {} |",
            case.name,
            figure(times.median(&own)),
            figure(times.least(&own)),
            figure(times.most(&own)),
            counted.map_or("–".to_owned(), figure),
            figure(counts.median(&AllAllocations.of(case))),
            bytes.map_or("–".to_owned(), figure),
        );
    }
}

/// Whole numbers, their thousands apart; one decimal where they are small.
fn figure(value: f64) -> String {
    if value < 9.95 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
