//! Time that stands still.

pub(crate) enum Clock {
    System,
}

impl Clock {
    pub(crate) fn now(&self) -> u64 {
        match self {
            Self::System => 0,
        }
    }
}
