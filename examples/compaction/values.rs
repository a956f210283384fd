//! The present values of one column chunk, in the form in which they are stored.

use crate::column_type::{
    ColumnType, parse_bool, parse_date, parse_datetime, parse_float64, parse_int64,
};

/// Which rows are missing is kept beside the values, in a bitmap that compaction leaves alone.
#[derive(Debug, PartialEq)]
pub(crate) enum Values<'v> {
    /// Numbers, days since the epoch or microseconds since the epoch.
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Bools(Vec<bool>),
    Texts(Vec<&'v str>),
}

/// The form of [`Values`] without the values: what a reader knows from the table's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integers,
    Floats,
    Bools,
    Texts,
}

impl<'v> Values<'v> {
    /// All values as `column_type`. One that does not fit is left out, so look for misfits first.
    pub(crate) fn parse(column_type: ColumnType, present: &[&'v str]) -> Self {
        fn all<T>(present: &[&str], parse: fn(&str) -> Option<T>) -> Vec<T> {
            present.iter().filter_map(|value| parse(value)).collect()
        }
        match column_type {
            ColumnType::Int64 => Self::Integers(all(present, parse_int64)),
            ColumnType::Date => Self::Integers(all(present, parse_date)),
            ColumnType::Datetime => Self::Integers(all(present, parse_datetime)),
            ColumnType::Float64 => Self::Floats(all(present, parse_float64)),
            ColumnType::Bool => Self::Bools(all(present, parse_bool)),
            ColumnType::VarString => Self::Texts(present.to_vec()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Integers(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Bools(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Integers(_) => Kind::Integers,
            Self::Floats(_) => Kind::Floats,
            Self::Bools(_) => Kind::Bools,
            Self::Texts(_) => Kind::Texts,
        }
    }
}
