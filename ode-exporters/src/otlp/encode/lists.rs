//! Lists seen in another way: nothing is copied.

use ode_core::{ToArray, Value};

/// The elements as decimal text, where they are unsigned integers.
pub(crate) struct AsText<'l>(pub(crate) &'l dyn ToArray);

impl ToArray for AsText<'_> {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        self.0.for_each(&mut |item| match item {
            Value::U64(number) => f(Value::Str(itoa::Buffer::new().format(number))),
            Value::I64(number) => f(Value::Str(itoa::Buffer::new().format(number))),
            other => f(other),
        });
    }
}

/// The elements, each cut to a number of characters or bytes.
pub(crate) struct Cut<'l>(pub(crate) &'l dyn ToArray, pub(crate) usize);

impl ToArray for Cut<'_> {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        self.0.for_each(&mut |item| f(cut_scalar(item, self.1)));
    }
}

/// A text cut to a number of characters, a byte value to a number of bytes.
pub(crate) fn cut_scalar(value: Value<'_>, max: usize) -> Value<'_> {
    match value {
        Value::Str(text) => Value::Str(cut_text(text, max)),
        Value::Bytes(bytes) => Value::Bytes(bytes.get(..max).unwrap_or(bytes)),
        other => other,
    }
}

fn cut_text(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = text.char_indices().nth(max).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}

/// The largest integer of OTLP.
const MAX: u64 = i64::MAX as u64;

/// Whether an integer, or one of a list, is too large for OTLP.
pub(crate) fn is_large(value: Value<'_>) -> bool {
    match value {
        Value::U64(number) => number > MAX,
        Value::Array(list) => {
            let mut large = false;
            list.for_each(&mut |item| large |= matches!(item, Value::U64(n) if n > MAX));
            large
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list: &dyn ToArray) -> String {
        format!("{:?}", Value::Array(list))
    }

    #[test]
    fn numbers_as_text() {
        assert_eq!(shown(&AsText(&[0, u64::MAX])), "[\"0\", \"18446744073709551615\"]");
    }

    #[test]
    fn cut_by_characters_and_bytes() {
        assert_eq!(shown(&Cut(&["añb", "añ", ""], 2)), "[\"añ\", \"añ\", \"\"]");
        assert_eq!(cut_scalar(Value::Bytes(&[1, 2, 3]), 2), Value::Bytes(&[1, 2]));
        assert_eq!(cut_scalar(Value::Str("🦀🦀"), 1), Value::Str("🦀"));
        assert_eq!(cut_scalar(Value::Str("a"), 0), Value::Str(""));
        assert_eq!(cut_scalar(Value::U64(1_000), 1), Value::U64(1_000));
    }

    #[test]
    fn large_integers() {
        for (value, large) in [
            (Value::U64(MAX), false),
            (Value::U64(MAX + 1), true),
            (Value::Array(&[0, MAX]), false),
            (Value::Array(&[u64::MAX, 0]), true),
            (Value::I64(-1), false),
            (Value::Array(&[-1_i64]), false),
        ] {
            assert_eq!(is_large(value), large, "{value:?}");
        }
    }
}
