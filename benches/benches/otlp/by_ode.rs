//! The checkout by ode, and by hand.

use std::time::Duration;

use ode::{Batch, ExportError, Exporter, Overflow, Queue};
use ode_benches::by_ode::checkout;
use ode_benches::otlp_by_hand::Otlp;
use ode_exporters::otlp::Shape;
use ode_exporters::otlp::encode::{
    DEFAULT_REQUEST_BYTES, Encoder, Format, Resource, Signal, Signals,
};

use crate::checked::cpu_of;
use crate::{BUILD_ID, LONG, PROCESS, sink};

/// As in the bench of JSON lines.
const EVERY: usize = 2_048;
/// As many as the batches of others have.
const REQUEST: usize = 512;

pub(crate) fn by_hand(units: usize) -> f64 {
    let otlp = std::cell::RefCell::new((Otlp::new(BUILD_ID, &PROCESS), 0));
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
    cpu_of(units, EVERY, record, || send(&mut otlp.borrow_mut()))
}

pub(crate) fn ode(units: usize) -> f64 {
    let encode = Encode {
        encoder: Encoder::new(
            Signals::Spans,
            Shape::default(),
            Format::Protobuf,
            Resource::default(),
        ),
        out: Vec::new(),
    };
    let guard = ode::setup(ode::build_info!().with_id(BUILD_ID))
        .export_to(Queue::new(encode).overflow(Overflow::BlockFor(LONG)))
        .announce(false)
        .init()
        .expect("ode is set up once in a process");
    let figure = cpu_of(units, EVERY, checkout, || assert!(ode::flush(LONG).is_complete()));
    let shutdown = guard.shutdown(Duration::from_secs(30));
    let stats = ode::stats();
    assert!(stats.is_balanced() && stats.dropped() == 0 && shutdown.undelivered == 0, "{stats}");
    figure
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
