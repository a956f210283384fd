//! What the crates under an exporter say, at `TRACE`: the whole process's records, counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, prelude::*};

use crate::receiver::SERVER;

/// Counts records by the crate they come from, but for those of the server's thread.
#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<BTreeMap<String, usize>>>);

impl Said {
    /// Makes a subscriber global that takes everything: this, and ode's layer, plain or filtered.
    pub(crate) fn listen(variant: &str) -> Self {
        let said = Self::default();
        let registry = tracing_subscriber::registry().with(said.clone());
        let ode = ode::tracing::layer().level(LevelFilter::TRACE).time_spans(true);
        // `init` takes the records of the `log` crate along.
        match variant {
            "plain" => registry.with(ode).init(),
            "filtered" => registry.with(ode.filtered()).init(),
            _ => panic!("no variant {variant}"),
        }
        // The first record of a level makes something in `tracing-log` that another thread parks
        // for. reqwest logs between asking for its answer and parking without a timeout, so a thread
        // that parks in between may use up the wake that was meant for the answer, and wait for good.
        for level in log::Level::iter() {
            log::log!(level, "first");
        }
        said
    }

    /// That each of these crates said something on the client's side.
    #[track_caller]
    pub(crate) fn assert_heard(&self, origins: &[&str]) {
        let said = self.0.lock().unwrap();
        for origin in origins {
            assert!(said.get(*origin).is_some_and(|records| *records > 0), "{origin}: {said:?}");
        }
    }
}

impl<S: Subscriber> Layer<S> for Said {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if thread::current().name() == Some(SERVER) {
            return;
        }
        let mut origin = Origin(event.metadata().target().to_owned());
        event.record(&mut origin);
        let name = origin.0.split("::").next().unwrap().to_owned();
        *self.0.lock().unwrap().entry(name).or_default() += 1;
    }
}

/// The target of a record, also of one of the `log` crate.
struct Origin(String);

impl Visit for Origin {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.target" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
