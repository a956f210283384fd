//! What the tests share.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use ode::OwnedValue;
use ode::testing::{Captured, capture};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::registry::LookupSpan;

/// Runs `work` in a unit beside `subscriber`, and shows the unit's event.
pub(crate) fn unit_beside(
    subscriber: impl Subscriber + Send + Sync + 'static,
    work: impl FnOnce(),
) -> Captured {
    let events = capture();
    tracing::subscriber::with_default(subscriber, || ode::WideEvent::builder("unit").run(work));
    let event = events.one("unit");
    assert_eq!(events.all().len(), 1, "a record makes no event of its own");
    event
}

/// The messages of an event, without the time that begins each.
pub(crate) fn messages(event: &Captured) -> Vec<String> {
    let Some(OwnedValue::Array(messages)) = event.field("log.message") else {
        assert_eq!(event.field("log.message"), None);
        return Vec::new();
    };
    let text = |message: &OwnedValue| {
        let message = message.to_string();
        let (time, rest) = message.split_once("s ").expect("a time, then the rest");
        let seconds = time.strip_prefix('+').expect("a sign");
        let (whole, micros) = seconds.split_once('.').expect("a point");
        assert!(whole.parse::<u64>().is_ok() && micros.len() == 6, "{message}");
        assert!(micros.parse::<u32>().is_ok(), "{message}");
        rest.to_owned()
    };
    messages.iter().map(text).collect()
}

/// The layer that prints, into `written`.
pub(crate) fn fmt<S>(written: &Written) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    tracing_subscriber::fmt::layer().with_ansi(false).with_writer(written.clone())
}

/// What other layers write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Written {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}
