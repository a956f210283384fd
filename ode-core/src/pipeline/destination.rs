//! One destination as its threads share it: intake, control, ledger.

use crate::event::finished::Head;
use crate::pipeline::control::Control;
use crate::pipeline::intake::Intake;
use crate::pipeline::ledger::{DestinationStats, Dropped, WorkerLedger};
use crate::pipeline::queue::QueueSettings;
use crate::pipeline::sampling::{Fate, Share};
use crate::record::buffer::Buffer;
use crate::sync::Ordering;

#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) settings: QueueSettings,
    pub(crate) share: Share,
    pub(crate) intake: Intake,
    pub(crate) control: Control,
    pub(crate) ledger: WorkerLedger,
}

impl Destination {
    pub(crate) fn new(settings: QueueSettings) -> Self {
        let intake = Intake::new(&settings);
        let share = settings.share.unwrap_or(Share::All);
        Self {
            settings,
            share,
            intake,
            control: Control::default(),
            ledger: WorkerLedger::default(),
        }
    }

    /// Hands a finished record over, and wakes the worker when it has something to do.
    #[inline]
    pub(crate) fn offer(&self, thread: usize, head: &Head, buffer: &Buffer) {
        let wake = || self.control.wake();
        match self.share.decide(head, buffer) {
            Fate::Plain => self.intake.offer(thread, head, buffer, wake),
            Fate::Kept(sample_rate) => {
                self.intake.offer(thread, &Head { sample_rate, ..*head }, buffer, wake);
            }
            Fate::SampledOut => self.intake.sample_out(thread),
        }
    }

    pub(crate) fn dropped(&self) -> Dropped {
        let mut dropped = Dropped::default();
        self.ledger.dropped.add_to(&mut dropped);
        self.intake.dropped.add_to(&mut dropped);
        dropped
    }

    /// Everything dropped so far, for a report; the next drop wakes the worker again.
    pub(crate) fn take_drops(&self) -> Dropped {
        let mut dropped = Dropped::default();
        self.ledger.dropped.add_to(&mut dropped);
        self.intake.take_drops(&mut dropped);
        dropped
    }

    pub(crate) fn stats(&self) -> DestinationStats {
        // In the order in which events move: an event on its way is seen twice rather than missed.
        let intake = self.intake.stats();
        let in_flight = self.ledger.in_flight.load(Ordering::SeqCst);
        DestinationStats {
            name: self.settings.name.clone(),
            offered: intake.offered,
            delivered: self.ledger.delivered.load(Ordering::Relaxed),
            sampled_out: intake.sampled_out,
            rejected: self.ledger.rejected.load(Ordering::Relaxed),
            dropped: self.dropped(),
            queued: intake.queued,
            in_flight,
            spooled: 0,
        }
    }
}
