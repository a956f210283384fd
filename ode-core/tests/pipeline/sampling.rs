//! The share a destination keeps: by the trace, the same everywhere, weighted, and counted. T34.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use ode_core::propagation::{extract, outgoing};
use ode_core::testing::TestPipeline;
use ode_core::{
    Batch, ExportError, Exporter, PipelineBuilder, Process, Queue, TraceId, Value, WideEvent,
};

use crate::support::{LONG, watched};

/// What arrived: trace, `sample_rate`, `sample.reason`.
type Arrived = Arc<Mutex<Vec<(TraceId, Option<f64>, Option<String>)>>>;

struct Keep(Arrived);

impl Exporter for Keep {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let mut arrived = self.0.lock().unwrap();
        for event in batch.events() {
            let rate = match event.get("sample_rate") {
                Some(Value::F64(rate)) => Some(rate),
                None => None,
                other => panic!("{other:?}"),
            };
            let reason = event.get("sample.reason").map(|reason| format!("{reason:?}"));
            arrived.push((event.trace_context().trace_id(), rate, reason));
        }
        Ok(())
    }
}

/// One pipeline with a destination for each share; `None` never asked for one.
fn start(shares: &[Option<f64>]) -> (TestPipeline, Vec<Arrived>) {
    let arrived: Vec<Arrived> = shares.iter().map(|_| Arrived::default()).collect();
    let mut builder = PipelineBuilder::new(Process::new("test"));
    for (share, kept) in shares.iter().zip(&arrived) {
        let queue = Queue::new(Keep(Arc::clone(kept))).capacity(100_000).capacity_bytes(64 << 20);
        builder = builder.export_to(match share {
            Some(share) => queue.sample(*share),
            None => queue,
        });
    }
    (TestPipeline::start(builder).unwrap(), arrived)
}

fn finish(pipeline: &TestPipeline) {
    assert!(pipeline.flush(LONG).is_complete());
    let stats = pipeline.stats();
    assert!(stats.is_balanced(), "{stats}");
    assert_eq!(stats.dropped(), 0);
}

const TRACES: u32 = 20_000;

#[test]
fn what_a_small_share_keeps_every_greater_one_keeps_and_weights_add_up() {
    watched(|| {
        let (pipeline, arrived) = start(&[Some(0.01), Some(0.1), Some(0.5), Some(1.0), None]);
        pipeline.run(|| {
            for _ in 0..TRACES {
                WideEvent::builder("request").run(|| WideEvent::builder("query").run(|| ()));
            }
        });
        finish(&pipeline);
        let mut smaller = HashSet::new();
        for (arrived, share) in arrived.iter().zip([0.01, 0.1, 0.5]) {
            let arrived = arrived.lock().unwrap();
            let traces: HashSet<TraceId> = arrived.iter().map(|(trace, ..)| *trace).collect();
            assert_eq!(arrived.len(), 2 * traces.len(), "both units of a trace or none");
            assert!(smaller.is_subset(&traces), "{share}");
            let told: f64 = arrived.iter().map(|(_, rate, _)| rate.unwrap()).sum();
            let rate = arrived[0].1.unwrap();
            // Six standard deviations of a fair coin for every trace.
            let traces_begun = f64::from(TRACES);
            let all = 2.0 * traces_begun;
            let deviation = 2.0 * (traces_begun * share * (1.0 - share)).sqrt() * rate;
            assert!((told - all).abs() < 6.0 * deviation, "{share}: {told} of {all}");
            assert!((rate * share - 1.0).abs() < 1e-4, "{share}: {rate}");
            smaller = traces;
        }
        for arrived in &arrived[3..] {
            let arrived = arrived.lock().unwrap();
            assert_eq!(arrived.len() as u64, 2 * u64::from(TRACES));
            assert!(arrived.iter().all(|(_, rate, _)| rate.is_none()), "nothing is sampled");
        }
        let stats = pipeline.stats();
        for (destination, arrived) in stats.destinations.iter().zip(&arrived) {
            let delivered = arrived.lock().unwrap().len() as u64;
            assert_eq!(destination.offered, 2 * u64::from(TRACES));
            assert_eq!(destination.delivered, delivered);
            assert_eq!(destination.sampled_out, 2 * u64::from(TRACES) - delivered);
        }
    });
}

