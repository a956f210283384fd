//! Attributes that do not go together, and keys that would overwrite each other.

use std::collections::HashMap;

use super::model::{Field, Model, Write};
use crate::errors::Errors;

/// Pairs that contradict each other, with what to do.
const CONFLICTS: &[(&str, &str, &str)] = &[
    ("display", "debug", "a field has one form: drop one of display and debug"),
    (
        "nested",
        "flatten",
        "nested gives the inner fields this field's name, flatten does not: drop one",
    ),
    ("flatten", "rename", "flatten writes no field of this name: drop rename"),
    ("skip", "rename", "a skipped field has no name: drop rename"),
    ("skip", "flatten", "a skipped field is not written: drop flatten"),
    ("skip", "nested", "a skipped field is not written: drop nested"),
    ("skip", "display", "a skipped field is not written: drop display"),
    ("skip", "debug", "a skipped field is not written: drop debug"),
    ("skip", "sensitive", "a skipped field is not written: drop sensitive"),
    ("nested", "display", "nested writes the inner fields in their own form: drop display"),
    ("nested", "debug", "nested writes the inner fields in their own form: drop debug"),
    ("nested", "sensitive", "put sensitive on the fields inside the nested type"),
    ("flatten", "display", "flatten writes the inner fields in their own form: drop display"),
    ("flatten", "debug", "flatten writes the inner fields in their own form: drop debug"),
    ("flatten", "sensitive", "put sensitive on the fields inside the flattened type"),
];

pub(crate) fn check(model: &Model, errors: &mut Errors) {
    let Model::Group { fields, .. } = model else {
        return;
    };
    let mut taken: HashMap<&str, &Field> = HashMap::new();
    for field in fields {
        for (one, other, message) in CONFLICTS {
            if field.attrs.has(one)
                && let Some(span) = field.attrs.place_of(other)
            {
                errors.at(span, *message);
            }
        }
        if matches!(field.write(), Write::Not | Write::Flattened) {
            continue;
        }
        if let Some(first) = taken.insert(&field.name, field) {
            errors.at(
                field.name_span,
                format!("{} is written by `{}` already", field.name, first.ident),
            );
        }
    }
}
