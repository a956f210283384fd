//! Threads hand records over, a worker takes them away: nothing is lost, and no room either.

use std::time::Duration;

use loom::thread;

use crate::pipeline::queue::Overflow;
use crate::support::{Destination, check};

const LONG: Duration = Duration::from_secs(3_600);

/// Two threads with two records each, beside a worker that looks once.
#[test]
fn nothing_is_lost() {
    check(3, || {
        let to = Destination::new(64, 2, Overflow::DropNewest);
        let producers: Vec<_> = (0..2)
            .map(|number| {
                let to = to.clone();
                thread::spawn(move || {
                    to.record(number, number as u64 * 2);
                    to.record(number, number as u64 * 2 + 1);
                })
            })
            .collect();
        to.deliver();
        for producer in producers {
            producer.join().unwrap();
        }
        to.deliver();
        assert_eq!(to.at_rest(), (4, 0));
        assert_eq!(to.seen(), [0, 1, 2, 3]);
    });
}

/// What is dropped is counted, and there is no room that nobody has.
#[test]
fn overflow_is_counted() {
    check(3, || {
        let to = Destination::new(1, 1, Overflow::DropNewest);
        let other = to.clone();
        let producer = thread::spawn(move || {
            other.record(1, 0);
            other.record(1, 1);
        });
        to.record(0, 2);
        to.deliver();
        producer.join().unwrap();
        to.deliver();
        let (offered, dropped) = to.at_rest();
        assert_eq!(offered, 3);
        assert_eq!(to.seen().len() as u64, 3 - dropped);
        to.record(0, 3);
        to.deliver();
        assert!(to.seen().contains(&3), "there is room again");
    });
}

/// A thread that waits for room is woken by whoever makes some.
#[test]
fn room_is_not_waited_for_in_vain() {
    check(3, || {
        let to = Destination::new(1, 1, Overflow::BlockFor(LONG));
        to.record(0, 0);
        let other = to.clone();
        let waiting = thread::spawn(move || other.record(1, 1));
        to.deliver();
        waiting.join().unwrap();
        to.deliver();
        assert_eq!(to.at_rest(), (2, 0));
        assert_eq!(to.seen(), [0, 1]);
    });
}

/// After it was closed, and the worker has looked, nothing comes.
#[test]
fn nothing_comes_after_the_end() {
    check(3, || {
        let to = Destination::new(64, 1, Overflow::DropNewest);
        // Has leased all of the room, so that the other thread has to take it back.
        to.record(1, 2);
        let other = to.clone();
        let producer = thread::spawn(move || {
            other.record(0, 0);
            other.record(0, 1);
        });
        to.intake.close();
        to.deliver();
        let delivered = to.seen();
        producer.join().unwrap();
        assert_eq!(to.at_rest(), (3, 3 - delivered.len() as u64));
        assert_eq!(to.seen(), delivered);
    });
}

/// A thread that waits for room is let go by the end.
#[test]
fn nobody_waits_after_the_end() {
    check(3, || {
        let to = Destination::new(1, 1, Overflow::BlockFor(LONG));
        to.record(0, 0);
        let other = to.clone();
        let waiting = thread::spawn(move || other.record(1, 1));
        to.intake.close();
        waiting.join().unwrap();
        to.deliver();
        assert_eq!(to.at_rest(), (2, 1));
    });
}
