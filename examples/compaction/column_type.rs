//! What a column holds: the narrowest type that nearly all of its values fit.

use jiff::{Timestamp, civil::Date};

/// The types that this storage engine knows, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ode::EventFields)]
#[event(rename_all = "lowercase")]
pub(crate) enum ColumnType {
    Int64,
    Float64,
    Bool,
    Date,
    Datetime,
    VarString,
}

/// A column has a type when at least this share of its values fits. The others are bad values, or
/// the column is not what it looks like; either way the chunk that holds them says so.
const FITTING_PERCENT: usize = 70;

const NARROW_TYPES: [ColumnType; 5] = [
    ColumnType::Int64,
    ColumnType::Float64,
    ColumnType::Bool,
    ColumnType::Date,
    ColumnType::Datetime,
];

impl ColumnType {
    /// The type of a column with these values; one without any value is a `VarString`.
    pub(crate) fn infer<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let mut total = 0;
        let mut fitting = [0_usize; NARROW_TYPES.len()];
        for value in values {
            total += 1;
            for (column_type, count) in NARROW_TYPES.iter().zip(&mut fitting) {
                *count += usize::from(column_type.fits(value));
            }
        }
        // Every int64 is a float64 as well, so the best fit wins and narrowness breaks the tie.
        let mut best = (Self::VarString, 0);
        for (column_type, count) in NARROW_TYPES.into_iter().zip(fitting) {
            if count > best.1 && count * 100 >= total * FITTING_PERCENT {
                best = (column_type, count);
            }
        }
        best.0
    }

    /// Whether `value` can be stored as this type and read back with the same meaning.
    pub(crate) fn fits(self, value: &str) -> bool {
        match self {
            Self::Int64 => parse_int64(value).is_some(),
            Self::Float64 => parse_float64(value).is_some(),
            Self::Bool => parse_bool(value).is_some(),
            Self::Date => parse_date(value).is_some(),
            Self::Datetime => parse_datetime(value).is_some(),
            Self::VarString => true,
        }
    }
}

/// `007` is a label, not the number 7: storing it as an integer would lose its zeros.
pub(crate) fn parse_int64(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let padded = digits.len() > 1 && digits.starts_with('0');
    if padded || !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    value.parse().ok()
}

/// Numbers only; `NaN` and `inf` in a text file are more often somebody's name for "missing".
pub(crate) fn parse_float64(value: &str) -> Option<f64> {
    let numeric = value.ends_with(|last: char| last.is_ascii_digit() || last == '.');
    let parsed: f64 = value.parse().ok().filter(|_| numeric)?;
    let padded = value.starts_with('0') && value.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    (parsed.is_finite() && !padded).then_some(parsed)
}

pub(crate) fn parse_bool(value: &str) -> Option<bool> {
    match value {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Days since 1970-01-01, from `YYYY-MM-DD`.
pub(crate) fn parse_date(value: &str) -> Option<i64> {
    const EPOCH: Date = Date::constant(1970, 1, 1);
    // jiff also reads `20180207`, which is a number as far as a table is concerned.
    if value.len() != "YYYY-MM-DD".len() || value.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let date: Date = value.parse().ok()?;
    date.since(EPOCH).ok().map(|span| i64::from(span.get_days()))
}

/// Microseconds since 1970-01-01T00:00:00Z, from RFC 3339 (an instant, so with an offset).
pub(crate) fn parse_datetime(value: &str) -> Option<i64> {
    value.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: ColumnType) {
        assert_eq!(ColumnType::infer(values.iter().copied()), expected, "{values:?}");
    }

    #[test]
    fn each_type_is_recognised() {
        check(&["1", "-20", "0"], ColumnType::Int64);
        check(&["1", "2.5", "-3e7"], ColumnType::Float64);
        check(&["true", "False"], ColumnType::Bool);
        check(&["2018-02-07", "1969-12-31"], ColumnType::Date);
        check(&["2018-02-07T01:26:13.840Z"], ColumnType::Datetime);
        check(&["Turkey vulture", "3"], ColumnType::VarString);
        check(&[], ColumnType::VarString);
    }

    #[test]
    fn a_few_bad_values_do_not_change_the_type() {
        check(&["1", "2", "3", "4", "n/a"], ColumnType::Int64);
        check(&["1", "2", "n/a"], ColumnType::VarString);
    }

    #[test]
    fn labels_that_look_like_numbers_stay_labels() {
        for label in ["007", "+1", "1_000", "", "-", "NaN", "inf", "9223372036854775808"] {
            assert_eq!(parse_int64(label), None, "{label:?}");
        }
        for label in ["007.5", "NaN", "inf", "infinity", "-inf", "1e999", ""] {
            assert_eq!(parse_float64(label), None, "{label:?}");
        }
    }

    #[test]
    fn days_and_instants_count_from_the_epoch() {
        assert_eq!(parse_date("1970-01-02"), Some(1));
        assert_eq!(parse_date("1969-12-31"), Some(-1));
        assert_eq!(parse_date("2018-02-30"), None);
        assert_eq!(parse_date("20180207"), None);
        assert_eq!(parse_datetime("1970-01-01T00:00:01.5Z"), Some(1_500_000));
        assert_eq!(parse_datetime("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_datetime("2018-02-07T01:26:13"), None);
    }
}
