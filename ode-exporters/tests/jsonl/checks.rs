//! What must hold for any bytes that are read as lines. The targets in `fuzz/` check the same.

use ode_exporters::jsonl::{self, ReadError, parse_line};

/// Reads bytes as a file. Every line is an event or an error that says which line it is about and
/// where; and what is read is written as a line that says the same.
pub(crate) fn lines(bytes: &[u8]) {
    let all = bytes.split(|byte| *byte == b'\n');
    let blank = |line: &[u8]| line.trim_ascii().is_empty();
    let mut numbered = all.enumerate().filter(|(_, line)| !blank(line));
    for read in jsonl::read(bytes) {
        let (at, line) = numbered.next().expect("no more results than lines");
        match read {
            Ok(event) => {
                assert!(parse_line(line).is_ok(), "alone it is none: {:?}", line.escape_ascii());
                let mut written = Vec::new();
                jsonl::encode(&event, &mut written);
                one_line(&written);
            }
            Err(error) => {
                error_is_about(&error, at + 1, line);
                assert!(parse_line(line).is_err(), "alone it is one: {:?}", line.escape_ascii());
            }
        }
    }
    assert_eq!(numbered.next(), None, "a line that nothing was said of");
}

/// What was written is one line of JSON, and written again after it was read it is the same.
pub(crate) fn one_line(written: &[u8]) {
    let body = written.strip_suffix(b"\n").expect("a newline at the end");
    let text = std::str::from_utf8(body).expect("UTF-8");
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.is_object()));
    let again = parse_line(written).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut second = Vec::new();
    jsonl::encode(&again, &mut second);
    assert_eq!(text.as_bytes(), second.strip_suffix(b"\n").expect("a newline"), "{text}");
}

fn error_is_about(error: &ReadError, number: usize, line: &[u8]) {
    let text = error.to_string();
    assert_eq!(error.line(), number as u64, "{text}");
    assert!(text.starts_with(&format!("line {number} ")), "{text}");
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(text.len() < 1_000, "{text}");
    let column = error.column().unwrap_or(1);
    assert!((1..=line.len() + 1).contains(&column), "{text}");
}
