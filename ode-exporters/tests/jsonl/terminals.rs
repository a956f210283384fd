//! T50: no control character of the data reaches a terminal, as JSON or in the pretty form.

use ode_core::{Batch, EventBuilder, Exporter, Process, Value};
use ode_exporters::{JsonLines, Pretty};

use crate::support::{Shared, newlines};

const ATTACKS: &[&str] = &[
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    "\u{9b}31m",
    "\x07\x08\x7f\r\n",
    "\u{202e}gnp.exe",
    "\u{2066}\u{2069}\u{200f}",
    "ok\r12:00:00.000Z ok  all is well",
];

fn attack() -> Batch {
    let process = Process::new(ATTACKS.concat()).host_name(ATTACKS.concat());
    let mut builder = EventBuilder::new(ATTACKS.concat()).process(process.into());
    for attack in ATTACKS {
        builder = builder
            .field(attack, Value::Str(attack))
            .field(&format!("{attack}.list"), Value::Array(&ATTACKS))
            .field(&format!("{attack}.shown"), Value::Display(attack));
    }
    Batch::new(vec![builder.build()])
}

#[track_caller]
fn check(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let bidi = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let raw = text.chars().find(|c| *c != '\n' && (c.is_control() || bidi(*c)));
    assert_eq!(raw, None, "{text:?}");
}

#[test]
fn as_json_lines() {
    let shared = Shared::default();
    JsonLines::writer(shared.clone()).export(&attack()).unwrap();
    check(&shared.bytes());
    assert_eq!(newlines(&shared.bytes()), 1);
}

#[test]
fn as_the_pretty_form() {
    let shared = Shared::default();
    Pretty::writer(shared.clone()).export(&attack()).unwrap();
    check(&shared.bytes());
    let text = String::from_utf8(shared.bytes()).unwrap();
    let heads = text.lines().filter(|line| !line.starts_with("    ")).count();
    assert_eq!(heads, 1, "data looks like an event:\n{text}");
}

#[test]
fn colour_is_ours_alone() {
    let shared = Shared::default();
    Pretty::writer(shared.clone()).colour(true).export(&attack()).unwrap();
    let text = String::from_utf8(shared.bytes()).unwrap();
    assert_eq!(text.matches('\x1b').count(), 4, "the outcome and the name, on and off");
}
