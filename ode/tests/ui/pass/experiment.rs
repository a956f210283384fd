//! Trials in every shape that must compile.
use std::cell::Cell;
use std::io;
use std::sync::Arc;

use ode::{Experiment, Stage};

static CODEC: Experiment = Experiment::new("codec").default_stage(Stage::Live);

struct Store {
    rows: Vec<u64>,
}

impl Store {
    fn sum(&mut self, factor: &u64) -> u64 {
        // `self` is borrowed: inline.
        CODEC.run_inline(|| self.rows.iter().sum::<u64>() * factor, || self.rows.len() as u64)
    }
}

fn generic<I, T>(input: &I, old: fn(&I) -> T, new: fn(&I) -> T) -> T
where
    I: Clone + Send + 'static,
    T: PartialEq + Clone + Send + 'static,
{
    CODEC.on(input).run(old, new)
}

fn fallible(text: &String) -> io::Result<u64> {
    let parse = |text: &String| text.parse::<u64>().map_err(io::Error::other);
    CODEC.on(text).compare_errors(io::Error::kind).run(parse, parse)
}

fn is_send<F: Future + Send>(future: F) -> F {
    future
}

async fn not_sync(n: u64) -> u64 {
    let client = Arc::new(n);
    let other = Arc::clone(&client);
    CODEC
        .on(&Cell::new(n))
        .run_async(
            async move |n: Cell<u64>| n.get() + *client,
            async move |n: Cell<u64>| n.get() + *other,
        )
        .await
}

fn main() {
    assert_eq!(Store { rows: vec![1, 2] }.sum(&2), 6);
    assert_eq!(generic(&7_u64, |n| *n, |n| *n), 7);
    assert_eq!(fallible(&"7".to_owned()).unwrap(), 7);
    drop(is_send(not_sync(7)));
    let sum: u64 = (0..3)
        .map(|n| CODEC.on(&n).enabled_if(n > 1).ignore(|_, _, _| true).run(|n| *n, |n| *n))
        .sum();
    assert_eq!(sum, 3);
}
