//! Attributes and types, by what is understood and by what is said.

use super::casing::Casing;
use super::model::{Form, Guarding, Model, Write};
use super::{check, model};
use crate::errors::Errors;

/// Keys without their prefix, in order, or the mistakes.
fn read(source: &str) -> (Vec<(String, Write)>, Vec<String>) {
    let input = syn::parse_str(source).expect("a type");
    let mut errors = Errors::default();
    let model = model::read(&input, &mut errors);
    if let Some(model) = &model {
        check::check(model, &mut errors);
    }
    let found = match model {
        Some(Model::Group { fields, .. }) => {
            fields.iter().map(|field| (field.name.clone(), field.write())).collect()
        }
        Some(Model::Word { variants }) => {
            variants.into_iter().map(|variant| (variant.name, Write::Not)).collect()
        }
        None => Vec::new(),
    };
    (found, errors.messages().into_iter().map(Into::into).collect())
}

#[track_caller]
fn fields(source: &str, expected: &[(&str, Write)]) {
    let (found, errors) = read(source);
    assert!(errors.is_empty(), "{errors:?}");
    let found: Vec<(&str, Write)> = found.iter().map(|(name, w)| (name.as_str(), *w)).collect();
    assert_eq!(found, expected, "{source}");
}

#[track_caller]
fn mistakes(source: &str, expected: &[&str]) {
    assert_eq!(read(source).1, expected, "{source}");
}

const PLAIN: Write = Write::Value(Form::Plain, Guarding::Open);

#[test]
fn attributes_decide_how_a_field_is_written() {
    fields("struct S { a: u8, r#type: u8 }", &[("a", PLAIN), ("type", PLAIN)]);
    fields("struct S;", &[]);
    fields(
        "struct S {
            #[event(rename = \"x\", display)] a: u8,
            #[event(debug)] #[event(sensitive = \"mask\")] b: u8,
            #[event(sensitive = \"hash\")] c: u8,
            #[event(sensitive = \"drop\")] d: u8,
            #[event(skip)] e: u8,
            #[event(nested)] f: u8,
            #[event(flatten)] g: u8,
            #[serde(skip)] h: u8,
        }",
        &[
            ("x", Write::Value(Form::Display, Guarding::Open)),
            ("b", Write::Value(Form::Debug, Guarding::Masked)),
            ("c", Write::Value(Form::Plain, Guarding::Hashed)),
            ("d", Write::Not),
            ("e", Write::Not),
            ("f", Write::Nested),
            ("g", Write::Flattened),
            ("h", PLAIN),
        ],
    );
    fields(
        "#[event(rename_all = \"kebab-case\")] struct S { two_words: u8, #[event(rename = \"a_b\")] c: u8 }",
        &[("two-words", PLAIN), ("a_b", PLAIN)],
    );
    fields(
        "#[event(rename_all = \"snake_case\")] enum E { TwoWords, #[event(rename = \"X\")] Other }",
        &[("two_words", Write::Not), ("X", Write::Not)],
    );
}

#[test]
fn mistakes_are_said_at_once() {
    let tuple = "#[derive(EventFields)] needs named fields; for a newtype implement ToValue";
    mistakes("struct S(u8);", &[tuple]);
    mistakes("union U { a: u8 }", &[tuple]);
    mistakes(
        "enum E { A(u8), B }",
        &["a variant with data is more than one value; implement ToValue or EventFields by hand"],
    );
    let valid = "rename = \"..\", skip, flatten, nested, display, debug, \
                 sensitive = \"drop\"|\"mask\"|\"hash\"";
    mistakes(
        "struct S {
            #[event(renam = \"x\")] a: u8,
            #[event(sensitive = \"blur\")] b: u8,
            #[event(skip, skip)] c: u8,
            #[event(skip = true)] d: u8,
            #[event(rename)] e: u8,
            #[event(rename = 3)] f: u8,
            #[event] g: u8,
            #[event(prefix = \"p\")] h: u8,
        }",
        &[
            &format!("unknown attribute renam; valid here: {valid}"),
            "expected \"drop\", \"mask\" or \"hash\"",
            "skip is given twice",
            "skip takes no value",
            "rename takes a string: rename = \"..\"",
            "rename takes a string: rename = \"..\"",
            &format!("expected #[event(..)] with: {valid}"),
            &format!("unknown attribute prefix; valid here: {valid}"),
        ],
    );
    let (_, said) = read("#[event(prefix = \"\", rename_all = \"Train-Case\")] struct S {}");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().any(|one| one.contains("\"SCREAMING-KEBAB-CASE\"")), "{said:?}");
}

#[test]
fn contradictions_are_mistakes() {
    mistakes(
        "struct S { #[event(display, debug)] a: u8, #[event(flatten, rename = \"x\")] b: u8 }",
        &[
            "a field has one form: drop one of display and debug",
            "flatten writes no field of this name: drop rename",
        ],
    );
    mistakes(
        "struct S { a: u8, #[event(rename = \"a\")] b: u8, #[event(skip)] a: u8 }",
        &["a is written by `a` already"],
    );
}

#[test]
fn casings_are_serdes() {
    let check = |casing: &str, field: &str, variant: &str| {
        let casing = Casing::named(casing).expect("a casing");
        assert_eq!(casing.apply("two_words"), field);
        assert_eq!(casing.apply("TwoWords"), variant);
    };
    check("lowercase", "two_words", "twowords");
    check("UPPERCASE", "TWO_WORDS", "TWOWORDS");
    check("PascalCase", "TwoWords", "TwoWords");
    check("camelCase", "twoWords", "twoWords");
    check("snake_case", "two_words", "two_words");
    check("SCREAMING_SNAKE_CASE", "TWO_WORDS", "TWO_WORDS");
    check("kebab-case", "two-words", "two-words");
    check("SCREAMING-KEBAB-CASE", "TWO-WORDS", "TWO-WORDS");
    assert_eq!(Casing::Snake.apply("ABC"), "a_b_c");
    assert_eq!(Casing::Camel.apply("HTTP_PORT"), "httpPort");
}
