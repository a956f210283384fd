//! `dry_run = ..` takes the path of a static.
use ode::instrument_event;

#[instrument_event(dry_run)]
fn nothing() {}

#[instrument_event(dry_run = "compress")]
fn text() {}

#[instrument_event(dry_run(COMPRESS), dry_run = COMPRESS)]
fn list_and_twice() {}

#[instrument_event(dry_run = dry_run())]
fn call() {}

fn main() {
    nothing();
    text();
    list_and_twice();
    call();
}
