//! How calls are recorded, as the layer was told.

use std::fmt;
use std::sync::Arc;

use ode_core::UnitName;

use super::request::RequestHead;
use crate::tower::caught::caught;

/// What a layer was told.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub(super) shape: Shape,
    pub(super) name: Name,
    pub(super) capture_query: bool,
    pub(super) send_baggage: bool,
}

/// What a call leaves behind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A total on the current unit, under this name.
    Timed(&'static str),
    /// A unit of its own.
    Child,
}

type Namer = dyn Fn(&RequestHead<'_>) -> UnitName + Send + Sync;

/// What a unit of its own is named.
#[derive(Clone)]
pub(super) enum Name {
    ByMethod,
    Fixed(UnitName),
    By(Arc<Namer>),
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByMethod => f.write_str("ByMethod"),
            Self::Fixed(name) => fmt::Debug::fmt(name, f),
            Self::By(_) => f.write_str("By(..)"),
        }
    }
}

impl Recording {
    /// What a layer does that was told nothing.
    pub(super) const fn new() -> Self {
        Self {
            shape: Shape::Timed("http.client"),
            name: Name::ByMethod,
            capture_query: false,
            send_baggage: false,
        }
    }

    /// The name of a call's own unit.
    pub(super) fn name_of(&self, head: &RequestHead<'_>) -> UnitName {
        let by_method = || head.known_method().unwrap_or("HTTP").into();
        match &self.name {
            Name::ByMethod => by_method(),
            Name::Fixed(name) => *name,
            Name::By(namer) => caught(|| namer(head)).unwrap_or_else(by_method),
        }
    }
}
