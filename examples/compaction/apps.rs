//! Whose data a chunk is.

use std::borrow::Cow;
use std::num::NonZeroUsize;

/// The apps whose data the table holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Apps {
    One(String),
    /// `app-001`, `app-002`, … up to this many, dealt out like cards: the table does not say.
    Many(NonZeroUsize),
}

impl Apps {
    /// The app that the chunk of this number belongs to; chunks are numbered from 0.
    pub(crate) fn of_chunk(&self, number: usize) -> Cow<'_, str> {
        match self {
            Self::One(app) => Cow::Borrowed(app),
            Self::Many(count) => Cow::Owned(format!("app-{:03}", number % count.get() + 1)),
        }
    }

    /// Whom all of the table belongs to, if it is one.
    pub(crate) fn owner(&self) -> Option<&str> {
        match self {
            Self::One(app) => Some(app),
            Self::Many(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_dealt_out_in_turn() {
        let apps = Apps::Many(NonZeroUsize::new(2).unwrap());
        let dealt: Vec<_> = (0..3).map(|number| apps.of_chunk(number)).collect();
        assert_eq!(dealt, ["app-001", "app-002", "app-001"]);
        assert_eq!(apps.owner(), None);

        let one = Apps::One("warehouse".to_owned());
        assert_eq!((one.of_chunk(7), one.owner()), ("warehouse".into(), Some("warehouse")));
    }
}
