//! Predicted against actual, counted exactly.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails is a test that fails"
)]

use std::io;

use ode_core::calibration::{Calibration, Report, Row, Side, Sum};
use ode_core::testing::{Capture, capture};
use ode_core::{
    DryRun, Event, EventBuilder, EventFields, Gate, MemoryFlags, Outcome, Stage, Value, WideEvent,
    change, testing, would,
};

change!(Compress = "compress");

static COMPRESS: DryRun<Compress> = DryRun::new();

#[derive(EventFields)]
struct Plan {
    bytes_after: u64,
    rows: i64,
    codec: &'static str,
}

#[derive(EventFields)]
struct Done {
    bytes_after: f64,
    files: u64,
}

/// A column of this many bytes: too small below 10, impossible above 1,000.
fn compact(kind: &'static str, bytes: u64) {
    let unit = WideEvent::builder("column").start();
    let result = unit.try_run(|| {
        ode_core::set! { column.kind = kind };
        COMPRESS.stage();
        if bytes < 10 {
            ode_core::decline("too_small");
            return Ok(());
        }
        let plan = Plan { bytes_after: bytes / 2, rows: -1, codec: "lz4" };
        let commit = COMPRESS.plan(plan).commit(|_live, plan| {
            if bytes > 1_000 {
                return Err(io::Error::other("disk full"));
            }
            Ok(Done {
                bytes_after: 0.5 + f64::from(u16::try_from(plan.bytes_after).unwrap_or(0)),
                files: 1,
            })
        });
        commit.map(|commit| {
            commit.done();
        })
    });
    drop(result);
}

fn run(stage: Stage, columns: &[(&'static str, u64)]) -> Vec<Event> {
    let events = capture();
    testing::stage::<Compress>(stage);
    for (kind, bytes) in columns {
        compact(kind, *bytes);
    }
    WideEvent::builder("unrelated").run(|| {});
    events.all().iter().map(|event| Event::clone(event)).collect()
}

fn side(units: u32, would_act: u32, did_act: u32, errors: u32) -> Side {
    let mut side = Side::default();
    side.seen = units.into();
    side.units = units.into();
    side.would_act = would_act.into();
    side.did_act = did_act.into();
    side.errors = errors.into();
    side
}

#[track_caller]
fn assert_row(row: &Row, predicted: Side, actual: Side, bytes: (f64, f64, f64)) {
    assert_eq!((row.predicted, row.actual), (predicted, actual), "{:?}", row.stratum);
    let [Sum { field, predicted, promised, done, .. }] = row.sums.as_slice() else {
        panic!("one number is both planned and done: {:?}", row.sums)
    };
    assert_eq!(
        (field.as_str(), *predicted, *promised, *done),
        ("bytes_after", bytes.0, bytes.1, bytes.2)
    );
}

fn check(report: &Report) {
    assert_eq!(
        (report.change.as_str(), report.keys.as_slice()),
        ("compress", &["column.kind".to_owned()][..])
    );
    let strata: Vec<_> = report.rows.iter().map(|row| row.stratum[0].as_deref()).collect();
    assert_eq!(strata, [Some("int"), Some("text")]);
    assert_row(&report.rows[0], side(3, 2, 0, 0), side(2, 2, 1, 1), (150.0, 60.0, 60.5));
    assert_row(&report.rows[1], side(1, 1, 0, 0), side(2, 1, 1, 0), (50.0, 50.0, 50.5));
    assert_row(&report.total, side(4, 3, 0, 0), side(4, 3, 2, 1), (200.0, 110.0, 111.0));
    assert_eq!(report.total.predicted.would_rate(), Some(0.75));
    assert_eq!(report.total.actual.did_rate(), Some(0.5));
    assert_eq!(report.total.actual.error_rate(), Some(0.25));
}

#[test]
fn counts_and_sums_are_exact() {
    let weekend = run(Stage::DryRun, &[("int", 100), ("int", 200), ("int", 5), ("text", 100)]);
    let live = run(Stage::Live, &[("int", 120), ("int", 2_000), ("text", 100), ("text", 1)]);
    let mut by_side = Calibration::of::<Compress>().stratum(["column.kind"]);
    for event in &weekend {
        by_side.predicted(event);
    }
    for event in &live {
        by_side.actual(event);
    }
    check(&by_side.report());
    let mut by_stage = Calibration::for_change("compress").stratum(["column.kind"]);
    for event in live.iter().chain(&weekend) {
        by_stage.add(event);
    }
    check(&by_stage.report());
    assert_eq!(by_side.report(), by_stage.report());
    assert_eq!(
        by_side.report().to_string(),
        "column.kind=int: predicted 3 units, would act 2 (66.7 %), errors 0 (0.0 %); live 2 units, \
         would act 2 (100.0 %), acted 1 (50.0 %), errors 1 (50.0 %)\n  \
         bytes_after: predicted 150; promised 60, done 60.5\n\
         column.kind=text: predicted 1 units, would act 1 (100.0 %), errors 0 (0.0 %); live 2 units, \
         would act 1 (50.0 %), acted 1 (50.0 %), errors 0 (0.0 %)\n  \
         bytes_after: predicted 50; promised 50, done 50.5\n\
         compress: predicted 4 units, would act 3 (75.0 %), errors 0 (0.0 %); live 4 units, would act \
         3 (75.0 %), acted 2 (50.0 %), errors 1 (25.0 %)\n  \
         bytes_after: predicted 200; promised 110, done 111\n"
    );
}

fn event(stage: &'static str, fields: &[(&str, Value<'_>)]) -> Event {
    let builder = EventBuilder::new("column").field("change.compress.stage", Value::Str(stage));
    fields.iter().fold(builder, |builder, (key, value)| builder.field(key, *value)).build()
}

