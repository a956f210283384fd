//! The checkout event by everybody: ode, its peers, and the limits, in one run.
//!
//! `cargo bench -p ode-benches --bench peers --features peers` prints tables for the README: what the
//! calling thread pays, what the whole process pays for lines in a file or for OTLP, and what each
//! library cannot express. All record the same carts: eight fields at the start, ten in a nested
//! function, six at the end. Every figure is taken in a process of its own; rounds are interleaved over
//! all cases, and `PEERS_ROUNDS` says how many; a ratio is the median of the rounds' ratios. Queues are
//! drained before they can fill: not timed where the calling thread is measured, timed in the CPU of
//! the process. Every event has to arrive, with the values that were recorded, else the bench fails.
//! Instructions are counted over all threads by callgrind where valgrind is installed.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench prints what it measured"
)]
#![expect(missing_docs, clippy::exhaustive_enums, reason = "what `wide_log!` expands to")]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clocks it measures with")]

wide_log::wide_log!({
    "name": null,
    "span_id": null,
    "cart.id": null,
    "user.id": null,
    "user.country": null,
    "user.returning": null,
    "http.route": null,
    "http.version": null,
    "cart.items": null,
    "cart.total_cents": null,
    "price.currency": null,
    "price.coupon": null,
    "price.rate": null,
    "price.discount": null,
    "price.model": null,
    "risk.score": null,
    "risk.blocked": null,
    "ship.weight_g": null,
    "ship.shard": null,
    "ship.parcels": null,
    "order.id": null,
    "order.state": null,
    "order.lines": null,
    "payment.attempts": null,
    "payment.captured": null,
    "payment.total_cents": null,
});

mod asked;
mod by_emit;
mod by_fastrace;
mod by_hand;
mod by_metrique;
mod by_ode;
mod by_otel;
mod by_slog;
mod by_tracing;
mod by_wide_event;
mod by_wide_log;
mod cases;
mod checked;
#[path = "../common/mod.rs"]
mod common;
mod lines;
mod notes;
mod price;
mod tables;

use std::fs;

use ode_benches::figures::answered;

use crate::common::counting::Counting;
use crate::common::server;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    if server::was_server() || answered(asked::measure) {
        return;
    }
    let rounds =
        std::env::var("PEERS_ROUNDS").map_or(5, |rounds| rounds.parse().expect("a number"));
    let folders = lines::all_folders();
    // What a run that was ended left.
    drop(fs::remove_dir_all(&folders));
    tables::print(rounds);
    fs::remove_dir_all(&folders).expect("it is ours");
}
