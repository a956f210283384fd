//! Every type that can be a field value, and what is recorded of it.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ode_core::{OwnedValue, Sensitive, ToValue, Value, WideEvent, set};

use crate::support::capture;

/// What an event holds of a value recorded under `v`, whichever way it is recorded.
fn recorded(value: impl ToValue) -> Option<OwnedValue> {
    let events = capture();
    let mut event = WideEvent::builder("owned").start();
    event.set("v", &value);
    event.end();
    WideEvent::builder("static").run(|| set! { v = value });
    WideEvent::builder("dynamic").run(|| set! { ["v".to_owned()] = value });
    WideEvent::builder("shared").run(|| {
        ode_core::current().handle().set("v", &value).set("w", 1);
    });
    let [owned, fixed, dynamic, shared] =
        ["owned", "static", "dynamic", "shared"].map(|name| events.one(name).field("v").cloned());
    // By their `Debug` form: NaN equals nothing, not even itself.
    for other in [fixed, dynamic, shared] {
        assert_eq!(format!("{owned:?}"), format!("{other:?}"));
    }
    owned
}

macro_rules! assert_recorded {
    ($($value:expr => $expected:expr;)*) => {
        $(assert_eq!(recorded($value).expect(stringify!($value)), $expected, "{}", stringify!($value));)*
    };
}

#[test]
fn scalars() {
    assert_recorded! {
        true => true;
        false => false;
        i8::MIN => -128;
        i16::MIN => i64::from(i16::MIN);
        i32::MIN => i64::from(i32::MIN);
        i64::MIN => i64::MIN;
        isize::MIN => isize::MIN;
        u8::MAX => 255;
        u16::MAX => 65_535;
        u32::MAX => u32::MAX;
        u64::MAX => u64::MAX;
        usize::MAX => usize::MAX;
        0.5_f32 => 0.5;
        f64::MIN_POSITIVE => f64::MIN_POSITIVE;
        -0.0 => 0.0;
    }
}

#[test]
fn integers_stay_integers_and_floats_stay_floats() {
    assert!(matches!(recorded(u64::MAX), Some(OwnedValue::U64(u64::MAX))));
    assert!(matches!(recorded(-1), Some(OwnedValue::I64(-1))));
    assert!(matches!(recorded(3.0), Some(OwnedValue::F64(_))));
    assert_ne!(recorded(3), recorded(3.0));
}

#[test]
fn not_a_number_and_the_infinities_are_kept() {
    assert!(matches!(recorded(f64::NAN), Some(OwnedValue::F64(v)) if v.is_nan()));
    assert_recorded! {
        f64::INFINITY => f64::INFINITY;
        f64::NEG_INFINITY => f64::NEG_INFINITY;
    }
    let negative_zero = recorded(-0.0);
    assert!(matches!(negative_zero, Some(OwnedValue::F64(v)) if v.is_sign_negative()));
}

#[test]
fn text_in_every_wrapping() {
    let mut owned = String::from("mutable");
    assert_recorded! {
        "text" => "text";
        String::from("owned") => "owned";
        Cow::Borrowed("cow") => "cow";
        Cow::<str>::Owned("cow".to_owned()) => "cow";
        'ß' => "ß";
        Box::new("boxed") => "boxed";
        Box::<str>::from("boxed str") => "boxed str";
        Arc::<str>::from("shared") => "shared";
        Rc::new(7) => 7;
        &&&"referenced" => "referenced";
        &mut owned => "mutable";
        "" => "";
        "a\u{0}b\u{2028}\u{1b}[31m" => "a\u{0}b\u{2028}\u{1b}[31m";
        "日本語 👩‍👩‍👧" => "日本語 👩‍👩‍👧";
    }
}

