//! When the worker is woken for what is handed over.

use std::cell::Cell;
use std::time::Duration;

use crate::event::finished::{Event, Head};
use crate::export::{Batch, ExportError, Exporter};
use crate::pipeline::intake::Intake;
use crate::pipeline::queue::Queue;
use crate::record::buffer::Buffer;
use crate::sync::Arc;

struct Null;

impl Exporter for Null {
    fn export(&mut self, _: &Batch) -> Result<(), ExportError> {
        Ok(())
    }
}

/// At which events, counted from 1, it was woken while so many were offered and nobody took any.
fn wakes(set: fn(Queue) -> Queue, events: u32) -> Vec<u32> {
    let intake = Intake::new(&set(Queue::new(Null)).settings);
    let head: Head = Event::empty(Arc::default()).head;
    let mut wakes = Vec::new();
    for event in 1..=events {
        let woken = Cell::new(false);
        intake.offer(0, &head, &Buffer::default(), || woken.set(true));
        wakes.extend(woken.get().then_some(event));
    }
    wakes
}

/// Waking costs more than a while of waiting, where the worker comes by soon anyhow.
#[test]
fn a_full_chunk_waits_for_another_one() {
    assert_eq!(wakes(|queue| queue, 2_000), [1_024, 1_536]);
    assert_eq!(wakes(|queue| queue.batch_events(1_000), 2_000), [1_024, 1_536]);
    assert_eq!(wakes(|queue| queue.capacity(4_096).capacity_bytes(8 << 20), 1_100), [1_024]);
}

#[test]
fn it_does_not_wait_long_nor_where_two_are_much() {
    assert_eq!(wakes(|queue| queue.batch_delay(Duration::from_millis(100)), 1_100), [1_024]);
    assert_eq!(wakes(|queue| queue.batch_delay(Duration::from_millis(101)), 1_100), [512, 1_024]);
    assert_eq!(wakes(|queue| queue.capacity(4_095), 1_100), [512, 1_024]);
    assert_eq!(wakes(|queue| queue.capacity_bytes((8 << 20) - 4), 1_100), [512, 1_024]);
    assert_eq!(wakes(|queue| queue.batch_events(511), 1_100), [511, 1_022]);
    assert_eq!(wakes(|queue| queue.batch_events(2), 6), [2, 4, 6]);
    assert_eq!(wakes(|queue| queue.capacity(4), 4), [2, 4]);
}
