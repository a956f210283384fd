//! Documents of flags and questions about them, the same ones in every run.
//!
//! Left out is where flagd's evaluators differ among themselves, because one of them takes values for
//! other types as Python does: nothing compared to a number or `false` (Python: equal to 0), truth
//! compared strictly to a number (Python: equal) or written into text (Python: `True`), blank text as
//! a number (Python: none), remainders of negative numbers, and numbers as names of variants. ode
//! does as JSON Logic's authors and flagd itself do.

use ode::Subject;
use serde_json::{Map, Value as Json, json};

/// Numbers that only look random.
pub(crate) struct Generator(u64);

/// One question about one flag.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) key: String,
    pub(crate) kind: &'static str,
    targeting_key: Option<String>,
    attributes: Map<String, Json>,
}

impl Question {
    pub(crate) fn to_json(&self) -> Json {
        json!({
            "key": self.key, "type": self.kind, "targetingKey": self.targeting_key,
            "attributes": self.attributes,
        })
    }

    pub(crate) fn subject(&self) -> Subject {
        let subject = self.targeting_key.as_ref().map_or_else(Subject::anonymous, Subject::new);
        self.attributes.iter().fold(subject, |subject, (name, value)| {
            let name = name.clone();
            match value {
                Json::Bool(value) => subject.with(name, *value),
                Json::String(text) => subject.with(name, text.clone()),
                Json::Number(number) => match number.as_i64() {
                    Some(whole) => subject.with(name, whole),
                    None => subject.with(name, number.as_f64().unwrap()),
                },
                other => panic!("{other}"),
            }
        })
    }

    /// The flag's definition, for who reads a failure.
    pub(crate) fn rule(&self, document: &str) -> String {
        let document: Json = serde_json::from_str(document).unwrap();
        document["flags"][&self.key].to_string()
    }
}

