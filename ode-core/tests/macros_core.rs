//! The macros as a library meets them that depends on this crate alone: what they expand to names
//! `ode_core`, and nothing of `ode`.
#![cfg(all(feature = "macros", feature = "testing"))]

use futures::executor::block_on;
use ode_core::testing::capture;
use ode_core::{EventFields, WideEvent, instrument_event};

#[derive(EventFields)]
#[event(prefix = "chunk")]
struct Chunk {
    rows: u64,
    kind: Kind,
    #[event(nested)]
    codec: Codec,
}

#[derive(EventFields)]
struct Codec {
    name: &'static str,
}

#[derive(EventFields)]
enum Kind {
    Text,
}

#[instrument_event(fields(column.id = column), ok_fields(|rows| column.rows = rows))]
fn compact(column: u64) -> Result<u64, std::io::Error> {
    ode_core::incr! { calls };
    ode_core::append! { steps += "read" };
    Ok(ode_core::timed!("count", column * 2))
}

#[instrument_event(fields(column.id = column))]
async fn compact_later(column: u64) -> u64 {
    ode_core::set! { later = true };
    column
}

#[test]
fn the_attribute_finds_its_core() {
    let events = capture();
    assert!(compact(3).is_ok());
    assert_eq!(block_on(compact_later(4)), 4);
    let event = events.one("compact");
    assert_eq!(event["column.id"], 3);
    assert_eq!(event["column.rows"], 6);
    assert_eq!(event["calls"], 1);
    assert_eq!(event["timed.count.count"], 1);
    let event = events.one("compact_later");
    assert_eq!(event["column.id"], 4);
    assert_eq!(event["later"], true);
}

#[test]
fn the_derive_finds_its_core() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        ode_core::fields(&Chunk { rows: 1, kind: Kind::Text, codec: Codec { name: "lz4" } });
    });
    let event = events.one("unit");
    assert_eq!(event["chunk.rows"], 1);
    assert_eq!(event["chunk.kind"], "Text");
    assert_eq!(event["chunk.codec.name"], "lz4");
}