#[test]
fn what_is_asked_for_is_kept_and_stands_for_itself() {
    watched(|| {
        let (pipeline, arrived) = start(&[Some(0.0), None]);
        pipeline.run(|| {
            for n in 0..100 {
                WideEvent::builder("request").run(|| {
                    WideEvent::builder("query").run(|| ());
                    if n == 7 {
                        ode_core::keep("large_order");
                        ode_core::keep("later");
                    }
                    if n == 8 {
                        ode_core::in_event(|| ode_core::keep("elsewhere"))();
                        let elsewhere = ode_core::in_event(|| ode_core::keep("elsewhere"));
                        std::thread::scope(|scope| {
                            scope.spawn(elsewhere);
                        });
                    }
                });
            }
        });
        finish(&pipeline);
        let kept: Vec<_> = arrived[0]
            .lock()
            .unwrap()
            .iter()
            .map(|(_, rate, reason)| (rate.unwrap(), reason.clone().unwrap()))
            .collect();
        let once = |reason: &str| (1.0, format!("\"{reason}\""));
        assert_eq!(kept, [once("large_order"), once("elsewhere")]);
        let all = arrived[1].lock().unwrap();
        assert_eq!(all.len(), 200);
        assert!(all.iter().all(|(_, rate, reason)| rate.is_none() && reason.is_none()));
    });
}

/// Others decide by the same bits: those of the trace id, or those that came along.
#[test]
fn the_bits_that_came_along_decide() {
    watched(|| {
        let (pipeline, arrived) = start(&[Some(0.5)]);
        let cases = [
            // The last seven bytes of the trace id: below and at the threshold.
            ("4bf92f3577b34da6a37fffffffffffff", "", false),
            ("4bf92f3577b34da6a380000000000000", "", true),
            // Explicit randomness beats them.
            ("4bf92f3577b34da6a300000000000001", "ot=rv:ffffffffffffff", true),
            ("4bf92f3577b34da6a3ffffffffffffff", "ot=rv:00000000000001", false),
        ];
        pipeline.run(|| {
            for (trace, state, _) in cases {
                let parent = format!("00-{trace}-00f067aa0ba902b7-01");
                let headers = [("traceparent", parent.as_str()), ("tracestate", state)];
                let incoming = extract(&headers).trust_remote_context(true);
                WideEvent::builder("request").incoming(&incoming).run(|| ());
            }
        });
        finish(&pipeline);
        let kept: Vec<String> =
            arrived[0].lock().unwrap().iter().map(|(trace, ..)| trace.to_string()).collect();
        let expected: Vec<&str> =
            cases.iter().filter(|(.., kept)| *kept).map(|(trace, ..)| *trace).collect();
        assert_eq!(kept, expected);
    });
}

/// A trace that begins here tells others whether it is kept, and with what probability.
#[test]
fn the_decision_travels_with_the_trace() {
    watched(|| {
        let (pipeline, arrived) = start(&[Some(0.25), Some(0.01)]);
        let sent: Vec<BTreeMap<String, String>> = pipeline.run(|| {
            let send = || {
                let mut headers = BTreeMap::new();
                outgoing().unwrap().inject(&mut headers);
                headers
            };
            (0..1_000).map(|_| WideEvent::builder("request").run(send)).collect()
        });
        finish(&pipeline);
        let kept: HashSet<String> =
            arrived[0].lock().unwrap().iter().map(|(trace, ..)| trace.to_string()).collect();
        for headers in sent {
            let parent = &headers["traceparent"];
            let sampled = parent.ends_with("-03");
            assert!(sampled || parent.ends_with("-02"), "{parent}");
            assert_eq!(sampled, kept.contains(parent.get(3..35).unwrap()));
            let state = headers.get("tracestate").map(String::as_str);
            assert_eq!(state, sampled.then_some("ot=th:c"), "the greatest share counts");
        }
        assert!(!kept.is_empty());
    });
}

/// Who sampled before may have kept less.
#[test]
fn a_threshold_only_rises() {
    watched(|| {
        let (pipeline, _arrived) = start(&[Some(0.25)]);
        let through = |state: &str| {
            let parent = "00-4bf92f3577b34da6a3ffffffffffffff-00f067aa0ba902b7-03";
            let headers = [("traceparent", parent), ("tracestate", state)];
            let incoming = extract(&headers).trust_remote_context(true);
            let mut sent = BTreeMap::new();
            WideEvent::builder("request").incoming(&incoming).run(|| {
                outgoing().unwrap().inject(&mut sent);
            });
            sent.remove("tracestate").unwrap_or_default()
        };
        pipeline.run(|| {
            assert_eq!(through(""), "ot=th:c");
            assert_eq!(through("a=b"), "ot=th:c,a=b");
            assert_eq!(through("a=b,ot=th:8"), "ot=th:c,a=b");
            assert_eq!(through("a=b,ot=th:fd7"), "a=b,ot=th:fd7");
        });
    });
}
