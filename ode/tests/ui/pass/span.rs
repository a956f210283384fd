//! `span` goes with every other option and on every kind of function.
use std::future::Future;
use std::pin::Pin;

use ode::instrument_event;

mod inner {
    #[ode::instrument_event(span, name = "inner.unit", fields(n), root)]
    pub fn sync(n: u64) -> u64 {
        n
    }
}

#[instrument_event(span)]
async fn asynchronous() {}

#[instrument_event(join, span, skip_if = skip)]
fn boxed(skip: bool) -> Pin<Box<dyn Future<Output = bool>>> {
    Box::pin(async move { skip })
}

mod reexport {
    pub use ode as our_ode;
}

#[instrument_event(span, crate = crate::reexport::our_ode)]
fn elsewhere() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    inner::sync(1);
    drop(asynchronous());
    drop(boxed(true));
    elsewhere().unwrap();
}
