//! More that is no function with a body.
#![allow(unused_macros)]
use ode::instrument_event;

#[instrument_event]
mod module {}

#[instrument_event]
impl Cart {
    fn open(&self) {}
}

#[instrument_event]
enum Cart {}

#[instrument_event]
const CLOSURE: fn() = || ();

#[instrument_event]
static STATIC: u8 = 1;

#[instrument_event]
macro_rules! nothing {
    () => {};
}

unsafe extern "C" {
    #[instrument_event]
    safe fn elsewhere();
}

fn main() {}
