//! Parents line up with OpenTelemetry: units below spans, spans below units, in every order.

use ode::testing::capture;
use ode::{FutureExt, WideEvent};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{FutureExt as _, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Instrument, Subscriber, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{Otel, Place, assert_chain};

/// What may be there beside the SDK.
#[derive(Clone, Copy, Debug)]
enum With {
    /// The layer as it has to be.
    Filter,
    /// The layer without `without_units`.
    NoFilter,
}

fn subscriber(otel: &Otel, with: With) -> Box<dyn Subscriber + Send + Sync> {
    let layer = tracing_opentelemetry::layer().with_tracer(otel.tracer());
    match with {
        With::Filter => {
            let layer = layer.with_filter(ode::tracing::without_units());
            Box::new(tracing_subscriber::registry().with(layer))
        }
        With::NoFilter => Box::new(tracing_subscriber::registry().with(layer)),
    }
}

fn unit(name: &'static str, spans: bool) -> WideEvent {
    ode::tracing::enable_unit_spans();
    let builder = WideEvent::builder(name);
    if spans { builder.span("parents").start() } else { builder.start() }
}

fn in_sdk_span<R>(tracer: &SdkTracer, name: &'static str, f: impl FnOnce() -> R) -> R {
    tracer.in_span(name, |_| f())
}

/// Every pair of neighbours, in both orders: unit and unit, unit and `tracing`, unit and SDK,
/// `tracing` and SDK.
const CHAIN: [&str; 9] =
    ["unit 1", "tracing 1", "unit 2", "sdk 1", "unit 3", "unit 4", "sdk 2", "tracing 2", "unit 5"];
const EXPORTED: [&str; 4] = ["sdk 1", "sdk 2", "tracing 1", "tracing 2"];

#[test]
fn in_sync_code() {
    for (with, spans) in cases() {
        let (otel, events) = (Otel::new(), capture());
        let tracer = otel.tracer();
        tracing::subscriber::with_default(subscriber(&otel, with), || {
            unit(CHAIN[0], spans).run(|| {
                info_span!("tracing 1").in_scope(|| {
                    unit(CHAIN[2], spans).run(|| {
                        in_sdk_span(&tracer, CHAIN[3], || {
                            unit(CHAIN[4], spans).run(|| {
                                unit(CHAIN[5], spans).run(|| {
                                    in_sdk_span(&tracer, CHAIN[6], || {
                                        info_span!("tracing 2")
                                            .in_scope(|| unit(CHAIN[8], spans).run(|| ()));
                                    });
                                });
                            });
                        });
                    });
                });
            });
            assert!(!Context::current().has_active_span(), "all is left");
        });
        assert_chain(&otel, &events, &CHAIN);
        assert_eq!((otel.names(), events.all().len()), (EXPORTED.map(String::from).into(), 5));
    }
}

fn cases() -> [(With, bool); 4] {
    [(With::Filter, true), (With::Filter, false), (With::NoFilter, true), (With::NoFilter, false)]
}

/// The same, with a pause at every level and another task polled in between.
#[test]
fn in_async_code() {
    async fn pause() {
        tokio::task::yield_now().await;
    }

    for (with, spans) in cases() {
        let (otel, events) = (Otel::new(), capture());
        let sdk = |name| Context::current_with_span(otel.tracer().start(name));
        let _default = tracing::subscriber::set_default(subscriber(&otel, with));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let chain = unit(CHAIN[0], spans).run_async(async {
            pause().await;
            let level_1 = async {
                pause().await;
                let level_2 = async {
                    pause().await;
                    let level_3 = async {
                        pause().await;
                        let level_4 = async {
                            pause().await;
                            let level_5 = async {
                                pause().await;
                                let level_6 = async {
                                    pause().await;
                                    unit(CHAIN[8], spans).run_async(pause()).await;
                                };
                                let span = info_span!("tracing 2");
                                level_6.instrument(span).await;
                            };
                            unit(CHAIN[5], spans)
                                .run_async(async {
                                    let span = sdk(CHAIN[6]);
                                    level_5.with_context(span).await;
                                })
                                .await;
                        };
                        unit(CHAIN[4], spans).run_async(level_4).await;
                    };
                    let span = sdk(CHAIN[3]);
                    level_3.with_context(span).await;
                };
                unit(CHAIN[2], spans).run_async(level_2).await;
            };
            level_1.instrument(info_span!("tracing 1")).await;
            pause().await;
        });
        let beside = async {
            for _ in 0..16 {
                assert!(!Context::current().has_active_span(), "nothing leaks between polls");
                pause().await;
            }
        };
        runtime.block_on(async { tokio::join!(chain, beside) });
        assert_chain(&otel, &events, &CHAIN);
        assert_eq!((otel.names(), events.all().len()), (EXPORTED.map(String::from).into(), 5));
    }
}

#[test]
fn across_threads_and_tasks_that_join() {
    let (otel, events) = (Otel::new(), capture());
    let dispatch = tracing::Dispatch::new(subscriber(&otel, With::Filter));
    let tracer = otel.tracer();
    let below = |name: &'static str, unit_name: &'static str| {
        let (tracer, dispatch) = (tracer.clone(), dispatch.clone());
        move || {
            tracing::dispatcher::with_default(&dispatch, || {
                in_sdk_span(&tracer, name, || unit(unit_name, true).run(|| ()));
            });
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    tracing::dispatcher::with_default(&dispatch, || {
        unit("unit", true).run(|| {
            let thread = std::thread::spawn(ode::in_event(below("thread", "unit of the thread")));
            thread.join().unwrap();
            let work = below("task", "unit of the task");
            runtime.block_on(runtime.spawn(async move { work() }.in_event())).unwrap();
            let apart = below("apart", "unit apart");
            let capture = events.handle();
            std::thread::spawn(move || capture.run(apart)).join().unwrap();
        });
    });
    assert_chain(&otel, &events, &["unit", "thread", "unit of the thread"]);
    assert_chain(&otel, &events, &["unit", "task", "unit of the task"]);
    // Without joining there is nothing to go by, for OpenTelemetry as for ode.
    assert_chain(&otel, &events, &["apart", "unit apart"]);
    assert_ne!(otel.one("apart").trace, otel.one("task").trace);
}

/// A span that began the trace, and units that were opened before they ran.
#[test]
fn below_a_span_that_began_the_trace() {
    let (otel, events) = (Otel::new(), capture());
    let tracer = otel.tracer();
    tracing::subscriber::with_default(subscriber(&otel, With::Filter), || {
        info_span!("tracing").in_scope(|| {
            unit("unit in tracing", true).run(|| in_sdk_span(&tracer, "below", || ()));
        });
        let later = in_sdk_span(&tracer, "sdk", || unit("unit opened in it", false));
        // It belongs where it was opened, wherever it runs.
        info_span!("around").in_scope(|| later.run(|| info_span!("inner").in_scope(|| ())));
    });
    assert_chain(&otel, &events, &["tracing", "unit in tracing", "below"]);
    assert_chain(&otel, &events, &["sdk", "unit opened in it", "inner"]);
    assert_chain(&otel, &events, &["around"]);
}

#[test]
fn a_root_and_a_given_parent_go_before() {
    let (otel, events) = (Otel::new(), capture());
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let given = ode::TraceContext::from_traceparent(given).unwrap();
    ode::tracing::enable_unit_spans();
    let tracer = otel.tracer();
    in_sdk_span(&tracer, "around", || {
        WideEvent::builder("unit root").root().run(|| in_sdk_span(&tracer, "below root", || ()));
        WideEvent::builder("unit given").parent(given).run(|| in_sdk_span(&tracer, "lost", || ()));
    });
    assert_chain(&otel, &events, &["unit root", "below root"]);
    let unit = Place::of_unit(&events.one("unit given"));
    assert_eq!(unit.parent, Some(given.span_id().to_string()));
    assert_eq!(unit.trace, given.trace_id().to_string());
    // Who began the trace does not keep it, and the SDK's sampler goes by that.
    assert_eq!(otel.names(), ["around", "below root"]);
}

#[test]
fn what_else_is_in_the_context_stays() {
    let _events = capture();
    let with_baggage = Context::current().with_baggage([KeyValue::new("tenant", "acme")]);
    let _attached = with_baggage.attach();
    unit("unit", false).run(|| {
        let tenant = Context::map_current(|context| context.baggage().get("tenant").cloned());
        assert_eq!(tenant.unwrap().as_str(), "acme");
        assert!(Context::current().has_active_span());
    });
    assert!(!Context::current().has_active_span());
}
