//! A destination of your own: any type with one method.
//!
//! What to notice:
//! - `export` runs on a thread of its own, one batch at a time: it may block, and needs no lock.
//! - `Ok(())` means that the whole batch arrived. An `io::Error` becomes an `ExportError` by `?`, and
//!   an error that says a retry can help is retried.
//! - The `Queue` around it bounds what a slow destination can cost, and names what happens then.
//!
//! ```text
//! cargo run --example custom_exporter
//! ```

use std::io::{self, Write};
use std::time::Duration;

use ode::{Batch, ExportError, Exporter, Overflow, Queue, WideEvent};

/// Writes one short line per event.
struct OneLiner<W>(W);

impl<W: Write + Send + 'static> Exporter for OneLiner<W> {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        for event in batch.events() {
            write!(self.0, "{:<8} {:<10}", event.outcome().to_string(), event.name())?;
            for (key, value) in event.fields() {
                write!(self.0, " {key}={value:?}")?;
            }
            writeln!(self.0)?;
        }
        self.0.flush()?;
        Ok(())
    }
}

fn main() -> Result<(), ode::SetupError> {
    let queue = Queue::new(OneLiner(io::stdout())).capacity(1_000).overflow(Overflow::DropOldest);
    let guard = ode::setup(ode::build_info!()).export_to(queue).init()?;

    for cart in 1..=3_u64 {
        WideEvent::builder("checkout").run(|| {
            ode::set! { cart.id = cart, cart.items = cart * 2 };
            if cart == 2 {
                ode::decline("out_of_stock");
            }
        });
    }

    let shutdown = guard.shutdown(Duration::from_secs(1));
    assert_eq!(shutdown.undelivered, 0);
    Ok(())
}
