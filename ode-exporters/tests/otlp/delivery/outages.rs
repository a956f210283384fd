//! Receivers that go away and come back, and that do not hold up each other.

use std::sync::Arc;
use std::time::Duration;

use ode_core::testing::TestPipeline;
use ode_core::{Batch, EventBuilder, Exporter, PipelineBuilder, Process, Queue, WideEvent, set};

use super::support::{Ledger, Sender, Way, numbers, told};
use crate::receiver::{Action, Options, Receiver, WATCHDOG};

#[test]
fn a_restart_of_the_receiver_loses_nothing() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    for way in Way::ALL {
        let before = told(&receiver).received().len();
        let sender = Sender::new(way.to(&receiver));
        assert_eq!(sender.send(5), Ledger::delivered(5), "{way:?}");
        receiver.down();
        sender.record(5..500);
        let since = sender.clock().clone();
        // A minute at least.
        for _ in 0..60 {
            since.advance(Duration::from_secs(1));
        }
        let waiting = sender.stats();
        assert_eq!(waiting.delivered, 5, "{way:?}");
        receiver.up();
        assert_eq!(sender.settled(), Ledger::delivered(500), "{way:?}");
        let arrived = told(&receiver).received().split_off(before);
        let mut arrived = numbers(&arrived);
        arrived.sort_unstable();
        assert_eq!(arrived, (0..500).collect::<Vec<_>>(), "{way:?}: each of them once");
    }
}

#[test]
fn a_connection_that_was_closed_meanwhile_costs_no_attempt() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let process = Arc::new(Process::new("b1").service("shop", "1"));
    let event = EventBuilder::new("unit").process(process).unix_time(1_767_225_600, 0).build();
    for way in Way::ALL {
        let mut otlp = way.to(&receiver);
        for _ in 0..3 {
            let result = otlp.export(&Batch::new(vec![event.clone()]));
            assert!(result.is_ok(), "{way:?}: {result:?}");
            receiver.down();
            receiver.up();
        }
    }
    assert_eq!(told(&receiver).received().len(), 9);
}

#[test]
fn a_receiver_that_is_not_there_yet_is_waited_for() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    receiver.down();
    for way in Way::ALL {
        let sender = Sender::new(way.to(&receiver));
        sender.record(0..5);
        let start = sender.stats();
        assert_eq!((start.offered, start.delivered), (5, 0));
        // The worker may have looked while they were recorded, and so have only some of them.
        sender.wait("it is being tried", |stats| stats.in_flight > 0);
        receiver.up();
        assert_eq!(sender.settled(), Ledger::delivered(5), "{way:?}");
        receiver.down();
    }
}

#[test]
fn a_slow_destination_does_not_delay_another() {
    let Some(slow) = Receiver::start(Options::default()) else { return };
    let Some(fast) = Receiver::start(Options::default()) else { return };
    for way in Way::ALL {
        slow.stand(way.side(), &Action::named("black_hole"));
        // On the world's clock: a flush of the one would otherwise wait for the other's time.
        let builder = PipelineBuilder::new(Process::new("b1").service("shop", "1"))
            .on_diagnostic(|_| ())
            .export_to(Queue::new(way.to(&slow)).name("slow"))
            .export_to(
                Queue::new(way.to(&fast)).name("fast").batch_delay(Duration::from_millis(1)),
            );
        let before = fast.requests().len();
        let pipeline = TestPipeline::start(builder).unwrap();
        for round in 1..=3 {
            pipeline.run(|| WideEvent::builder("unit").run(|| set! { n = round }));
            fast.wait_for(before + usize::try_from(round).unwrap());
        }
        let stats = pipeline.stats();
        let [stuck, free] = &stats.destinations[..] else { panic!("two destinations") };
        assert_eq!((stuck.delivered, stuck.offered), (0, 3), "{way:?}");
        assert_eq!(free.offered, 3, "{way:?}");
        // What is not delivered in time is said to be so, and the end comes in time.
        let end = pipeline.shutdown(Duration::from_millis(300));
        assert_eq!(end.undelivered, 3, "{way:?}");
        slow.stand(way.side(), &Action::ok());
    }
}

#[test]
fn a_request_on_hold_ends_with_the_answer() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    for way in Way::ALL {
        receiver.plan(way.side(), [Action::hold(Action::ok())]);
        let pipeline = TestPipeline::start(
            PipelineBuilder::new(Process::new("b1").service("shop", "1"))
                .export_to(way.to(&receiver)),
        )
        .unwrap();
        pipeline.run(|| WideEvent::builder("unit").run(|| set! { n = 1 }));
        let flushed = std::thread::scope(|scope| {
            let flushing = scope.spawn(|| pipeline.flush(WATCHDOG));
            // Taken from the plan, so it is on hold now.
            while receiver.stats().left(way.side()) > 0 {
                std::thread::yield_now();
            }
            receiver.release();
            flushing.join().unwrap()
        });
        assert!(flushed.is_complete(), "{way:?}");
        assert_eq!(pipeline.stats().destinations[0].delivered, 1, "{way:?}");
    }
}

#[test]
fn nobody_is_asked_again_before_the_time() {
    const DELAY: u32 = 3_000;
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    for (way, later) in [
        (Way::HttpProtobuf, Action::status(429).retry_after(&DELAY.to_string())),
        (Way::HttpJson, Action::status(503).retry_after(&DELAY.to_string())),
        (Way::Grpc, Action::code(8).retry_info(DELAY.into(), 0)),
        (Way::Grpc, Action::code(14).retry_info(DELAY.into(), 0)),
    ] {
        receiver.plan(way.side(), [later.clone()]);
        let sender = Sender::new(way.to(&receiver));
        sender.record(0..1);
        let mut waited = 0;
        while sender.stats().delivered == 0 {
            sender.clock().advance(Duration::from_secs(1));
            waited += 1;
            std::thread::yield_now();
            assert!(waited < 10_000_000, "{later:?}");
        }
        assert!(waited >= DELAY, "{later:?} after {waited} s");
    }
}
