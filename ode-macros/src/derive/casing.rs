//! `rename_all`: the casings serde knows, so that one habit fits both.

/// A way to write a name of several words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Casing {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const NAMES: &[(&str, Casing)] = &[
    ("lowercase", Casing::Lower),
    ("UPPERCASE", Casing::Upper),
    ("PascalCase", Casing::Pascal),
    ("camelCase", Casing::Camel),
    ("snake_case", Casing::Snake),
    ("SCREAMING_SNAKE_CASE", Casing::ScreamingSnake),
    ("kebab-case", Casing::Kebab),
    ("SCREAMING-KEBAB-CASE", Casing::ScreamingKebab),
];

impl Casing {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name)?;
        Some(found.1)
    }

    /// All names, for messages.
    pub(crate) fn names() -> String {
        let names: Vec<String> = NAMES.iter().map(|(name, _)| format!("{name:?}")).collect();
        names.join(", ")
    }

    /// Rewrites a field's (`two_words`) or a variant's (`TwoWords`) name.
    pub(crate) fn apply(self, name: &str) -> String {
        // As serde does it, these two leave the word boundaries of a field's name alone.
        let words = words(name);
        match self {
            Self::Lower => {
                if name.contains('_') {
                    name.to_lowercase()
                } else {
                    words.concat()
                }
            }
            Self::Upper => {
                if name.contains('_') {
                    name.to_uppercase()
                } else {
                    words.concat().to_uppercase()
                }
            }
            Self::Pascal => words.iter().map(|word| capitalised(word)).collect(),
            Self::Camel => words
                .iter()
                .enumerate()
                .map(|(at, word)| match at {
                    0 => word.clone(),
                    _ => capitalised(word),
                })
                .collect(),
            Self::Snake => words.join("_"),
            Self::ScreamingSnake => words.join("_").to_uppercase(),
            Self::Kebab => words.join("-"),
            Self::ScreamingKebab => words.join("-").to_uppercase(),
        }
    }
}

/// The words of a name in lower case. A word starts after `_` and at every capital letter.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut fresh = true;
    // In `SHOUTED` capitals no capital starts a word.
    let shouted = name.len() > 1 && !name.chars().any(char::is_lowercase) && name.contains('_');
    for c in name.chars() {
        if c == '_' {
            fresh = true;
            continue;
        }
        if fresh || (c.is_uppercase() && !shouted) {
            words.push(String::new());
            fresh = false;
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
