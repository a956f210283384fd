//! Trace context of processes: read from our own variables, set for a command.

use std::ffi::OsString;
use std::process::Command;

use super::carrier::{BAGGAGE, Extract, Inject, TRACEPARENT, TRACESTATE};
use super::incoming::{Incoming, extract};

/// What whoever started this process said: the variables `TRACEPARENT`, `TRACESTATE` and `BAGGAGE`.
///
/// As with every carrier nothing is believed yet; for a command run by a service or a build of
/// ours, [`trust_remote_context(true)`](Incoming::trust_remote_context) is the usual answer.
///
/// ```
/// let parent = ode_core::propagation::environment().trust_remote_context(true).parent();
/// # let _ = parent;
/// ```
pub fn environment() -> Incoming {
    extract(&Environment::default())
}

/// The variables of this process as a carrier; [`environment`] reads all of them.
///
/// A header's name is looked up in capitals, with `_` for what a variable's name can't hold. A
/// variable that is not UTF-8 counts as not set.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Environment;

impl Extract for Environment {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        if let Some(Ok(value)) = std::env::var_os(variable(name)).map(OsString::into_string) {
            each(value.as_bytes());
        }
    }
}

/// A child process inherits our variables, so what is not sent is taken away.
impl Inject for Command {
    fn set(&mut self, name: &'static str, value: &str) {
        // Such a value would make the command fail to start.
        if !value.contains('\0') {
            self.env(variable(name), value);
        }
    }

    fn remove(&mut self, name: &'static str) {
        self.env_remove(variable(name));
    }
}

/// The name of the variable for a header: letters, digits and `_`, not beginning with a digit.
fn variable(name: &str) -> String {
    match name {
        TRACEPARENT => "TRACEPARENT".to_owned(),
        TRACESTATE => "TRACESTATE".to_owned(),
        BAGGAGE => "BAGGAGE".to_owned(),
        _ => {
            let digit_first = name.starts_with(|first: char| first.is_ascii_digit());
            let allowed =
                |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
            let prefix = if digit_first || name.is_empty() { "_" } else { "" };
            prefix.chars().chain(name.chars().map(allowed)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn names_of_variables() {
        for (header, expected) in [
            ("traceparent", "TRACEPARENT"),
            ("tracestate", "TRACESTATE"),
            ("baggage", "BAGGAGE"),
            ("x-request.id", "X_REQUEST_ID"),
            ("2nd", "_2ND"),
            ("a=b\0é", "A_B__"),
            ("", "_"),
        ] {
            assert_eq!(variable(header), expected, "{header:?}");
        }
    }
}
