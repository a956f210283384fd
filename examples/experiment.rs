//! Old code against new on the same input: the weekend of a rewrite, from shadow to live.
//!
//! What to notice:
//! - Control answers, and its caller never waits for the candidate: that runs on threads of ode's, in a
//!   unit of its own, linked to the one that asked.
//! - A mismatch is a path, a kind and a fingerprint. Ten thousand of one kind are one line below.
//! - What an answer may differ in is said where the answers are compared: a tolerance, and a path.
//! - Both sides return a plan. It is compared as data, and one place acts on it, once.
//! - Every trial is accounted for: what did not run says why.
//!
//! ```text
//! cargo run --example experiment > events.jsonl
//! jq -r 'select(."experiment.invoice.match" == false) | ."experiment.invoice.exemplars"[]' events.jsonl
//! ```

#![expect(clippy::print_stderr, reason = "the ledger is for the terminal")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ode::{Diff, Experiment, MemoryFlags, Stage};

/// What is to be done, as data: what each customer is charged, in cents.
type Invoice = BTreeMap<String, i64>;

#[derive(Clone, Debug)]
struct Order {
    customer: u64,
    cents: Arc<[i64]>,
}

static INVOICE: Experiment =
    Experiment::new("invoice").max_concurrent(2).max_queue(1_000).noise_control(0.1);

/// A cent of rounding is no difference, and neither is when it was made.
static RULES: Diff = Diff::new().absolute(1.0).ignore("made_at");

fn old(order: &Order) -> Invoice {
    let net: i64 = order.cents.iter().sum();
    invoice(net, net * 19 / 100)
}

/// Rounds where the old code cuts, and forgets that credit notes are negative.
fn new(order: &Order) -> Invoice {
    ode::set! { order.customer = order.customer };
    let net: i64 = order.cents.iter().map(|cents| cents.abs()).sum();
    invoice(net, (net * 19 + 50) / 100)
}

fn invoice(net: i64, tax: i64) -> Invoice {
    let made_at = i64::from(std::process::id());
    [("net", net), ("tax", tax), ("made_at", made_at)]
        .map(|(key, cents)| (key.to_owned(), cents))
        .into()
}

#[ode::instrument_event(name = "checkout", fields(order.customer = order.customer))]
fn checkout(order: &Order) -> i64 {
    let plan = INVOICE.on(order).diff(&RULES).run(old, new);
    charge(&plan)
}

/// The one place that acts.
fn charge(plan: &Invoice) -> i64 {
    let total = plan.get("net").unwrap_or(&0) + plan.get("tax").unwrap_or(&0);
    ode::set! { charged.cents = total };
    total
}

fn main() -> Result<(), ode::SetupError> {
    let flags = MemoryFlags::new().with("invoice", Stage::Shadow);
    let guard = ode::setup(ode::build_info!()).flags(flags.clone()).init()?;

    let orders = (0..300).map(|customer| {
        // One in fifty has a credit note.
        let second = if customer % 50 == 49 { -250 } else { 250 };
        Order { customer, cents: Arc::from([1_995, second]) }
    });
    for order in orders {
        if order.customer == 200 {
            // Now the new code answers, and the old one is its check.
            flags.set("invoice", Stage::Live);
        }
        checkout(&order);
    }

    // Only a program that is about to end waits for the other side.
    INVOICE.settle(Duration::from_secs(10));
    guard.shutdown(Duration::from_secs(10)); // the ledger is the event `ode.experiment.status`, too
    eprintln!("{}", INVOICE.stats());
    for (fingerprint, mismatches) in INVOICE.stats().fingerprints {
        eprintln!("mismatch {fingerprint:016x}: {mismatches}");
    }
    Ok(())
}
