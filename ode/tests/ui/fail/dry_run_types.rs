//! A static of another type, and work that was not asked about first.
use ode::{DryRun, Flag, Refusing, change, instrument_event};

change!(Compress = "compress");
static COMPRESS: DryRun<Compress> = DryRun::new();
static FLAG: Flag<bool> = Flag::new("compress", false);
static INVOICE: Refusing<Compress> = DryRun::new().refuse("numbers_are_drawn");

#[instrument_event(dry_run = FLAG)]
fn a_flag() {}

#[instrument_event(dry_run = FLAG)]
async fn a_flag_later() {}

#[instrument_event(dry_run = Compress)]
fn a_change() {}

#[instrument_event(dry_run = COMPRESS)]
fn right() {}

#[instrument_event(dry_run = INVOICE)]
fn right_too() {}

fn main() {
    let _ = INVOICE.plan(());
    right();
    right_too();
    a_flag();
    a_change();
    drop(a_flag_later());
}
