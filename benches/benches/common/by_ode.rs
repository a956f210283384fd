//! The checkout by ode, and by hand.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ode::exporters::otlp::Shape;
use ode::exporters::otlp::encode::{
    DEFAULT_REQUEST_BYTES, Encoder, Format, Resource, Signal, Signals,
};
use ode::{Batch, ExportError, Exporter, Overflow, Queue};
use ode_benches::by_ode::checkout;
use ode_benches::otlp_by_hand::Otlp;
use ode_benches::process::{BUILD_ID, LONG, PROCESS};
use ode_benches::side::{Arrived, Measure, Side};

use super::checked::through_sink;
use super::sink;

/// As in the bench of JSON lines.
pub(crate) const EVERY: usize = 2_048;
/// As many as the batches of others have.
const REQUEST: usize = 512;

pub(crate) fn by_hand(measure: impl Measure) -> f64 {
    let otlp = RefCell::new((Otlp::new(BUILD_ID, &PROCESS), 0));
    let send = |(otlp, events): &mut (Otlp, usize)| {
        if std::mem::take(events) > 0 {
            otlp.end();
            sink::take(&otlp.out);
        }
        otlp.begin();
    };
    send(&mut otlp.borrow_mut());
    let record = |cart: &_| {
        let mut otlp = otlp.borrow_mut();
        otlp.0.checkout(cart);
        otlp.1 += 1;
        if otlp.1 == REQUEST {
            send(&mut otlp);
        }
    };
    through_sink(measure, (EVERY, true), record, || send(&mut otlp.borrow_mut()))
}

pub(crate) fn ode(measure: impl Measure) -> f64 {
    let (signals, resource) = (Signals::Spans, Resource::default());
    let encoder = Encoder::new(signals, Shape::default(), Format::Protobuf, resource);
    let encode = Encode { encoder, out: Vec::new() };
    with_ode(encode, || through_sink(measure, (EVERY, true), checkout, flush))
}

/// The same without encoding: what recording, the queue and freeing cost.
pub(crate) fn unencoded(measure: impl Measure) -> f64 {
    let spans = Arc::new(AtomicUsize::new(0));
    with_ode(Count(Arc::clone(&spans)), || {
        let arrived = || Arrived { events: spans.load(Ordering::Relaxed), bytes: 0 };
        measure.measure(Side {
            record: checkout,
            flush,
            every: EVERY,
            arrived: &arrived,
            check: None,
        })
    })
}

pub(crate) fn flush() {
    assert!(ode::flush(LONG).is_complete());
}

pub(crate) fn with_ode(exporter: impl Exporter, measure: impl FnOnce() -> f64) -> f64 {
    let guard = ode::setup(ode::build_info!().with_id(BUILD_ID))
        .export_to(Queue::new(exporter).overflow(Overflow::BlockFor(LONG)))
        .announce(false)
        .init()
        .expect("ode is set up once in a process");
    let figure = measure();
    let shutdown = guard.shutdown(LONG);
    let stats = ode::stats();
    assert!(stats.is_balanced() && stats.dropped() == 0 && shutdown.undelivered == 0, "{stats}");
    figure
}

struct Count(Arc<AtomicUsize>);

impl Exporter for Count {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.0.fetch_add(batch.len(), Ordering::Relaxed);
        Ok(())
    }
}

/// Encodes as ode's exporter of OTLP does, and sends to nobody.
struct Encode {
    encoder: Encoder,
    out: Vec<u8>,
}

impl Exporter for Encode {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let mut taken = 0;
        while taken < batch.len() {
            let events = batch.events().skip(taken);
            let max = DEFAULT_REQUEST_BYTES;
            let encoded = self.encoder.encode(Signal::Spans, events, max, &mut self.out);
            assert_eq!((encoded.failed, encoded.too_large), (0, 0), "every event is encoded");
            taken += encoded.taken;
            sink::take(&self.out);
        }
        Ok(())
    }
}
