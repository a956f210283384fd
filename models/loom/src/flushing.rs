//! Flush and stop through the door to a worker.

use std::time::Duration;

use loom::thread;

use crate::pipeline::queue::Overflow;
use crate::support::{Destination, check};

const LONG: Duration = Duration::from_secs(3_600);

#[test]
fn a_flush_covers_what_was_recorded_before() {
    check(3, || {
        let to = Destination::new(64, 64, Overflow::DropNewest);
        let worker = {
            let to = to.clone();
            thread::spawn(move || to.work())
        };
        to.record(0, 0);
        assert!(to.control.wait(to.control.ask_flush(1), LONG));
        assert_eq!(to.seen(), [0]);
        to.control.wait(to.control.ask_stop(1), LONG);
        worker.join().unwrap();
    });
}

#[test]
fn flush_and_stop_at_once_both_end() {
    check(3, || {
        let to = Destination::new(64, 64, Overflow::DropNewest);
        let worker = {
            let to = to.clone();
            thread::spawn(move || to.work())
        };
        let flusher = {
            let to = to.clone();
            thread::spawn(move || assert!(to.control.wait(to.control.ask_flush(1), LONG)))
        };
        to.record(0, 0);
        to.intake.close();
        assert!(to.control.wait(to.control.ask_stop(1), LONG));
        flusher.join().unwrap();
        worker.join().unwrap();
        assert_eq!(to.at_rest(), (1, 0));
        assert_eq!(to.seen(), [0]);
    });
}

/// A full chunk wakes the worker, whenever it looks.
#[test]
fn a_wake_is_not_lost() {
    check(3, || {
        let to = Destination::new(64, 1, Overflow::DropNewest);
        let worker = {
            let to = to.clone();
            thread::spawn(move || {
                to.control.register(thread::current());
                while !to.control.orders().woken {
                    thread::park();
                }
                to.deliver();
            })
        };
        to.record(0, 0);
        worker.join().unwrap();
        assert_eq!(to.seen(), [0]);
    });
}

/// Two threads with two records each, a worker, and a flush beside them.
#[test]
fn two_producers_a_worker_and_a_flush() {
    check(3, || {
        let to = Destination::new(64, 64, Overflow::DropNewest);
        let worker = {
            let to = to.clone();
            thread::spawn(move || to.work())
        };
        let producers = [0, 1].map(|number| {
            let to = to.clone();
            thread::spawn(move || {
                to.record(number, number as u64 * 2);
                to.record(number, number as u64 * 2 + 1);
            })
        });
        assert!(to.control.wait(to.control.ask_flush(1), LONG));
        for producer in producers {
            producer.join().unwrap();
        }
        assert!(to.control.wait(to.control.ask_stop(1), LONG));
        worker.join().unwrap();
        assert_eq!(to.seen(), [0, 1, 2, 3]);
        assert_eq!(to.at_rest(), (4, 0));
    });
}
