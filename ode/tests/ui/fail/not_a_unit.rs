//! What cannot be a unit of work.
use ode::instrument_event;

#[instrument_event]
const fn constant() -> u8 {
    1
}

#[instrument_event]
fn forever() -> ! {
    loop {}
}

#[instrument_event]
struct Cart {
    id: u64,
}

trait Shop {
    #[instrument_event]
    fn open(&self);
}

fn main() {
    let _ = (constant(), Cart { id: 1 }.id);
}
