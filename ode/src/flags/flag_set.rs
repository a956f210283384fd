//! [`FlagSet`]: flags as a document in flagd's format defines them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use ode_core::ship_support::unix_seconds;
use ode_core::{Evaluation, FlagError, FlagSource, FlagValue, Reason, Subject};
use serde_json::{Map, Value as Json};

use crate::flags::json_logic::{Compiler, Expr, Question, Val};

/// Flags in flagd's JSON format: `state`, `variants`, `defaultVariant`, `targeting`.
///
/// A source of flags by itself, for tests and for flags that are compiled in; a file of them that is
/// watched is a [`FlagFile`](crate::flags::FlagFile).
///
/// What is supported of `targeting` is JSON Logic with its own operators but for `map`, `filter`,
/// `reduce` and `log`, and with flagd's `starts_with`, `ends_with`, `sem_ver`, `$evaluators` and
/// `$ref`. `fractional` is not: percentages are for a [`Rollout`](crate::Rollout), whose buckets do
/// not depend on where a flag is read from. Values are taken for other types as JSON Logic's authors
/// define it, which is JavaScript's way: where an attribute is missing, `{"==": [.., false]}` is
/// false. A subject has no structures, so `{"var": "app.version"}` is its attribute `app.version`.
///
/// A flag that cannot be read is an error of that flag alone, see [`FlagSet::problems`]: it answers
/// with the error `parse_error`, and what it would let act is withheld.
///
/// ```
/// use ode::flags::FlagSet;
/// use ode::{FlagSource, FlagValue, Reason, Subject};
///
/// # fn main() -> Result<(), ode::flags::FlagSetError> {
/// let flags = FlagSet::parse(
///     r#"{"flags": {"new_cart": {
///         "state": "ENABLED",
///         "variants": {"on": true, "off": false},
///         "defaultVariant": "off",
///         "targeting": {"if": [{"==": [{"var": "plan"}, "pro"]}, "on"]}
///     }}}"#,
/// )?;
/// let answer = flags.evaluate("new_cart", &Subject::new("user-42").with("plan", "pro"));
/// assert_eq!(answer.value(), Some(&FlagValue::Bool(true)));
/// assert_eq!(answer.reason(), Reason::TargetingMatch);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlagSet {
    flags: BTreeMap<String, Definition>,
}

