//! `ODE_FLAGS`: flags as text, `key=value,…`.

use ode_core::FlagValue;
use serde_json::Value as Json;

/// The flags in a text, and the parts that are none.
///
/// A value is what JSON makes of it, where that is `true`, `false`, a number or a text in quotes, and
/// else the text itself. A comma in quotes does not end a value.
pub(crate) fn flags_in(text: &str) -> (Vec<(String, FlagValue)>, Vec<String>) {
    let mut flags = Vec::new();
    let mut wrong = Vec::new();
    for part in parts(text) {
        let part = part.trim();
        match part.split_once('=') {
            _ if part.is_empty() => {}
            Some((key, value)) if !key.trim().is_empty() => {
                flags.push((key.trim().to_owned(), value_of(value.trim())));
            }
            _ => wrong.push(part.to_owned()),
        }
    }
    (flags, wrong)
}

fn value_of(text: &str) -> FlagValue {
    match serde_json::from_str(text) {
        Ok(Json::Bool(value)) => FlagValue::Bool(value),
        Ok(Json::String(text)) => FlagValue::Str(text.into()),
        Ok(Json::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => FlagValue::I64(whole),
            (None, Some(number)) => FlagValue::F64(number),
            (None, None) => text.into(),
        },
        _ => text.into(),
    }
}

/// What stands between commas that are not in quotes.
fn parts(text: &str) -> Vec<&str> {
    let mut in_quotes = false;
    let mut escaped = false;
    text.split(|letter| {
        let ends = letter == ',' && !in_quotes;
        match letter {
            '"' if !escaped => in_quotes = !in_quotes,
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
        ends
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_types_that_json_gives_them() {
        let text = r#"a=true, b = 3 ,c=0.5,d=live,e="x,y",f="a\",b",g=,h=[1],i=a=b,,"#;
        let (flags, wrong) = flags_in(text);
        let expected: [(&str, FlagValue); 9] = [
            ("a", true.into()),
            ("b", 3_i64.into()),
            ("c", 0.5.into()),
            ("d", "live".into()),
            ("e", "x,y".into()),
            ("f", "a\",b".into()),
            ("g", "".into()),
            ("h", "[1]".into()),
            ("i", "a=b".into()),
        ];
        let expected: Vec<_> = expected.map(|(key, value)| (key.to_owned(), value)).into();
        assert_eq!(flags, expected);
        assert!(wrong.is_empty());
    }

    #[test]
    fn what_is_no_flag_is_named() {
        let (flags, wrong) = flags_in("a,=1,b=2, c d ");
        assert_eq!(flags, [("b".to_owned(), FlagValue::I64(2))]);
        assert_eq!(wrong, ["a", "=1", "c d"]);
        assert_eq!(flags_in(""), (vec![], vec![]));
    }
}
