//! One side of a comparison: how it records a checkout, and what is measured of it.

use std::time::Duration;

use crate::cart::{Cart, carts};
use crate::measure;

/// What came out at the far end so far.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a bench's own")]
pub struct Arrived {
    /// How many events.
    pub events: usize,
    /// How many bytes, with all that envelopes them.
    pub bytes: usize,
}

/// One side of a comparison. Everything that is measured of it fails where an event is lost.
#[expect(clippy::exhaustive_structs, reason = "a bench's own")]
#[expect(missing_debug_implementations, reason = "it is made of closures")]
pub struct Side<'s, R, F> {
    /// Records a checkout.
    pub record: R,
    /// Waits until all that was recorded has arrived.
    pub flush: F,
    /// After how many events to flush, so that no queue fills.
    pub every: usize,
    /// What has arrived so far.
    pub arrived: &'s dyn Fn() -> Arrived,
    /// Checks that every cart arrives with the values that were recorded, when it is told to record
    /// each of them once; `None` where nothing is encoded.
    pub check: Option<Check<'s>>,
}

/// Gets what records every cart once, and the carts.
pub type Check<'s> = &'s dyn Fn(&mut dyn FnMut(), &[Cart]);

/// What is done with a side once it is set up.
pub trait Measure {
    /// Gives a figure.
    fn measure<R: FnMut(&Cart), F: FnMut()>(self, side: Side<'_, R, F>) -> f64;
}

/// Whole-process CPU per event over so many events, and the check of values.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a bench's own")]
pub struct Cpu(pub usize);

impl Measure for Cpu {
    fn measure<R: FnMut(&Cart), F: FnMut()>(self, mut side: Side<'_, R, F>) -> f64 {
        let figure = side.cpu(self.0, 4_096);
        side.check();
        figure
    }
}

impl<R: FnMut(&Cart), F: FnMut()> Side<'_, R, F> {
    /// Nanoseconds of all threads per event, the flushes among them.
    pub fn cpu(&mut self, units: usize, warm_up: usize) -> f64 {
        let carts = carts();
        self.run(&carts, warm_up);
        measure::measured_from();
        let before = measure::cpu();
        let taken = self.counted(units, |side| {
            side.run(&carts, units);
            measure::cpu()
        });
        (taken - before) / measure::count(units)
    }

    /// The median nanoseconds of the calling thread per event, back to back in batches of so many, a
    /// divisor of 64; flushes are not timed.
    pub fn hot(&mut self, units: usize, batch: usize) -> f64 {
        let carts = carts();
        self.run(&carts, 2 * self.every);
        let units = units.next_multiple_of(carts.len());
        self.counted(units, |side| {
            let (every, record) = (side.every, &mut side.record);
            let unit = |at: usize| record(&carts[at]);
            let figure = measure::hot_in(batch, units, every, unit, &mut side.flush);
            (side.flush)();
            figure
        })
    }

    /// The same with one event every so often.
    pub fn paced(&mut self, units: usize, pace: Duration) -> f64 {
        let carts = carts();
        self.run(&carts, 2 * self.every);
        self.counted(units, |side| {
            let (every, record) = (side.every, &mut side.record);
            let unit = |at: usize| record(&carts[at]);
            let figure = measure::paced(units, pace, unit, (every, &mut side.flush));
            (side.flush)();
            figure
        })
    }

    /// Records without a flush, so many as fit, then flushes: `around` gets what records.
    pub fn in_parts(&mut self, units: usize, mut around: impl FnMut(&mut dyn FnMut())) {
        let carts = carts();
        self.run(&carts, 2 * self.every);
        self.counted(units, |side| {
            for from in (0..units).step_by(side.every) {
                let record = &mut side.record;
                let until = units.min(from + side.every);
                around(&mut || (from..until).for_each(|at| record(&carts[at % carts.len()])));
                (side.flush)();
            }
        });
    }

    /// Flushes and all, after a warm-up, for those who count from outside: it does nothing else, and so
    /// does not look at what arrives.
    pub fn alone(&mut self, units: usize) {
        let carts = carts();
        self.run(&carts, 2 * self.every);
        measure::measured_from();
        self.run(&carts, units);
    }

    /// Flushes and all, after a warm-up: `around` gets what does it.
    pub fn whole(&mut self, units: usize, around: impl FnOnce(&mut dyn FnMut())) {
        let carts = carts();
        self.run(&carts, 2 * self.every);
        self.counted(units, |side| around(&mut || side.run(&carts, units)));
    }

    /// Records every cart once and has a look at what arrives.
    pub fn check(&mut self) {
        let carts = carts();
        if let Some(check) = self.check {
            check(&mut || self.run(&carts, carts.len()), &carts);
        }
    }

    /// Fails if fewer or more events arrive than are recorded meanwhile.
    fn counted<T>(&mut self, units: usize, during: impl FnOnce(&mut Self) -> T) -> T {
        let before = (self.arrived)().events;
        let result = during(self);
        assert_eq!((self.arrived)().events - before, units, "events that arrived");
        result
    }

    fn run(&mut self, carts: &[Cart], units: usize) {
        for at in 0..units {
            (self.record)(&carts[at % carts.len()]);
            if at % self.every == self.every - 1 {
                (self.flush)();
            }
        }
        (self.flush)();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A side with a queue, of which every `lost`th event is lost.
    fn with_side(lost: usize, measure: impl Measure) {
        let (sent, queued, arrived) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let side = Side {
            record: |_cart: &Cart| {
                sent.set(sent.get() + 1);
                queued.set(queued.get() + usize::from(sent.get() % lost != 0));
            },
            flush: || arrived.set(arrived.get() + queued.take()),
            every: 128,
            arrived: &|| Arrived { events: arrived.get(), bytes: 0 },
            check: None,
        };
        measure.measure(side);
    }

    /// Everything that counts what arrives, by number.
    struct Nth(usize);

    impl Measure for Nth {
        fn measure<R: FnMut(&Cart), F: FnMut()>(self, mut side: Side<'_, R, F>) -> f64 {
            match self.0 {
                0 => return side.cpu(300, 256),
                1 => return side.hot(300, 16),
                2 => return side.paced(300, Duration::from_nanos(1)),
                3 => side.in_parts(300, |part| part()),
                _ => side.whole(300, |part| part()),
            }
            0.0
        }
    }

    #[test]
    fn what_arrives_whole_is_measured() {
        (0..5).for_each(|nth| with_side(usize::MAX, Nth(nth)));
    }

    #[test]
    fn a_lost_event_fails_every_figure() {
        for nth in 0..5 {
            let failed = std::panic::catch_unwind(|| with_side(500, Nth(nth)));
            assert!(failed.is_err(), "figure {nth} lost an event and said nothing");
        }
    }
}