#[derive(Clone, Debug, PartialEq)]
enum Definition {
    Sound(Flag),
    Broken(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Flag {
    enabled: bool,
    variants: Vec<Variant>,
    default: DefaultVariant,
    targeting: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
struct Variant {
    name: Arc<str>,
    value: FlagValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DefaultVariant {
    /// The default is the code's.
    Code,
    /// By its position.
    Of(usize),
}

/// Why a document of flags could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagSetError {
    text: String,
}

impl fmt::Display for FlagSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for FlagSetError {}

impl FlagSet {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is not JSON, with the line and the column, or not an object with an object `flags`.
    pub fn parse(text: &str) -> Result<Self, FlagSetError> {
        // Editors of some systems begin a file with it.
        let text = text.trim_start_matches('\u{feff}');
        let fail = |text: String| FlagSetError { text };
        let document: Json = serde_json::from_str(text).map_err(|e| fail(e.to_string()))?;
        let Json::Object(document) = &document else {
            return Err(fail("a document of flags is an object: {\"flags\": {..}}".to_owned()));
        };
        let no_flags = Map::new();
        let flags = match document.get("flags") {
            Some(Json::Object(flags)) => flags,
            None => &no_flags,
            Some(_) => return Err(fail("`flags` is not an object".to_owned())),
        };
        let shared = match document.get("$evaluators") {
            Some(Json::Object(shared)) => Some(shared),
            None => None,
            Some(_) => return Err(fail("`$evaluators` is not an object".to_owned())),
        };
        let define = |json| match Flag::of_json(json, shared) {
            Ok(flag) => Definition::Sound(flag),
            Err(wrong) => Definition::Broken(wrong),
        };
        let flags = flags.iter().map(|(key, json)| (key.clone(), define(json)));
        Ok(Self { flags: flags.collect() })
    }

    /// How many flags there are.
    pub fn len(&self) -> usize {
        self.flags.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// The flags that cannot be read: their keys, and what is wrong with each.
    pub fn problems(&self) -> impl Iterator<Item = (&str, &str)> {
        self.flags.iter().filter_map(|(key, definition)| match definition {
            Definition::Sound(_) => None,
            Definition::Broken(wrong) => Some((key.as_str(), wrong.as_str())),
        })
    }

    /// The keys of the flags that are not defined alike in both.
    pub(crate) fn changes(&self, other: &Self) -> Vec<String> {
        let differs = |key: &&String| self.flags.get(*key) != other.flags.get(*key);
        let gone = other.flags.keys().filter(|key| !self.flags.contains_key(*key));
        let mut keys: Vec<_> =
            self.flags.keys().filter(differs).chain(gone).map(Clone::clone).collect();
        keys.sort();
        keys
    }

    pub(crate) fn answer(&self, key: &str, subject: &Subject, now: &dyn Fn() -> u64) -> Evaluation {
        match self.flags.get(key) {
            None => Evaluation::not_found(),
            Some(Definition::Broken(_)) => Evaluation::failed(FlagError::ParseError),
            Some(Definition::Sound(flag)) => flag.answer(key, subject, now),
        }
    }
}

impl FlagSource for FlagSet {
    fn evaluate(&self, key: &str, subject: &Subject) -> Evaluation {
        self.answer(key, subject, &unix_seconds)
    }

    fn name(&self) -> &'static str {
        "flagd"
    }
}

impl Flag {
    fn of_json(json: &Json, shared: Option<&Map<String, Json>>) -> Result<Self, String> {
        let Json::Object(fields) = json else { return Err("a flag is an object".to_owned()) };
        let enabled = match fields.get("state").and_then(Json::as_str) {
            Some("ENABLED") => true,
            Some("DISABLED") => false,
            _ => return Err("`state` is not \"ENABLED\" or \"DISABLED\"".to_owned()),
        };
        let variants = match fields.get("variants") {
            Some(Json::Object(variants)) if !variants.is_empty() => variants,
            _ => return Err("`variants` is not an object with a variant in it".to_owned()),
        };
        let variants: Vec<_> = variants
            .iter()
            .map(|(name, value)| {
                let value = value_of(value).ok_or_else(|| format!("variant {name:?} is null"))?;
                Ok(Variant { name: name.as_str().into(), value })
            })
            .collect::<Result<_, String>>()?;
        let position = |name: &str| {
            let at = variants.iter().position(|variant| *variant.name == *name);
            at.map(DefaultVariant::Of)
                .ok_or_else(|| format!("`defaultVariant` {name:?} is none of `variants`"))
        };
        let default = match fields.get("defaultVariant") {
            None | Some(Json::Null) => DefaultVariant::Code,
            Some(Json::String(name)) if name.is_empty() => DefaultVariant::Code,
            Some(Json::String(name)) => position(name)?,
            Some(Json::Bool(name)) => position(if *name { "true" } else { "false" })?,
            Some(_) => return Err("`defaultVariant` is not text".to_owned()),
        };
        let targeting = match fields.get("targeting") {
            None | Some(Json::Null) => None,
            Some(Json::Object(rule)) if rule.is_empty() => None,
            Some(rule @ Json::Object(_)) => Some(Compiler::new(shared).compile(rule)?),
            Some(_) => return Err("`targeting` is not an object".to_owned()),
        };
        Ok(Self { enabled, variants, default, targeting })
    }

    fn answer(&self, key: &str, subject: &Subject, now: &dyn Fn() -> u64) -> Evaluation {
        if !self.enabled {
            return Evaluation::default_value(Reason::Disabled);
        }
        let Some(rule) = &self.targeting else { return self.by_default(Reason::Static) };
        let question = Question::new(key, subject, now);
        let name = match question.ask(rule) {
            Ok(Val::Null) => return self.by_default(Reason::Default),
            Ok(name) => name,
            Err(_too_long) => return Evaluation::failed(FlagError::General),
        };
        let name = name.text();
        match self.variants.iter().find(|variant| *variant.name == *name) {
            Some(variant) => variant.answer(Reason::TargetingMatch),
            None => Evaluation::failed(FlagError::General),
        }
    }

    fn by_default(&self, reason: Reason) -> Evaluation {
        let variant = match self.default {
            DefaultVariant::Of(position) => self.variants.get(position),
            DefaultVariant::Code => None,
        };
        match variant {
            Some(variant) => variant.answer(reason),
            None => Evaluation::default_value(Reason::Default),
        }
    }
}

impl Variant {
    fn answer(&self, reason: Reason) -> Evaluation {
        Evaluation::new(self.value.clone(), reason).variant(Arc::clone(&self.name))
    }
}

fn value_of(json: &Json) -> Option<FlagValue> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(value) => FlagValue::Bool(*value),
        Json::String(text) => FlagValue::Str(text.as_str().into()),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => FlagValue::I64(whole),
            None => FlagValue::F64(number.as_f64()?),
        },
        Json::Array(_) | Json::Object(_) => FlagValue::Json(json.to_string().into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(definition: &str) -> Result<FlagSet, FlagSetError> {
        FlagSet::parse(&format!("{{\"flags\": {{\"f\": {definition}}}}}"))
    }

    #[test]
    fn a_document_that_is_none_is_told_with_its_place() {
        let wrong = FlagSet::parse("{\"flags\": {\n  \"a\": {,}\n}}").unwrap_err().to_string();
        assert!(wrong.contains("line 2 column 9"), "{wrong}");
        for text in ["", "{", "[]", "1", "{\"flags\": []}", "{\"flags\": {}, \"$evaluators\": 1}"] {
            assert!(FlagSet::parse(text).is_err(), "{text}");
        }
        for text in ["{}", "\u{feff}{\"flags\": {}}", "{\"flags\": {}, \"metadata\": {\"a\": 1}}"] {
            assert!(FlagSet::parse(text).is_ok_and(|flags| flags.is_empty()), "{text}");
        }
    }

    #[test]
    fn a_flag_that_is_wrong_leaves_the_others_alone() {
        for (wrong, named) in [
            ("1", "a flag is an object"),
            (r#"{"variants": {"a": 1}}"#, "`state`"),
            (r#"{"state": "on", "variants": {"a": 1}}"#, "`state`"),
            (r#"{"state": "ENABLED"}"#, "`variants`"),
            (r#"{"state": "ENABLED", "variants": {}}"#, "`variants`"),
            (r#"{"state": "ENABLED", "variants": {"a": null}}"#, "\"a\" is null"),
            (
                r#"{"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "b"}"#,
                "\"b\" is none of `variants`",
            ),
            (
                r#"{"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": 1}"#,
                "`defaultVariant` is not text",
            ),
            (
                r#"{"state": "ENABLED", "variants": {"a": 1}, "targeting": "a"}"#,
                "`targeting` is not an object",
            ),
            (
                r#"{"state": "ENABLED", "variants": {"a": 1}, "targeting": {"fractional": []}}"#,
                "Rollout",
            ),
        ] {
            let text = format!(
                "{{\"flags\": {{\"f\": {wrong}, \"g\": {{\"state\": \"ENABLED\", \
                 \"variants\": {{\"a\": 1}}, \"defaultVariant\": \"a\"}}}}}}"
            );
            let flags = FlagSet::parse(&text).unwrap();
            let problems: Vec<_> = flags.problems().collect();
            assert_eq!(problems.len(), 1, "{wrong}");
            assert!(problems[0].0 == "f" && problems[0].1.contains(named), "{problems:?}");
            let ask = |key| flags.evaluate(key, &Subject::anonymous());
            assert_eq!(ask("f").error(), Some(FlagError::ParseError));
            assert_eq!(ask("g").value(), Some(&FlagValue::I64(1)));
            assert_eq!(ask("h"), Evaluation::not_found());
        }
    }

    #[test]
    fn what_decides() {
        let variants = r#""variants": {"a": 1, "b": 2.5, "true": "yes", "7": [1]}"#;
        for (rest, variant, reason) in [
            (r#""defaultVariant": "a""#, Some("a"), Reason::Static),
            (r#""defaultVariant": true"#, Some("true"), Reason::Static),
            (r#""defaultVariant": "a", "targeting": {}"#, Some("a"), Reason::Static),
            (r#""defaultVariant": null"#, None, Reason::Default),
            (r#""defaultVariant": """#, None, Reason::Default),
            (r#""targeting": {"if": [false, "a"]}"#, None, Reason::Default),
            (
                r#""defaultVariant": "b", "targeting": {"if": [false, "a"]}"#,
                Some("b"),
                Reason::Default,
            ),
            (r#""targeting": {"if": [true, "a"]}"#, Some("a"), Reason::TargetingMatch),
            (r#""targeting": {"==": [1, 1]}"#, Some("true"), Reason::TargetingMatch),
            (r#""targeting": {"+": [3, 4]}"#, Some("7"), Reason::TargetingMatch),
            (r#""targeting": {"if": [true, "c"]}"#, None, Reason::Error),
            (r#""targeting": {"a": 1, "b": 2}"#, None, Reason::Error),
        ] {
            let flags = flag(&format!("{{\"state\": \"ENABLED\", {variants}, {rest}}}")).unwrap();
            let answer = flags.evaluate("f", &Subject::anonymous());
            assert_eq!(answer.reason(), reason, "{rest}");
            assert_eq!(answer.variant_name(), variant, "{rest}");
        }
        let off = flag(&format!("{{\"state\": \"DISABLED\", {variants}}}")).unwrap();
        let answer = off.evaluate("f", &Subject::anonymous());
        assert_eq!(answer, Evaluation::default_value(Reason::Disabled));
    }

    #[test]
    fn changes_are_told_by_key() {
        let one = r#"{"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a"}"#;
        let other = one.replace("ENABLED", "DISABLED");
        let parse = |text: String| FlagSet::parse(&text).unwrap();
        let before = parse(format!("{{\"flags\": {{\"x\": {one}, \"y\": {one}, \"z\": {one}}}}}"));
        let after = parse(format!("{{\"flags\": {{\"w\": {one}, \"x\": {one}, \"y\": {other}}}}}"));
        assert_eq!(after.changes(&before), ["w", "y", "z"]);
        assert_eq!(after.changes(&after.clone()), Vec::<String>::new());
    }
}
