//! Where headers are read from and written to: maps and lists of text.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

/// The names of the three headers, in the form in which they are sent.
pub(super) const TRACEPARENT: &str = "traceparent";
pub(super) const TRACESTATE: &str = "tracestate";
pub(super) const BAGGAGE: &str = "baggage";

/// Something that headers can be read from.
///
/// ```
/// use ode_core::propagation::{Extract, extract};
///
/// /// A message of some queue, whose properties are bytes.
/// struct Message(Vec<(String, Vec<u8>)>);
///
/// impl Extract for Message {
///     fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
///         let of_name = self.0.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
///         of_name.for_each(|(_, value)| each(value));
///     }
/// }
///
/// let parent = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_vec();
/// let message = Message(vec![("Traceparent".to_owned(), parent)]);
/// assert!(extract(&message).trace_context().is_some());
/// ```
pub trait Extract {
    /// Calls `each` with every value of the header `name`, in the order in which they came.
    ///
    /// `name` is in lower case. Names of headers differ in case between senders, so compare
    /// without regard to it.
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8]));
}

/// Something that headers can be written to.
pub trait Inject {
    /// Sets the header `name`, which is in lower case, in the place of any it had.
    fn set(&mut self, name: &'static str, value: &str);

    /// Takes away what is there under `name`. Does nothing unless implemented, which is right for
    /// a carrier that is new for every call.
    ///
    /// A `tracestate` belongs to the `traceparent` beside it. If headers were copied from another
    /// request, the state of that one must not stay beside a new parent.
    fn remove(&mut self, name: &'static str) {
        let _ = name;
    }
}

/// A map has one value for each name. Two names that differ in case only are two headers, whose
/// order is the map's.
impl<S: BuildHasher> Extract for HashMap<String, String, S> {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        offer(self.iter(), name, each);
    }
}

impl Extract for BTreeMap<String, String> {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        offer(self.iter(), name, each);
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Extract for [(K, V)] {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        offer(self.iter().map(|(key, value)| (key, value)), name, each);
    }
}

impl<K: AsRef<str>, V: AsRef<str>, const N: usize> Extract for [(K, V); N] {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        self.as_slice().values(name, each);
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Extract for Vec<(K, V)> {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        self.as_slice().values(name, each);
    }
}

fn offer<'a, K: AsRef<str> + 'a, V: AsRef<str> + 'a>(
    pairs: impl Iterator<Item = (&'a K, &'a V)>,
    name: &str,
    each: &mut dyn FnMut(&[u8]),
) {
    for (key, value) in pairs {
        if key.as_ref().eq_ignore_ascii_case(name) {
            each(value.as_ref().as_bytes());
        }
    }
}

// A name left in another case would be a second header to whoever receives it, so all are replaced.

impl<S: BuildHasher> Inject for HashMap<String, String, S> {
    fn set(&mut self, name: &'static str, value: &str) {
        Inject::remove(self, name);
        self.insert(name.to_owned(), value.to_owned());
    }

    fn remove(&mut self, name: &'static str) {
        self.retain(|key, _| !key.eq_ignore_ascii_case(name));
    }
}

impl Inject for BTreeMap<String, String> {
    fn set(&mut self, name: &'static str, value: &str) {
        Inject::remove(self, name);
        self.insert(name.to_owned(), value.to_owned());
    }

    fn remove(&mut self, name: &'static str) {
        self.retain(|key, _| !key.eq_ignore_ascii_case(name));
    }
}

impl Inject for Vec<(String, String)> {
    fn set(&mut self, name: &'static str, value: &str) {
        Inject::remove(self, name);
        self.push((name.to_owned(), value.to_owned()));
    }

    fn remove(&mut self, name: &'static str) {
        self.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    }
}
