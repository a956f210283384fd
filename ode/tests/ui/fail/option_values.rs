//! Every option, given what it does not take: each says what it takes.
use ode::instrument_event;

#[instrument_event(name, fields, ok_fields, err(with), root(), parent(x), skip_if, join())]
fn nothing_or_a_list() {}

#[instrument_event(name(x), fields = 1, ok_fields = 1, err = classify, dry_run, span(), crate)]
fn a_list_or_a_value() {}

#[instrument_event(name = "", parent = , skip_if(x), dry_run = DryRun::new(), span = "x", crate = "ode")]
fn ill_typed() {}

#[instrument_event(ok_fields(|| a = 1), err(with = |e| e), root = true)]
fn closures() -> Result<(), ()> {
    Ok(())
}

#[instrument_event(ok_fields(|value| a: 1), fields(&b, self.c), root join, ode::name = "x")]
fn lists() {}

#[instrument_event(name = "a" "b", skip_if = true = false, "name", = 1)]
fn more_than_one() {}

fn main() {
    nothing_or_a_list();
    a_list_or_a_value();
    ill_typed();
    let _ = closures();
    lists();
    more_than_one();
}
