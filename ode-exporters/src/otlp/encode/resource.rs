//! [`Resource`]: what all events of a process have in common.

use ode_core::{Process, Value};

use crate::otlp::encode::budget::Overhead;
use crate::otlp::encode::fields::{request, resource, scope};
use crate::otlp::encode::names;
use crate::otlp::encode::writer::Writer;

/// Attributes of the resource beside those of the process.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    extra: Vec<(String, String)>,
}

impl Resource {
    /// More attributes, as of `OTEL_RESOURCE_ATTRIBUTES`. Of two with one key the later one counts;
    /// what the process itself says is not overwritten.
    pub fn new(extra: Vec<(String, String)>) -> Self {
        let mut kept: Vec<(String, String)> = Vec::with_capacity(extra.len());
        for (key, value) in extra.into_iter().filter(|(key, _)| !key.is_empty()) {
            match kept.iter_mut().find(|(known, _)| *known == key) {
                Some((_, earlier)) => *earlier = value,
                None => kept.push((key, value)),
            }
        }
        Self { extra: kept }
    }

    /// Every attribute, each key once.
    pub(crate) fn attributes<'a>(
        &'a self,
        process: &'a Process,
    ) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let named = |key: &str| process.fields().any(|(known, _)| known == key);
        let extra = move |key: &str| self.extra.iter().any(|(known, _)| known == key);
        let ours = [
            (names::SDK_NAME, "ode"),
            (names::SDK_LANGUAGE, "rust"),
            (names::SDK_VERSION, env!("CARGO_PKG_VERSION")),
        ];
        let nameless = !named(names::SERVICE_NAME) && !extra(names::SERVICE_NAME);
        let service = nameless.then_some((names::SERVICE_NAME, Value::Str("unknown_service")));
        let free = move |(key, _): &&'a (String, String)| {
            !named(key) && !ours.iter().any(|(known, _)| known == key)
        };
        let extra = self.extra.iter().filter(free);
        process
            .fields()
            .map(|(key, value)| -> (&'a str, Value<'a>) { (key, value) })
            .chain(service)
            .chain(ours.map(|(key, text)| (key, Value::Str(text))))
            .chain(extra.map(|(key, text)| (key.as_str(), Value::Str(text))))
    }

    /// Puts the field `resource`.
    pub(crate) fn put<'m, 'r, W: Writer<'m, 'r>>(
        &self,
        process: &Process,
        writer: &mut W,
    ) -> Option<()> {
        writer.message(request::RESOURCE, |writer| {
            writer.list(resource::ATTRIBUTES, |writer| {
                self.attributes(process)
                    .try_for_each(|(key, value)| writer.attribute(resource::ATTRIBUTES, key, value))
            })
        })
    }

    /// What a receiver counts that stores them with every record.
    pub(crate) fn overhead(&self, process: &Process) -> Overhead {
        let mut sum = Overhead::default();
        for (key, value) in self.attributes(process) {
            let length = if let Value::Str(text) = value { text.len() } else { 10 };
            sum.attributes += 1;
            sum.bytes += key.len() + length;
        }
        sum
    }
}

/// Puts the field `scope`.
pub(crate) fn put_scope<'m, 'r, W: Writer<'m, 'r>>(writer: &mut W) -> Option<()> {
    writer.message(request::SCOPE, |writer| {
        writer.text(scope::NAME, "ode")?;
        writer.text(scope::VERSION, env!("CARGO_PKG_VERSION"))
    })
}