#[test]
fn bytes_are_bytes_and_lists_are_lists() {
    let bytes = |bytes: &[u8]| OwnedValue::Bytes(bytes.to_vec());
    assert_recorded! {
        vec![0_u8, 255, 128] => bytes(&[0, 255, 128]);
        [1_u8, 2] => bytes(&[1, 2]);
        &[9_u8][..] => bytes(&[9]);
        Vec::<u8>::new() => bytes(&[]);
        Value::Bytes(b"\xff\xfe") => bytes(&[0xff, 0xfe]);
        vec![1, 2, 3] => [1, 2, 3];
        [true, false] => [true, false];
        &["a", "b"][..] => ["a", "b"];
        vec![0.5, f64::INFINITY] => [0.5, f64::INFINITY];
        vec![String::from("x")] => ["x"];
        vec![u64::MAX, 1] => [u64::MAX, 1];
        vec![vec![1_u8], vec![2, 3]] => [bytes(&[1]), bytes(&[2, 3])];
        Vec::<i64>::new() => OwnedValue::Array(Vec::new());
        vec![Some(1), None, Some(3)] => [1, 3];
        vec![Duration::from_nanos(5)] => [5];
        OwnedValue::Array(vec![OwnedValue::Bool(true)]) => [true];
    }
}

#[test]
fn options_are_absent_or_what_they_hold() {
    assert_eq!(recorded(None::<u64>), None);
    assert_eq!(recorded(Some(None::<&str>)), None);
    assert_eq!(recorded(Value::Absent), None);
    assert_recorded! { Some(Some("deep")) => "deep"; }
}

#[test]
fn display_and_debug_are_text() {
    assert_recorded! {
        Value::display(&format_args!("{}-{}", 1, 2)) => "1-2";
        Value::debug(&Some("x")) => "Some(\"x\")";
    }
}

#[test]
fn sensitive_values_are_masked() {
    assert_recorded! {
        Sensitive("4111 1111") => "[masked]";
        Sensitive(42) => "[masked]";
        Some(Sensitive(vec![1_u8])) => "[masked]";
    }
}

#[test]
fn a_type_of_ones_own() {
    struct UserId(u64);
    impl ToValue for UserId {
        fn to_value(&self) -> Value<'_> {
            self.0.to_value()
        }
    }
    assert_recorded! {
        UserId(7) => 7;
        vec![UserId(7), UserId(8)] => [7, 8];
    }
}

#[test]
fn durations_say_their_unit() {
    let events = capture();
    let key = String::from("dynamic");
    WideEvent::builder("unit").run(|| {
        set! {
            wait = Duration::from_micros(3),
            wait_ns = Duration::from_micros(4),
            [key] = Some(Duration::MAX),
            never = None::<Duration>,
        };
    });
    let event = events.one("unit");
    let keys: Vec<_> = event.fields().map(|(key, _)| key.to_owned()).collect();
    // `wait` and `wait_ns` are one field: the last write wins.
    assert_eq!(keys, ["wait_ns", "dynamic_ns"]);
    assert_eq!(event["wait_ns"], 4_000);
    assert_eq!(event["dynamic_ns"], u64::MAX);
}

#[test]
fn the_last_write_wins_at_the_position_of_the_first() {
    let events = capture();
    let dynamic = String::from("a");
    WideEvent::builder("unit").run(|| {
        set! { a = 1, b = 2, c = 3 };
        set! { [dynamic] = "text" };
        set! { b = 0.5, d = 4 };
        set! { c = None::<u64> };
        ode_core::current().set("d", false);
        set! { a = "last" };
    });
    let event = events.one("unit");
    let fields: Vec<_> =
        event.fields().map(|(key, value)| (key, value.to_owned_value().unwrap())).collect();
    assert_eq!(
        fields,
        [
            ("a", OwnedValue::Str("last".into())),
            ("b", OwnedValue::F64(0.5)),
            // Nothing is not a value: it overwrites none.
            ("c", OwnedValue::I64(3)),
            ("d", OwnedValue::Bool(false)),
        ]
    );
}

#[test]
fn a_run_time_key_may_overwrite_a_fixed_one() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { first = "padding" };
        set! { user.id = 1 };
        ode_core::current().set("user.id", 2);
        ode_core::current().set("other", 3);
        set! { other = 4 };
    });
    let event = events.one("unit");
    assert_eq!(event["user.id"], 2);
    assert_eq!(event["other"], 4);
    assert_eq!(event.field_count(), 3);
}
