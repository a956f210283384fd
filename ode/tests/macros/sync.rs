//! `#[instrument_event]` on plain functions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ode::instrument_event;
use ode::testing::capture;

#[instrument_event(fields(user.id = user, user.len = user.len()))]
fn greet(user: &str, _loud: bool) -> usize {
    ode::set! { greeting.kind = "morning" };
    inner();
    user.len()
}

#[instrument_event]
fn inner() {}

struct Path<T>(T);

struct Shop {
    name: &'static str,
}

impl Shop {
    #[instrument_event(
        name = "shop.open",
        fields(cart.id = cart, shop = self.name, first),
        ok_fields(|opened| order.id = opened.0, order.doubled = opened.0 * 2)
    )]
    fn open(
        &mut self,
        Path(cart): Path<u64>,
        [first, ..]: [u8; 2],
    ) -> Result<(u64, &mut Self), String> {
        if cart == 0 {
            return Err("no cart".into());
        }
        Ok((cart + u64::from(first), self))
    }
}

#[test]
fn one_call_is_one_event() {
    let events = capture();
    assert_eq!(greet("ada", true), 3);
    let event = events.one("greet");
    assert_eq!(event.outcome(), "ok");
    assert_eq!(event["user.id"], "ada");
    assert_eq!(event["user.len"], 3);
    assert_eq!(event["greeting.kind"], "morning");
    assert!(event.get("_loud").is_none());
    assert_eq!(events.all().len(), 2);
}

#[test]
fn units_nest_by_call() {
    let events = capture();
    greet("ada", false);
    let (outer, inner) = (events.one("greet"), events.one("inner"));
    assert_eq!(inner.parent_span_id(), Some(outer.trace_context().span_id()));
    assert_eq!(inner.trace_context().trace_id(), outer.trace_context().trace_id());
}

#[test]
fn arguments_and_results_are_read_by_reference() {
    let events = capture();
    let mut shop = Shop { name: "corner" };
    assert!(shop.open(Path(7), [1, 2]).is_ok_and(|(id, _)| id == 8));
    let event = events.one("shop.open");
    assert_eq!(event["cart.id"], 7);
    assert_eq!(event["shop"], "corner");
    assert_eq!(event["first"], 1);
    assert_eq!(event["order.id"], 8);
    assert_eq!(event["order.doubled"], 16);
}

#[test]
fn ok_fields_are_for_an_ok() {
    let events = capture();
    assert!(Shop { name: "corner" }.open(Path(0), [1, 2]).is_err());
    let event = events.one("shop.open");
    assert_eq!(event.outcome(), "error");
    assert_eq!(event["error.message"], "no cart");
    assert!(event.get("order.id").is_none());
}

#[instrument_event(ok_fields(|count| counted = count))]
fn plain_result() -> u64 {
    5
}

#[test]
fn ok_fields_of_what_is_no_result_see_all_of_it() {
    let events = capture();
    plain_result();
    assert_eq!(events.one("plain_result")["counted"], 5);
}

#[instrument_event(fields(before = true))]
fn panics() -> u8 {
    panic!("on purpose")
}

#[test]
fn a_panic_closes_the_unit() {
    let events = capture();
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let event = events.one("panics");
    assert_eq!(event.outcome(), "panicked");
    assert_eq!(event["before"], true);
}

#[instrument_event]
fn declines() {
    ode::decline("empty")
}

#[test]
fn the_body_may_say_the_outcome() {
    let events = capture();
    declines();
    let event = events.one("declines");
    assert_eq!(event.outcome(), "declined");
    assert_eq!(event["declined.reason"], "empty");
}

#[instrument_event(fields(parsed = text.parse::<u8>()?))]
fn field_fails(text: &str) -> Result<(), std::num::ParseIntError> {
    Ok(())
}

#[test]
fn a_field_that_leaves_the_function_leaves_the_unit_in_order() {
    let events = capture();
    assert!(field_fails("x").is_err());
    let event = events.one("field_fails");
    assert_eq!(event.outcome(), "error");
    assert_eq!(event["error.message"], "invalid digit found in string");
}

#[instrument_event(fields(n))]
fn recursive(n: u64) -> u64 {
    if n == 0 { 0 } else { 1 + recursive(n - 1) }
}

#[test]
fn every_call_of_a_recursion_is_its_own_unit() {
    let events = capture();
    assert_eq!(recursive(3), 3);
    assert_eq!(events.all().len(), 4);
}
