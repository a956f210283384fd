//! Attributes as the SDK has them: spans know fewer types than log records.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ode_core::{ToArray, Value};
use opentelemetry::logs::{AnyValue, LogRecord};
use opentelemetry::{Array, KeyValue, Value as SpanValue};
use opentelemetry_sdk::logs::SdkLogRecord;

use crate::otlp::encode::fields::Field;
use crate::otlp::encode::writer::Lists;

/// Takes the attributes of a span.
pub(crate) struct SpanAttributes(pub(crate) Vec<KeyValue>);

impl Lists for SpanAttributes {
    fn list(&mut self, _field: Field, items: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        items(self)
    }

    fn attribute(&mut self, _field: Field, key: &str, value: Value<'_>) -> Option<()> {
        self.0.extend(attribute(key, value));
        Some(())
    }
}

/// An attribute of a span or a resource, if there is a value.
pub(crate) fn attribute(key: &str, value: Value<'_>) -> Option<KeyValue> {
    span_value(value).map(|value| KeyValue::new(key.to_owned(), value))
}

/// Takes the attributes of a log record.
pub(crate) struct LogAttributes<'r>(pub(crate) &'r mut SdkLogRecord);

impl Lists for LogAttributes<'_> {
    fn list(&mut self, _field: Field, items: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        items(self)
    }

    fn attribute(&mut self, _field: Field, key: &str, value: Value<'_>) -> Option<()> {
        if let Some(value) = log_value(value) {
            self.0.add_attribute(key.to_owned(), value);
        }
        Some(())
    }
}

fn span_value(value: Value<'_>) -> Option<SpanValue> {
    Some(match value {
        Value::Absent => return None,
        Value::Bool(v) => v.into(),
        Value::I64(v) => v.into(),
        Value::U64(v) => integer(v).map_or_else(|| v.to_string().into(), SpanValue::from),
        Value::F64(v) => v.into(),
        Value::Str(v) => v.to_owned().into(),
        Value::Bytes(v) => STANDARD.encode(v).into(),
        Value::Duration(v) => nanos(v).into(),
        Value::Array(list) => SpanValue::Array(array(list)),
        // A kind that is added later is better shown than lost.
        other => format!("{other:?}").into(),
    })
}

/// A list of one type. Lists of ode have one; where one does not, all of it is text.
fn array(list: &dyn ToArray) -> Array {
    let mut items = Vec::new();
    list.for_each(&mut |item| items.extend(span_value(item)));
    let bools = each(&items, |item| if let SpanValue::Bool(v) = item { Some(*v) } else { None });
    let integers = each(&items, |item| if let SpanValue::I64(v) = item { Some(*v) } else { None });
    let floats = each(&items, |item| if let SpanValue::F64(v) = item { Some(*v) } else { None });
    let typed = bools.map(Array::Bool).or(integers.map(Array::I64)).or(floats.map(Array::F64));
    typed.unwrap_or_else(|| {
        Array::String(items.iter().map(|item| item.as_str().into_owned().into()).collect())
    })
}

/// The items as one type, if all of them are of it.
fn each<T>(items: &[SpanValue], of: impl Fn(&SpanValue) -> Option<T>) -> Option<Vec<T>> {
    items.iter().map(of).collect()
}

fn log_value(value: Value<'_>) -> Option<AnyValue> {
    Some(match value {
        Value::Absent => return None,
        Value::Bool(v) => v.into(),
        Value::I64(v) => v.into(),
        Value::U64(v) => integer(v).map_or_else(|| v.to_string().into(), AnyValue::from),
        Value::F64(v) => v.into(),
        Value::Str(v) => v.to_owned().into(),
        Value::Bytes(v) => v.into(),
        Value::Duration(v) => nanos(v).into(),
        Value::Array(list) => {
            let mut items = Vec::new();
            list.for_each(&mut |item| items.extend(log_value(item)));
            AnyValue::ListAny(Box::new(items))
        }
        other => format!("{other:?}").into(),
    })
}

fn integer(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

fn nanos(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Mixed;

    impl ToArray for Mixed {
        fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
            f(Value::Bool(true));
            f(Value::I64(-1));
            f(Value::Absent);
        }
    }

    #[test]
    fn a_span_has_lists_of_one_type() {
        let texts = |texts: &[&str]| {
            Array::String(texts.iter().map(|text| (*text).to_owned().into()).collect())
        };
        let none: &[i64] = &[];
        for (list, expected) in [
            (&[true, false] as &dyn ToArray, Array::Bool(vec![true, false])),
            (&[1_u64, 2], Array::I64(vec![1, 2])),
            (&[-1_i64], Array::I64(vec![-1])),
            (&[0.5], Array::F64(vec![0.5])),
            (&["a", ""], texts(&["a", ""])),
            (&Mixed, texts(&["true", "-1"])),
            (&none, Array::Bool(Vec::new())),
        ] {
            assert_eq!(array(list), expected);
        }
        assert_eq!(span_value(Value::Bytes(&[0, 255])), Some("AP8=".into()));
    }

    #[test]
    fn a_log_record_has_bytes_and_any_list() {
        assert_eq!(log_value(Value::Bytes(&[0, 255])), Some(AnyValue::from(&[0, 255][..])));
        let expected = vec![AnyValue::Boolean(true), AnyValue::Int(-1)];
        assert_eq!(log_value(Value::Array(&Mixed)), Some(AnyValue::ListAny(Box::new(expected))));
    }

    #[test]
    fn what_is_too_large_is_text() {
        let large = u64::MAX.to_string();
        assert_eq!(span_value(Value::U64(u64::MAX)), Some(large.clone().into()));
        assert_eq!(log_value(Value::U64(u64::MAX)), Some(large.into()));
    }
}
