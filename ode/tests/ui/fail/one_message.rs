//! A mistake in an option is the only message: no unused variables, no missing function.
#![deny(warnings)]

use ode::instrument_event;

#[instrument_event(nam = "x", fields(a, b.len = b.len()))]
fn only_in_fields(a: u8, b: &str) {}

struct Shop;

impl Shop {
    #[instrument_event(fields(id = id), join, join)]
    async fn method(&self, id: u64) {}
}

fn main() {
    only_in_fields(1, "b");
    drop(Shop.method(1));
}
