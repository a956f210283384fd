//! Instrumentation is code, so it is tested: `cargo test --example testing`.
//!
//! What to notice:
//! - `capture()` holds this test's events only, so tests run in parallel as they always do.
//! - No set-up, no files, no waiting: when the work is done, its event is there.
//! - Work that was declined is as easy to test as work that was done.
//! - An assertion on a missing field prints the event that was there.

#[ode::instrument_event(fields(order.id = order))]
fn ship(order: u64, items: &[&str]) -> Result<usize, std::io::Error> {
    if items.is_empty() {
        ode::decline("nothing_to_ship");
        return Ok(0);
    }
    let labels = ode::timed!("print.labels", print_labels(items)?);
    ode::set! { order.items = items.len(), order.labels = labels };
    Ok(labels)
}

fn print_labels(items: &[&str]) -> Result<usize, std::io::Error> {
    if items.contains(&"piano") {
        return Err(std::io::Error::other("the printer is out of paper"));
    }
    Ok(items.len())
}

fn main() -> Result<(), ode::SetupError> {
    let _ode = ode::init(ode::build_info!())?;
    assert_eq!(ship(7, &["book", "pen"]).ok(), Some(2));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipped_order_says_how_many_items_it_had() {
        let events = ode::testing::capture();
        ship(7, &["book", "pen"]).unwrap();
        let event = events.one("ship");
        assert_eq!(event.outcome(), "ok");
        assert_eq!(event["order.id"], 7);
        assert_eq!(event["order.items"], 2);
        assert_eq!(event["timed.print.labels.count"], 1);
    }

    #[test]
    fn an_empty_order_is_declined_and_says_why() {
        let events = ode::testing::capture();
        assert_eq!(ship(8, &[]).unwrap(), 0);
        let event = events.one("ship");
        assert_eq!(event.outcome(), "declined");
        assert_eq!(event["declined.reason"], "nothing_to_ship");
    }

    #[test]
    fn a_failed_order_carries_the_error() {
        let events = ode::testing::capture();
        ship(9, &["piano"]).unwrap_err();
        let event = events.one("ship");
        assert_eq!(event.outcome(), "error");
        assert_eq!(event["error.message"], "the printer is out of paper");
    }

    #[test]
    fn work_on_another_thread_joins_when_asked() {
        let events = ode::testing::capture();
        std::thread::scope(|scope| {
            scope.spawn(ode::in_event(|| ship(10, &["pen"]).unwrap()));
        });
        assert_eq!(events.one("ship")["order.id"], 10);
    }
}
