//! What ode says about itself: soon, at most once in ten seconds of a kind, and exactly.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{DropReason, ExportError, Queue};

use crate::support::{
    LONG, Log, fails, for_now, ledger, let_it_look, ok, panics, record, scripted, start_built,
    wait_until, watched,
};

/// A pipeline, its clock, and what it says.
fn telling(queue: impl Into<Queue>) -> (TestPipeline, TestClock, Arc<Mutex<Vec<String>>>) {
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    let clock = TestClock::new();
    let builder = crate::support::builder(queue)
        .on_diagnostic(move |message| heard.lock().unwrap().push(message.to_string()));
    (start_built(&clock, builder), clock, said)
}

#[test]
fn drops_are_told_at_once_and_then_every_ten_seconds() {
    watched(|| {
        let log = Log::default();
        let script = (0..1_000).map(|_| fails(for_now));
        let (pipeline, clock, said) = telling(scripted(&log, script).capacity(10));
        let drops = || {
            let said = said.lock().unwrap();
            said.iter().filter(|text| text.contains("dropped")).cloned().collect::<Vec<_>>()
        };
        record(&pipeline, 0..15);
        wait_until(|| !drops().is_empty());
        // More of them within the ten seconds are told together.
        for n in 0..90 {
            record(&pipeline, [n]);
            clock.advance(Duration::from_millis(100));
            let_it_look(&pipeline, &log);
        }
        assert_eq!(drops().len(), 1, "{:?}", drops());
        clock.advance(Duration::from_secs(1));
        wait_until(|| drops().len() == 2);
        let told: u64 = drops()
            .iter()
            .map(|text| {
                assert!(text.starts_with("test: ") && text.contains("(queue_full)"), "{text}");
                let count = text.trim_start_matches("test: ").split(' ').next().unwrap();
                count.parse::<u64>().unwrap()
            })
            .sum();
        assert_eq!(told, ledger(&pipeline).dropped.get(DropReason::QueueFull), "{:?}", drops());
    });
}

#[test]
fn a_failing_exporter_is_told_once_with_its_cause() {
    watched(|| {
        let log = Log::default();
        let script = (0..20).map(|_| fails(|| ExportError::retryable("the cable is out")));
        let (pipeline, clock, said) = telling(scripted(&log, script));
        record(&pipeline, [0]);
        for second in 0..9 {
            clock.advance(Duration::from_secs(1));
            wait_until(|| log.count() > second.min(3));
            let_it_look(&pipeline, &log);
        }
        let told = said.lock().unwrap().clone();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("the cable is out"), "{told:?}");
        wait_until(|| {
            clock.advance(Duration::from_secs(10));
            said.lock().unwrap().len() > 1
        });
    });
}

#[test]
fn a_failing_flush_is_told_once() {
    /// Whose flush always fails.
    struct Forgetful;
    impl ode_core::Exporter for Forgetful {
        fn export(&mut self, _: &ode_core::Batch) -> Result<(), ExportError> {
            Ok(())
        }
        fn flush(&mut self, _: Duration) -> Result<(), ExportError> {
            Err(ExportError::retryable("the disk is full"))
        }
    }
    watched(|| {
        let (pipeline, clock, said) = telling(Forgetful);
        for _ in 0..10 {
            let _ = pipeline.flush(LONG);
        }
        assert_eq!(said.lock().unwrap().len(), 1, "{said:?}");
        clock.advance(Duration::from_secs(10));
        let _ = pipeline.flush(LONG);
        assert_eq!(said.lock().unwrap().len(), 2, "{said:?}");
        assert!(said.lock().unwrap()[0].contains("the disk is full"));
    });
}

#[test]
fn panics_are_told_once() {
    watched(|| {
        let log = Log::default();
        let (pipeline, _clock, said) = telling(scripted(&log, [panics(), panics(), ok()]));
        for n in 0..3 {
            record(&pipeline, [n]);
            assert!(pipeline.flush(LONG).is_complete());
        }
        let told = said.lock().unwrap().clone();
        let panicked = told.iter().filter(|text| text.contains("panicked;")).count();
        assert_eq!(panicked, 1, "{told:?}");
    });
}

#[test]
fn an_observer_that_panics_harms_nothing() {
    watched(|| {
        let log = Log::default();
        let script = vec![fails(|| ExportError::permanent("no")), panics(), ok()];
        let builder = crate::support::builder(scripted(&log, script))
            .on_diagnostic(|_| std::panic::resume_unwind(Box::new("told to")));
        let pipeline = TestPipeline::start(builder).unwrap();
        for n in 0..3 {
            record(&pipeline, [n]);
            assert!(pipeline.flush(LONG).is_complete());
        }
        assert_eq!(ledger(&pipeline).delivered, 1);
        assert_eq!(log.numbers(), [0, 1, 2]);
    });
}
