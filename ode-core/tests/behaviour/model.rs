//! Random sequences of writes, compared with a model so simple that it is right by inspection.

use ode_core::testing::Capture;
use ode_core::{
    EventHandle, Limits, OwnedValue, WideEvent, append, current, incr, set, set_inherited,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::capture_with;

const KEYS: [&str; 5] = ["a", "b.c", "größe", "d", "e"];

#[derive(Clone, Copy, Debug)]
enum How {
    Static,
    Dynamic,
    Handle,
}

#[derive(Clone, Debug)]
enum Step {
    Set(How, usize, Data),
    SetInherited(How, usize, Data),
    Incr(How, usize, u64),
    Append(How, usize, Data),
}

#[derive(Clone, Debug)]
enum Data {
    Number(u64),
    Text(String),
    Flag(bool),
    List(Vec<u64>),
    Nothing,
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        any::<u32>().prop_map(|n| Data::Number(n.into())),
        "[a-zé]{0,12}".prop_map(Data::Text),
        any::<bool>().prop_map(Data::Flag),
        vec(0..9_u64, 0..3).prop_map(Data::List),
        Just(Data::Nothing),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let how = || prop_oneof![Just(How::Static), Just(How::Dynamic), Just(How::Handle)];
    let key = || 0..KEYS.len();
    prop_oneof![
        4 => (how(), key(), data()).prop_map(|(how, key, data)| Step::Set(how, key, data)),
        1 => (how(), key(), data()).prop_map(|(how, key, data)| Step::SetInherited(how, key, data)),
        3 => (how(), key(), 0..1_000_u64).prop_map(|(how, key, by)| Step::Incr(how, key, by)),
        3 => (how(), key(), data()).prop_map(|(how, key, data)| Step::Append(how, key, data)),
    ]
}

impl Data {
    fn value(&self) -> Option<OwnedValue> {
        match self {
            Self::Number(n) => Some(OwnedValue::U64(*n)),
            Self::Text(text) => Some(OwnedValue::Str(text.clone())),
            Self::Flag(flag) => Some(OwnedValue::Bool(*flag)),
            Self::List(list) => {
                Some(OwnedValue::Array(list.iter().map(|n| OwnedValue::U64(*n)).collect()))
            }
            Self::Nothing => None,
        }
    }
}

/// What the event must hold: keys in the order they first appeared.
#[derive(Default)]
struct Model(Vec<(&'static str, OwnedValue)>);

impl Model {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Set(_, key, data) | Step::SetInherited(_, key, data) => {
                if let Some(value) = data.value() {
                    self.entry(*key, &value).clone_from(&value);
                }
            }
            Step::Incr(_, key, by) => {
                let known = self.entry(*key, &OwnedValue::U64(0));
                let sum = if let OwnedValue::U64(n) = known { *n + by } else { *by };
                *known = OwnedValue::U64(sum);
            }
            Step::Append(_, key, data) => {
                let Some(value) = data.value() else { return };
                let known = self.entry(*key, &OwnedValue::Array(Vec::new()));
                let mut list = flat(known);
                list.extend(flat(&value));
                *known = OwnedValue::Array(common(list));
            }
        }
    }

    fn entry(&mut self, key: usize, first: &OwnedValue) -> &mut OwnedValue {
        let key = KEYS[key];
        let at = self.0.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            self.0.push((key, first.clone()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

fn flat(value: &OwnedValue) -> Vec<OwnedValue> {
    match value {
        OwnedValue::Array(items) => items.clone(),
        scalar => vec![scalar.clone()],
    }
}

/// Elements of one type; of different types, text. (Numbers here are all of one type.)
fn common(list: Vec<OwnedValue>) -> Vec<OwnedValue> {
    let kind = std::mem::discriminant::<OwnedValue>;
    if list.windows(2).all(|pair| kind(&pair[0]) == kind(&pair[1])) {
        return list;
    }
    list.iter().map(|item| OwnedValue::Str(item.to_string())).collect()
}

fn perform(step: &Step, handle: &EventHandle) {
    let (Step::Set(how, ..)
    | Step::SetInherited(how, ..)
    | Step::Incr(how, ..)
    | Step::Append(how, ..)) = step;
    match how {
        How::Static => statically(step),
        How::Dynamic => dynamically(step),
        // As another task would, through the side record.
        How::Handle => handle.run(|| dynamically(step)),
    }
}

fn dynamically(step: &Step) {
    match step {
        Step::Set(_, key, data) => drop(current().set(KEYS[*key], data.value())),
        Step::SetInherited(_, key, data) => set_inherited! { [KEYS[*key]] = data.value() },
        Step::Incr(_, key, by) => incr! { [KEYS[*key]] += *by },
        Step::Append(_, key, data) => append! { [KEYS[*key]] += data.value() },
    }
}

fn statically(step: &Step) {
    macro_rules! by_key {
        ($key:expr, $macro:ident $op:tt $value:expr) => {
            match $key {
                0 => $macro! { a $op $value },
                1 => $macro! { b.c $op $value },
                2 => $macro! { "größe" $op $value },
                3 => $macro! { d $op $value },
                _ => $macro! { "e" $op $value },
            }
        };
    }
    match step {
        Step::Set(_, key, data) => by_key!(*key, set = data.value()),
        Step::SetInherited(_, key, data) => by_key!(*key, set_inherited = data.value()),
        Step::Incr(_, key, by) => by_key!(*key, incr += *by),
        Step::Append(_, key, data) => by_key!(*key, append += data.value()),
    }
}

fn check(steps: &[Step], limits: Limits) {
    let events = capture_with(Capture::builder().limits(limits));
    let mut model = Model::default();
    WideEvent::builder("unit").run(|| {
        let handle = current().handle();
        for step in steps {
            perform(step, &handle);
            model.apply(step);
        }
    });
    let event = events.one("unit");
    let found: Vec<_> =
        event.fields().map(|(key, value)| (key, value.to_owned_value().unwrap())).collect();
    assert_eq!(found, model.0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_holds_what_was_written(steps in vec(step(), 0..80)) {
        check(&steps, Limits::default());
    }

    /// The same when the record is cleaned up every few writes.
    #[test]
    fn clean_ups_change_nothing(steps in vec(step(), 0..80)) {
        // Room for the five fields and lists of eighty; next to none for what was overwritten.
        check(&steps, Limits::default().fields(64).event_bytes(4_000));
    }
}
