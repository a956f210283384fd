//! T7: values that never stop formatting themselves, on threads with a small stack. What is written is
//! cut; what recurses without writing, or without minding errors, is beyond help.

use std::fmt::{self, Debug, Display, Formatter};
use std::mem::ManuallyDrop;
use std::thread::Builder;

use ode::WideEvent;

use crate::roles::{LONG, argument};
use crate::support::{ARGUMENT, field, one, program, run};

const SMALL_STACK: usize = 256 << 10;
const DEEP: usize = 1_000_000;

/// Shows itself inside itself, as a parent does that shows its children who show their parent.
struct Endless;

impl Debug for Endless {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("endless(")?;
        self.fmt(f)?;
        f.write_str(")")
    }
}

/// The same by what `derive` writes.
#[derive(Debug)]
struct Chain {
    #[expect(dead_code, reason = "it is shown")]
    number: usize,
    next: Option<Box<Self>>,
}

fn chain() -> ManuallyDrop<Chain> {
    let mut chain = Chain { number: 0, next: None };
    for number in 1..DEEP {
        chain = Chain { number, next: Some(Box::new(chain)) };
    }
    // It would be dropped level by level, too.
    ManuallyDrop::new(chain)
}

/// As deep, shown by a loop.
struct Flat;

impl Display for Flat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (0..DEEP).try_for_each(|_| f.write_str("["))?;
        (0..DEEP).try_for_each(|_| f.write_str("]"))
    }
}

/// A GiB, whatever the writer says to it.
struct Deaf;

impl Debug for Deaf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let part = "x".repeat(1 << 20);
        for _ in 0..1 << 10 {
            let _deaf = f.write_str(&part).is_err();
        }
        Ok(())
    }
}

/// A GiB in one piece, byte by byte, as long as it is taken.
struct Long;

impl Display for Long {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (0..1_u32 << 30).try_for_each(|_| f.write_str("y"))
    }
}

fn record(what: &str) {
    WideEvent::builder("unit").run(|| {
        ode::set! { before = 1_u64 };
        match what {
            "endless" => ode::set! { value = ?Endless },
            "chain" => {
                let chain = chain();
                assert!(chain.next.is_some());
                ode::set! { value = ?*chain };
            }
            "flat" => ode::set! { value = %Flat },
            "deaf" => ode::set! { value = ?Deaf },
            "long" => ode::set! { value = %Long },
            other => panic!("{other}"),
        }
        ode::set! { after = 2_u64 };
    });
}

pub(crate) fn role() {
    let guard = ode::init(ode::build_info!()).unwrap();
    let what = argument();
    let thread = Builder::new().stack_size(SMALL_STACK).spawn(move || record(&what)).unwrap();
    thread.join().unwrap();
    let end = guard.shutdown(LONG);
    say!("delivered: {} {}", end.delivered, peak_megabytes());
}

/// The most memory that this process ever had.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes >> 10
}

#[test]
fn formatters_that_never_end_are_cut() {
    for (what, begins) in [
        ("endless", "endless(endless("),
        ("chain", "Chain { number: 999999, next: Some(Chain { number: 999998"),
        ("flat", "[[[["),
        ("deaf", "xxxx"),
        ("long", "yyyy"),
    ] {
        let left =
            run(program("formats_without_end").env("ODE_OUTPUT", "stdout").env(ARGUMENT, what));
        left.assert_success();
        let events = left.events();
        let unit = one(&events, "unit");
        let value = field(unit, "value").unwrap().to_string();
        assert!(value.starts_with(begins) && value.len() <= 64 << 10, "{what}: {}", value.len());
        assert!(
            field(unit, "ode.truncated_fields").unwrap().to_string().contains("value"),
            "{what}"
        );
        assert_eq!(field(unit, "before").unwrap(), 1);
        assert_eq!(field(unit, "after").unwrap(), 2);
        let told = left.told("delivered").split_once(' ').unwrap();
        assert_eq!(told.0, "3", "{what}");
        // The chain itself takes most of it.
        assert!(told.1.parse::<u64>().unwrap() < 200, "{what}: {} MiB", told.1);
    }
}
