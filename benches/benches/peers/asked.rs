//! What a process of its own is asked for: a figure of a case, over so many events.

use std::time::Duration;

use ode_benches::cart::Cart;
use ode_benches::measure::count;
use ode_benches::side::{Measure, Side};

use crate::cases::{CASES, Case};
use crate::common::counting::allocations;
use crate::lines::To;

/// A figure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Nanoseconds of the calling thread, back to back.
    Hot,
    /// The same with one event per 100 µs.
    Paced,
    /// Nanoseconds of all threads.
    Cpu,
    /// Nothing: instructions are counted from outside.
    Instructions,
    /// Allocations on the calling thread.
    Allocations,
    /// Allocations on all threads.
    AllAllocations,
    /// Bytes that arrive.
    Bytes,
    /// Nanoseconds of the calling thread while the library is off.
    Off,
}

use What::{AllAllocations, Allocations, Bytes, Cpu, Hot, Instructions, Off, Paced};

const ALL: [(What, &str); 8] = [
    (Hot, "hot"),
    (Paced, "paced"),
    (Cpu, "cpu"),
    (Instructions, "instructions"),
    (Allocations, "allocations"),
    (AllAllocations, "all allocations"),
    (Bytes, "bytes"),
    (Off, "off"),
];

impl What {
    /// The name of a case's figure.
    pub(crate) fn of(self, case: &Case) -> String {
        let name = ALL.iter().find(|(what, _)| *what == self).map(|(_, name)| *name);
        format!("{}: {}", name.expect("a name"), case.name)
    }

    /// Over how many events it is taken.
    pub(crate) fn units(self, case: &Case) -> usize {
        match self {
            Hot => 64_000 / case.weight,
            Cpu => 96_000 / case.weight,
            Allocations | AllAllocations | Instructions => 8_192 / case.weight,
            Paced => 4_000,
            Bytes => 1_024,
            Off => 64_000,
        }
    }
}

/// The child's part.
pub(crate) fn measure(name: &str, units: usize) -> f64 {
    let (what, case) = name.split_once(": ").expect("a figure of a case");
    let (what, _) = ALL.into_iter().find(|(_, name)| *name == what).expect("a known figure");
    let case = CASES.iter().find(|known| known.name == case).expect("a known case");
    if what == Off {
        return case.off.expect("it can be off")(units);
    }
    // A batch takes less than 100 µs.
    let batch = 64 / case.weight;
    (case.take)(Asked { what, units, batch })
}

#[derive(Clone, Copy)]
pub(crate) struct Asked {
    what: What,
    units: usize,
    batch: usize,
}

impl Asked {
    /// Where lines end: in a file where that is part of the figure.
    pub(crate) fn to(self) -> To {
        match self.what {
            Cpu | AllAllocations | Bytes | Instructions => To::File,
            Hot | Paced | Allocations | Off => To::Nowhere,
        }
    }
}

impl Measure for Asked {
    fn measure<R: FnMut(&Cart), F: FnMut()>(self, mut side: Side<'_, R, F>) -> f64 {
        let units = self.units;
        match self.what {
            Hot => side.hot(units, self.batch),
            Paced => side.paced(units, Duration::from_micros(100)),
            Cpu => {
                let warm_up = 2 * side.every;
                side.cpu(units, warm_up)
            }
            Instructions => {
                side.alone(units);
                f64::NAN
            }
            Allocations => {
                let mut here = 0;
                side.in_parts(units, |part| here += allocations(part).1);
                count(here) / count(units)
            }
            AllAllocations => {
                let mut all = 0;
                side.whole(units, |part| all = allocations(part).0);
                count(all) / count(units)
            }
            Bytes => {
                side.check();
                side.whole(units, |part| part());
                let arrived = (side.arrived)();
                count(arrived.bytes) / count(arrived.events)
            }
            Off => unreachable!("it needs no side"),
        }
    }
}