/// Values of one type, and how they are asked for.
const KINDS: [(&str, &str); 5] = [
    ("boolean", r#"{"on": true, "off": false}"#),
    ("string", r#"{"on": "zstd", "off": "", "other": "lz4"}"#),
    ("integer", r#"{"on": 9007199254740993, "off": -1, "other": 0}"#),
    ("float", r#"{"on": 0.25, "off": 3, "other": -1e-7}"#),
    ("object", r#"{"on": {"a": [1, "b", null]}, "off": {"c": {}}}"#),
];
const NAMES: [&str; 4] = ["on", "off", "other", "nowhere"];
const TEXTS: [&str; 8] = ["pro", "free", "@example.org", "user-", "a", "1.4.2", "", "žluťoučký"];
const VERSIONS: [&str; 9] =
    ["1.4.2", "1.4", "v2", "1.0.0-rc.1", "1.0.0-rc.11", "1.4.2+b7", "2.0.0", "1.x", "0.9.10"];
const OPERATORS: [&str; 9] = ["=", "!=", "<", "<=", ">", ">=", "^", "~", "=="];

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, end: usize) -> usize {
        // Knuth's, of which the upper half is good enough.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// A document with so many flags, and questions about each.
    pub(crate) fn document(&mut self, flags: usize) -> (String, Vec<Question>) {
        let mut defined = Map::new();
        let mut questions = Vec::new();
        let subjects: Vec<_> = (0..12).map(|_| self.attributes()).collect();
        for number in 0..flags {
            let key = format!("flag-{number}");
            let (kind, variants) = KINDS[number % KINDS.len()];
            let variants: Json = serde_json::from_str(variants).unwrap();
            defined.insert(key.clone(), self.flag(&variants));
            for (targeting_key, attributes) in &subjects {
                questions.push(Question {
                    key: key.clone(),
                    kind,
                    targeting_key: targeting_key.clone(),
                    attributes: attributes.clone(),
                });
            }
        }
        for question in 0..5 {
            let known = questions[question * 7].clone();
            questions.push(Question { key: format!("unknown-{question}"), ..known });
        }
        let document = json!({
            "$schema": "https://flagd.dev/schema/v0/flags.json",
            "$evaluators": {
                "staff": {"ends_with": [{"var": "email"}, "@example.org"]},
                "paying": {"in": [{"var": "plan"}, ["pro", "team"]]},
            },
            "metadata": {"version": "1"},
            "flags": defined,
        });
        (document.to_string(), questions)
    }

    fn flag(&mut self, variants: &Json) -> Json {
        let state = if self.below(10) == 0 { "DISABLED" } else { "ENABLED" };
        let mut flag = json!({"state": state, "variants": variants});
        match self.below(5) {
            0 => {}
            1 => flag["defaultVariant"] = Json::Null,
            2 => flag["defaultVariant"] = "off".into(),
            _ => flag["defaultVariant"] = "on".into(),
        }
        match self.below(6) {
            0 => {}
            1 => flag["targeting"] = json!({}),
            _ => flag["targeting"] = self.targeting(),
        }
        flag
    }

    fn targeting(&mut self) -> Json {
        let mut parts = Vec::new();
        for _ in 0..=self.below(3) {
            parts.push(self.truth(4));
            parts.push(self.outcome());
        }
        match self.below(3) {
            0 => {}
            1 => parts.push(Json::Null),
            _ => parts.push(self.outcome()),
        }
        json!({"if": parts})
    }

    fn outcome(&mut self) -> Json {
        match self.below(8) {
            0 => json!({"cat": ["o", self.one(&["n", "ff", "ther"])]}),
            1 => json!({"if": [self.truth(2), "on"]}),
            _ => self.one(&NAMES).into(),
        }
    }

    fn truth(&mut self, depth: usize) -> Json {
        if depth == 0 {
            return match self.below(4) {
                0 => json!({"var": "beta"}),
                1 => json!({"!!": {"var": self.one(&["plan", "beta", "nobody"])}}),
                2 => json!({"$ref": self.one(&["staff", "paying"])}),
                _ => self.one(&[json!(true), json!(false), json!(0), json!("")]),
            };
        }
        let depth = depth - 1;
        match self.below(14) {
            0 => json!({"and": [self.truth(depth), self.truth(depth)]}),
            1 => json!({"or": [self.truth(depth), self.truth(depth), self.truth(0)]}),
            2 => json!({"!": [self.truth(depth)]}),
            3 => {
                json!({self.one(&["==", "!=", "===", "!=="]): [self.text(depth), self.text(depth)]})
            }
            // Never with 0, to which nothing would be equal in Python.
            4 => json!({self.one(&["==", "!="]): [self.number(depth), self.below(40) + 1]}),
            5 => {
                let operator = self.one(&["<", "<=", ">", ">="]);
                json!({operator: [self.number(depth), self.number(depth)]})
            }
            6 => json!({self.one(&["<", "<="]): [self.below(9), {"var": "seats"}, self.below(40)]}),
            7 => json!({"in": [self.text(depth), {"var": "email"}]}),
            8 => json!({"in": [{"var": "plan"}, [self.one(&TEXTS), self.one(&TEXTS), "team"]]}),
            9 => {
                json!({self.one(&["starts_with", "ends_with"]): [self.text(depth), self.one(&TEXTS)]})
            }
            10 | 11 => {
                let versions = [{ self.version() }, { self.version() }];
                json!({"sem_ver": [versions[0], self.one(&OPERATORS), versions[1]]})
            }
            12 => {
                let each = self.one(&["some", "all", "none"]);
                let items = json!([self.one(&TEXTS), {"var": "plan"}, self.one(&TEXTS)]);
                json!({each: [items, {"in": [{"var": ""}, self.one(&["pro", "free", "a"])]}]})
            }
            _ => {
                let names = json!(["plan", "beta", "nobody"]);
                json!({"!": {"missing_some": [self.below(4), names]}})
            }
        }
    }

    fn text(&mut self, depth: usize) -> Json {
        if depth > 0 && self.below(4) == 0 {
            let start = self.one(&[-3, -1, 0, 1, 2]);
            return match self.below(3) {
                0 => json!({"cat": [self.text(depth - 1), self.below(9), self.text(0)]}),
                1 => json!({"substr": [self.text(depth - 1), start]}),
                _ => json!({"substr": [self.text(depth - 1), start, self.one(&[-2, 0, 1, 4])]}),
            };
        }
        match self.below(6) {
            0 => json!({"var": "targetingKey"}),
            1 => json!({"var": "$flagd.flagKey"}),
            2 => json!({"var": "app.version"}),
            3 => json!({"var": ["nobody", self.one(&TEXTS)]}),
            4 => json!({"var": "plan"}),
            _ => self.one(&TEXTS).into(),
        }
    }

    fn number(&mut self, depth: usize) -> Json {
        if depth > 0 && self.below(3) == 0 {
            let (one, other) = (self.number(depth - 1), self.number(depth - 1));
            return match self.below(6) {
                0 => json!({"+": [one, other, self.below(5)]}),
                1 => json!({"-": [one, other]}),
                2 => json!({"*": [one, other]}),
                3 => json!({"min": [one, other]}),
                4 => json!({"max": [one, other]}),
                _ => json!({"%": [self.below(50), self.below(7) + 1]}),
            };
        }
        match self.below(5) {
            0 => json!({"var": "seats"}),
            1 => json!({"var": "share"}),
            2 => json!({"var": ["nobody", self.below(9)]}),
            3 => json!(self.below(20).to_string()),
            _ => self.one(&[json!(3), json!(-2), json!(0.5), json!(12), json!(1e3)]),
        }
    }

    fn version(&mut self) -> Json {
        match self.below(3) {
            0 => json!({"var": "app.version"}),
            _ => self.one(&VERSIONS).into(),
        }
    }

    fn attributes(&mut self) -> (Option<String>, Map<String, Json>) {
        let mut attributes = Map::new();
        let mut add = |name: &str, value: Json| attributes.insert(name.to_owned(), value);
        add("plan", self.one(&["pro", "free", "team", ""]).into());
        if self.below(4) > 0 {
            add("email", self.one(&["ada@example.org", "bob@example.com", "pro"]).into());
        }
        if self.below(4) > 0 {
            add("seats", self.below(40).into());
        }
        if self.below(3) > 0 {
            add("share", self.one(&[0.5, 12.0, -0.25]).into());
        }
        if self.below(3) > 0 {
            add("beta", (self.below(2) == 0).into());
        }
        if self.below(4) > 0 {
            add("app.version", self.one(&VERSIONS).into());
        }
        let key = (self.below(4) > 0).then(|| format!("user-{}", self.below(1_000)));
        (key, attributes)
    }
}
