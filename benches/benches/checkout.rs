//! The checkout event: ode beside the capture limit and the JSON limit, in one run.
//!
//! `cargo bench -p ode-benches --bench checkout` prints a table of ratios. Every figure is taken in a
//! process of its own; rounds are interleaved; a ratio is the median of the rounds' ratios. Beside the
//! times stand instructions per event over all threads, counted by callgrind where valgrind is
//! installed: they are the repeatable figures.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench prints what it measured"
)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clocks it measures with")]

use std::fs::File;
use std::hint::black_box;
use std::time::Duration;

use ode::exporters::JsonLines;
use ode::{Batch, ExportError, Exporter, Queue, WideEvent};
use ode_benches::by_hand::{Capture, Json};
use ode_benches::by_ode::{Null, checkout, many_fields};
use ode_benches::cart::carts;
use ode_benches::figures::{Figure, Rounds, callgrind, was_child};
use ode_benches::measure::{count, cpu, hot, paced};
use ode_benches::process::{BUILD_ID, LONG, PROCESS_JSON};

const ROUNDS: usize = 5;
const UNITS: usize = 200_000;
const PACED: usize = 20_000;

/// What can be measured in a child process; the argument is how many events.
const FIGURES: &[Figure] = &[
    ("hot capture", |n| {
        let (carts, mut capture) = (carts(), Capture::default());
        hot(n, 16, |at| capture.checkout(&carts[at]), || ())
    }),
    ("hot ode null", |n| with_ode(Queue::new(Null), || ode_hot(n))),
    ("hot ode json", |n| with_ode(Queue::new(json_file()), || ode_hot(n))),
    ("paced capture", |_| {
        let (carts, mut capture) = (carts(), Capture::default());
        paced(PACED, Duration::from_micros(100), |at| capture.checkout(&carts[at]), NO_DRAIN)
    }),
    ("paced ode null", |_| {
        let carts = carts();
        with_ode(Queue::new(Null), || {
            paced(PACED, Duration::from_micros(100), |at| checkout(&carts[at]), NO_DRAIN)
        })
    }),
    ("cpu json by hand", |n| {
        let carts = carts();
        let path = scratch("by-hand");
        let mut file = File::create(&path).expect("the scratch folder takes a file");
        let mut json = Json::new(PROCESS_JSON.to_owned());
        let before = cpu();
        for at in 0..n {
            json.checkout(&carts[at % 64]);
            if json.out.len() > 64 << 10 {
                json.write(&mut file);
            }
        }
        json.write(&mut file);
        (cpu() - before) / count(n)
    }),
    ("cpu ode json", |n| cpu_of(Queue::new(json_file()), n)),
    ("cpu ode null", |n| cpu_of(Queue::new(Null), n)),
    ("one thread 5us", |n| with_ode(Queue::new(Null), || every_5us(1, n))),
    ("two threads 5us", |n| with_ode(Queue::new(Null), || every_5us(2, n))),
    ("off unit", |n| hot(n * 10, 16, |_| WideEvent::builder("off").run(|| black_box(())), || ())),
    ("off set", |n| {
        let value = black_box(7_u64);
        hot(n * 10, 16, |_| ode::set! { off.value = value }, || ())
    }),
    ("fields 24", |n| fields(24, n)),
    ("fields 200", |n| fields(200, n)),
    ("fields 2000", |n| fields(2_000, n)),
];

/// Whoever is paced leaves time to write.
const NO_DRAIN: (usize, fn()) = (usize::MAX, || ());

fn main() {
    if !was_child(FIGURES) {
        table(&Rounds::take(FIGURES, ROUNDS, UNITS));
    }
}

fn table(rounds: &Rounds) {
    println!("| figure | ns (median) | min | beside | ratio | bar | instructions |");
    println!("|---|--:|--:|---|--:|--:|--:|");
    for (name, beside, bar) in [
        ("hot capture", "", ""),
        ("hot ode null", "hot capture", "≤ 2.0"),
        ("hot ode json", "hot capture", "≤ 2.0"),
        ("paced capture", "", ""),
        ("paced ode null", "paced capture", "≤ 2.5"),
        ("cpu json by hand", "", ""),
        ("cpu ode json", "cpu json by hand", "≤ 1.5"),
        ("cpu ode null", "cpu json by hand", ""),
        ("one thread 5us", "", ""),
        ("two threads 5us", "one thread 5us", "≤ 1.25"),
        ("off unit", "", "≤ 5 ns"),
        ("off set", "", "≤ 1 ns"),
        ("fields 24", "", ""),
        ("fields 200", "fields 24", "linear"),
        ("fields 2000", "fields 24", "linear"),
    ] {
        let ratio = if beside.is_empty() {
            String::new()
        } else {
            format!("{:.2}", rounds.median_of([name, beside], |[figure, beside]| figure / beside))
        };
        let counted = instructions(name).map_or("–".to_owned(), |count| format!("{count:.0}"));
        println!(
            "| {name} | {:.1} | {:.1} | {beside} | {ratio} | {bar} | {counted} |",
            rounds.median(name),
            rounds.least(name)
        );
    }
}

