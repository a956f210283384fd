//! Whether the lines that arrived are the checkouts, in the form that each library has.

use ode_benches::cart::Cart;
use ode_benches::side::{Measure, Side};
use serde_json::Value;

use crate::common::checked::expected;
use crate::lines;

/// Measures what writes JSON lines to this process's sink: after how many events to flush, how to
/// flush, and how to record.
pub(crate) fn through_lines(
    measure: impl Measure,
    every: usize,
    record: impl FnMut(&Cart),
    mut flush: impl FnMut(),
) -> f64 {
    let flush = || {
        flush();
        lines::flush();
    };
    let checked = |record_all: &mut dyn FnMut(), carts: &[Cart]| {
        let before = lines::arrived().events;
        record_all();
        check(&lines::behind(before), carts);
    };
    let (arrived, check) = (&lines::arrived, Some(&checked as _));
    let figure = measure.measure(Side { record, flush, every, arrived, check });
    lines::remove();
    figure
}

fn check(lines: &[String], carts: &[Cart]) {
    assert_eq!(lines.len(), carts.len(), "lines");
    let mut events: Vec<_> = lines.iter().map(|line| flat(line)).collect();
    for cart in carts {
        let of = |event: &Vec<(String, Value)>| is(field(event, "cart.id"), &cart.id);
        let at = events.iter().position(of).expect("a line of each cart");
        let event = events.swap_remove(at);
        for (key, value) in expected(cart) {
            assert!(is(field(&event, key), &value), "{key} is {value} in {event:?}");
        }
    }
}

/// The values of a line, each under the keys that lead to it.
fn flat(line: &str) -> Vec<(String, Value)> {
    fn add(path: &str, value: Value, to: &mut Vec<(String, Value)>) {
        let Value::Object(members) = value else {
            to.push((path.to_owned(), value));
            return;
        };
        for (key, value) in members {
            let path = if path.is_empty() { key } else { format!("{path}.{key}") };
            add(&path, value, to);
        }
    }
    let mut values = Vec::new();
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert!(line.is_object(), "an object");
    add("", line, &mut values);
    values
}

/// The one value under a key: at the top, below `fields` or `span`, or with a unit.
fn field<'e>(event: &'e [(String, Value)], key: &str) -> Option<&'e Value> {
    let this = |path: &str| {
        let path = path.strip_suffix(".value").unwrap_or(path);
        let within = ["fields.", "span.", "metrics.", "properties."];
        let inner = within.iter().find_map(|prefix| path.strip_prefix(prefix));
        inner.unwrap_or(path) == key
    };
    let mut found = event.iter().filter(|(path, _)| this(path));
    let value = found.next().map(|(_, value)| value);
    assert!(found.next().is_none(), "{key} is there once in {event:?}");
    value
}

/// Whether it is this value. A library may write a bool as a number, and lose the last digit of a
/// float.
fn is(value: Option<&Value>, expected: &str) -> bool {
    match value {
        Some(Value::String(text)) => text == expected,
        Some(Value::Bool(value)) => value.to_string() == expected,
        Some(Value::Number(number)) => {
            let expected = match expected {
                "true" => 1.0,
                "false" => 0.0,
                number => number.parse().unwrap_or(f64::NAN),
            };
            number
                .as_f64()
                .is_some_and(|number| (number - expected).abs() <= 1e-12 * expected.abs())
        }
        _ => false,
    }
}
