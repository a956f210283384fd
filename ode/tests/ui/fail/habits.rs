//! Options known from elsewhere are answered.
use ode::instrument_event;

#[instrument_event(level = "debug", skip_all)]
fn quiet() {}

#[instrument_event(skip(a), target = "t", ret, err)]
fn loud(a: u8) -> Result<u8, u8> {
    Ok(a)
}

fn main() {
    quiet();
    let _ = loud(1);
}