#[test]
fn an_event_counts_as_often_as_its_sample_rate_says() {
    const ACT: (&str, Value<'_>) = ("would.compress.act", Value::Bool(true));
    const DID: (&str, Value<'_>) = ("did.compress.act", Value::Bool(true));
    let bytes = |n| ("would.compress.bytes", Value::U64(n));
    let rate = |rate| ("sample_rate", Value::F64(rate));
    let mut calibration = Calibration::of::<Compress>();
    calibration.add(&event("dry_run", &[ACT, bytes(10), rate(4.0)]));
    calibration.add(&event("dry_run", &[("would.compress.act", Value::Bool(false)), bytes(99)]));
    // Not a weight at all.
    calibration.add(&event("shadow", &[ACT, bytes(1), rate(-1.0)]));
    calibration.add(&event("shadow", &[ACT, bytes(1), rate(f64::NAN)]));
    let done = ("did.compress.bytes", Value::I64(8));
    calibration.add(&event("live", &[ACT, DID, bytes(10), done, rate(2.5)]));
    let report = calibration.report();
    assert!(report.rows.is_empty());
    let Row { predicted, actual, sums, .. } = report.total;
    assert_eq!((predicted.seen, predicted.units, predicted.would_act), (4, 7.0, 6.0));
    assert_eq!((actual.seen, actual.units, actual.did_act), (1, 2.5, 2.5));
    assert_eq!((sums[0].predicted, sums[0].promised, sums[0].done), (42.0, 25.0, 20.0));
}

#[test]
fn an_event_belongs_to_the_side_where_something_was_done() {
    let error = ("did.compress.error", Value::Str("io::Error"));
    let (would, did) =
        (("would.compress.act", Value::Bool(true)), ("did.compress.act", Value::Bool(true)));
    for (stage, fields, expected) in [
        ("off", vec![], (0, 0)),
        // Killed after it acted.
        ("off", vec![would, did], (0, 1)),
        ("off", vec![error], (0, 1)),
        ("dry_run", vec![], (1, 0)),
        ("shadow", vec![would], (1, 0)),
        ("live", vec![], (0, 1)),
        ("ramp_down", vec![would], (0, 1)),
        ("complete", vec![would, did], (0, 1)),
        ("nonsense", vec![], (0, 0)),
        ("nonsense", vec![would], (1, 0)),
    ] {
        let mut calibration = Calibration::of::<Compress>();
        calibration.add(&event(stage, &fields));
        let Row { predicted, actual, .. } = calibration.report().total;
        assert_eq!((predicted.seen, actual.seen), expected, "{stage} {fields:?}");
    }
    let mut other = Calibration::for_change("compres");
    other.add(&event("live", &[would, did]));
    assert_eq!(other.report().total.actual.seen, 0, "a change of another name");
    assert_eq!(other.report().total.actual.did_rate(), None, "nothing of nothing");
}

#[test]
fn errors_are_of_the_unit_or_of_the_effect_and_count_once() {
    let base = || EventBuilder::new("column").field("change.compress.stage", Value::Str("live"));
    let failed = |builder: EventBuilder| {
        builder.field("did.compress.error", Value::Str("io::Error")).outcome(Outcome::Error)
    };
    let mut calibration = Calibration::of::<Compress>();
    for event in [
        failed(base()),
        base().field("did.compress.error", Value::Str("io::Error")),
        base().outcome(Outcome::Panicked),
        base().outcome(Outcome::Declined),
        base().outcome(Outcome::Cancelled),
        base(),
    ] {
        calibration.add(&event.build());
    }
    let actual = calibration.report().total.actual;
    assert_eq!((actual.units, actual.errors, actual.error_rate()), (6.0, 3.0, Some(0.5)));
}

#[test]
fn gates_are_calibrated_too() {
    let mut calibration = Calibration::of::<Compress>();
    for (stage, gate) in [(Stage::DryRun, Gate::Withhold), (Stage::Live, Gate::Act)] {
        let flags = MemoryFlags::new().with("compress", stage);
        let events = Capture::builder().flags(flags).start();
        for _ in 0..3 {
            assert_eq!(WideEvent::builder("tidy").run(would::<Compress>), gate);
        }
        events.all().iter().for_each(|event| calibration.add(&**event));
    }
    let Row { predicted, actual, .. } = calibration.report().total;
    assert_eq!((predicted, actual), (side(3, 3, 0, 0), side(3, 3, 3, 0)));
}

#[test]
fn strata_without_a_value_stand_apart() {
    let mut calibration = Calibration::of::<Compress>().stratum(["kind", "level"]);
    calibration.add(&event("dry_run", &[("kind", Value::Str("int")), ("level", Value::I64(-3))]));
    calibration.add(&event("dry_run", &[("level", Value::Bool(true))]));
    calibration.add(&event("dry_run", &[("level", Value::F64(0.5)), ("kind", Value::U64(1))]));
    let report = calibration.report();
    let strata: Vec<_> = report.rows.iter().map(|row| row.stratum.clone()).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        strata,
        [vec![None, text("true")], vec![text("1"), text("0.5")], vec![text("int"), text("-3")]]
    );
    assert!(report.to_string().starts_with("kind=(none), level=true: predicted 1 units"));
}
