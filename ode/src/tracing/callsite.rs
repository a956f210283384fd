//! What is known of callsites that have spoken: worked out once for each, and then found without a
//! lock.

use std::sync::{Arc, OnceLock};

use ::tracing::Metadata;
use ::tracing::field::Field;
use ode_core::integration;
use ode_core::macro_support::Key;

use crate::tracing::key::Names;
use crate::tracing::message::introduce;

/// One callsite, seen from a layer. It is known by where it is, because it lives as long as the
/// process.
#[derive(Debug)]
pub(super) struct Callsite {
    metadata: &'static Metadata<'static>,
    /// In the order of the callsite.
    fields: Box<[(&'static str, Seen)]>,
    /// What begins its messages, after the time.
    pub(super) introduction: String,
}

/// What a field is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    /// Recorded under this.
    Field(&'static Key),
    /// What an event says, unless a span says it.
    Message,
    /// To be looked at every time.
    Other,
}

impl Callsite {
    #[cold]
    fn of(metadata: &'static Metadata<'static>, names: &Names) -> Self {
        let see = |name: &'static str| match name {
            "message" => Seen::Message,
            name if Names::are_taken(name) => Seen::Other,
            name => {
                let key = integration::key(&format!("{}{name}", names.prefix));
                key.map_or(Seen::Other, Seen::Field)
            }
        };
        let fields = metadata.fields().iter().map(|field| (field.name(), see(field.name())));
        let mut introduction = String::new();
        // A string takes everything.
        introduce(*metadata.level(), metadata.target(), &mut introduction).ok();
        Self { metadata, fields: fields.collect(), introduction }
    }

    /// What one of its fields is.
    #[inline]
    pub(super) fn see(&self, field: &Field) -> Seen {
        match self.fields.get(field.index()) {
            // Values of another callsite's fields can be put into an event by hand.
            Some((name, seen)) if std::ptr::eq(*name, field.name()) => *seen,
            _ => Seen::Other,
        }
    }
}

/// Callsites that a layer has seen, as many as there is room for.
#[derive(Clone, Debug)]
pub(super) struct Callsites(Arc<[OnceLock<Callsite>]>);

/// Room for so many.
const PLACES: usize = 512;
/// A callsite is in one of so many places, or not kept.
const TRIES: usize = 8;

impl Default for Callsites {
    fn default() -> Self {
        Self((0..PLACES).map(|_| OnceLock::new()).collect())
    }
}

impl Callsites {
    /// What is known of a callsite; `None` where there is no room for it.
    #[inline]
    pub(super) fn get(
        &self,
        metadata: &'static Metadata<'static>,
        names: &Names,
    ) -> Option<&Callsite> {
        let first = place(metadata);
        match self.0.get(first).and_then(OnceLock::get) {
            Some(known) if std::ptr::eq(known.metadata, metadata) => Some(known),
            _ => self.look_up(first, metadata, names),
        }
    }

    #[inline(never)]
    fn look_up(
        &self,
        first: usize,
        metadata: &'static Metadata<'static>,
        names: &Names,
    ) -> Option<&Callsite> {
        let places = (first..first + TRIES).filter_map(|at| self.0.get(at % PLACES));
        let mut known = places.map(|place| place.get_or_init(|| Callsite::of(metadata, names)));
        known.find(|known| std::ptr::eq(known.metadata, metadata))
    }
}

#[inline]
fn place(metadata: &'static Metadata<'static>) -> usize {
    let at = std::ptr::from_ref(metadata).addr() / align_of::<Metadata<'static>>();
    (at ^ (at >> 9) ^ (at >> 18)) % PLACES
}

#[cfg(test)]
mod tests {
    use ::tracing::Level;
    use tracing_core::field::FieldSet;
    use tracing_core::identify_callsite;
    use tracing_core::metadata::Kind;
    use tracing_core::subscriber::Interest;

    use super::*;

    struct Nobody;

    impl tracing_core::Callsite for Nobody {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            unreachable!("nobody registers it")
        }
    }

    static NOBODY: Nobody = Nobody;

    fn metadata(fields: &'static [&'static str]) -> &'static Metadata<'static> {
        let fields = FieldSet::new(fields, identify_callsite!(&NOBODY));
        let metadata =
            Metadata::new("event", "shop", Level::INFO, None, None, None, fields, Kind::EVENT);
        Box::leak(Box::new(metadata))
    }

    fn name_of(seen: Seen) -> &'static str {
        match seen {
            Seen::Field(_) => "field",
            Seen::Message => "message",
            Seen::Other => "other",
        }
    }

    #[test]
    fn what_the_fields_of_a_callsite_are() {
        for (prefix, field, expected) in [
            ("seen.", "rows", "field"),
            ("seen.", "error.type", "field"),
            ("seen.", "message", "message"),
            ("seen.", "message.x", "other"),
            ("seen.", "warn_count", "other"),
            ("", "error.type", "other"),
            ("", "rows", "field"),
        ] {
            let (names, callsites) = (Names::below(prefix), Callsites::default());
            let one = metadata(Box::leak(Box::new([field])));
            for _ in 0..2 {
                let seen = callsites.get(one, &names).unwrap();
                let found = seen.see(&one.fields().field(field).unwrap());
                assert_eq!(name_of(found), expected, "{prefix}{field}");
            }
            // A field of some other callsite at the same place is not taken for this one.
            let other = metadata(&["columns"]).fields().field("columns").unwrap();
            assert_eq!(name_of(callsites.get(one, &names).unwrap().see(&other)), "other");
        }
    }

    #[test]
    fn a_callsite_is_kept_or_not_and_stays_so() {
        let (names, callsites) = (Names::below("kept."), Callsites::default());
        let all: Vec<_> = (0..PLACES + 100).map(|_| metadata(&["rows"])).collect();
        let kept = || all.iter().map(|one| callsites.get(one, &names).is_some());
        let first: Vec<bool> = kept().collect();
        assert_eq!(first, kept().collect::<Vec<_>>());
        assert!(first.contains(&true) && first.contains(&false));
        for one in &all {
            if let Some(known) = callsites.get(one, &names) {
                assert!(std::ptr::eq(known.metadata, *one));
            }
        }
    }
}