/// Instructions per event over all threads: the difference of two runs, so that starting up does
/// not count. `None` for figures that wait for the clock, and without valgrind.
fn instructions(name: &str) -> Option<f64> {
    if name.contains("paced") || name.contains("5us") {
        return None;
    }
    let (few, many) = (4_096, 12_288);
    let units = |n: usize| match name.strip_prefix("fields ") {
        Some(fields) => units_of(fields.parse().unwrap_or(24), n),
        None if name.starts_with("off") => n * 10,
        None => n,
    };
    let counted = callgrind(name, many)? - callgrind(name, few)?;
    Some(counted / count(units(many) - units(few)))
}

fn with_ode(queue: Queue, measure: impl FnOnce() -> f64) -> f64 {
    let guard = ode::setup(ode::build_info!().with_id(BUILD_ID))
        .export_to(queue)
        .announce(false)
        .init()
        .expect("ode is set up once in a process");
    let figure = measure();
    let shutdown = guard.shutdown(LONG);
    let stats = ode::stats();
    assert!(stats.is_balanced() && stats.dropped() == 0 && shutdown.undelivered == 0, "{stats}");
    figure
}

fn ode_hot(units: usize) -> f64 {
    let carts = carts();
    let drain = || assert!(ode::flush(LONG).is_complete());
    (0..2_048).for_each(|at| checkout(&carts[at % 64]));
    drain();
    hot(units, 16, |at| checkout(&carts[at]), drain)
}

/// Whole-process CPU per event; producers wait for room, so nothing is dropped.
fn cpu_of(queue: Queue, units: usize) -> f64 {
    let carts = carts();
    with_ode(queue.overflow(ode::Overflow::BlockFor(LONG)), || {
        (0..2_048).for_each(|at| checkout(&carts[at % 64]));
        ode::flush(LONG);
        let before = cpu();
        for at in 0..units {
            checkout(&carts[at % 64]);
            // The producer is faster than any disk: it waits before the queue is full.
            if at % 2_048 == 2_047 {
                ode::flush(LONG);
            }
        }
        ode::flush(LONG);
        (cpu() - before) / count(units)
    })
}

/// Threads that each record one event per 5 µs; the median time inside the recording calls.
fn every_5us(threads: usize, units: usize) -> f64 {
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            std::thread::spawn(move || {
                let carts = carts();
                paced(units / 4, Duration::from_micros(5), |at| checkout(&carts[at]), NO_DRAIN)
            })
        })
        .collect();
    let mut medians: Vec<f64> =
        workers.into_iter().map(|worker| worker.join().expect("no panic")).collect();
    medians.sort_by(f64::total_cmp);
    medians.pop().unwrap_or(f64::NAN)
}

fn fields(count: usize, units: usize) -> f64 {
    let keys: Vec<String> = (0..count).map(|n| format!("field_{n:04}")).collect();
    with_ode(Queue::new(Null), || {
        hot(
            units_of(count, units),
            1,
            |_| many_fields(&keys),
            || {
                ode::flush(LONG);
            },
        )
    })
}

/// As many units of so many fields as take about as long as `units` of 24.
fn units_of(fields: usize, units: usize) -> usize {
    (units * 24 / fields).next_multiple_of(64)
}

/// JSON lines to a file, which a flush does not make durable: the writer by hand does not either.
struct WithoutSync(JsonLines);

impl Exporter for WithoutSync {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.0.export(batch)
    }
}

fn json_file() -> WithoutSync {
    let path = scratch("ode");
    drop(std::fs::remove_file(&path));
    WithoutSync(JsonLines::file(path).expect("the scratch folder takes a file"))
}

/// A file on the disk that also holds the build.
fn scratch(name: &str) -> std::path::PathBuf {
    let this = std::env::current_exe().expect("the bench knows itself");
    this.with_file_name(format!("bench-{name}.jsonl"))
}
