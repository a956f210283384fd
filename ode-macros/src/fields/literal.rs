//! What a string literal says. syn would know, but the field macros do without it.

use proc_macro2::Literal;

/// The value of a string literal, raw or not; `None` for every other literal.
pub(crate) fn string_value(literal: &Literal) -> Option<String> {
    let source = literal.to_string();
    if let Some(rest) = source.strip_prefix('r') {
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let fence = "#".repeat(hashes);
        let inner = rest.strip_prefix(fence.as_str())?.strip_prefix('"')?;
        return Some(inner.strip_suffix(fence.as_str())?.strip_suffix('"')?.into());
    }
    // A suffix, as in `"x"y`, makes this `None`, which is right: no such literal is a name.
    unescape(source.strip_prefix('"')?.strip_suffix('"')?)
}

fn unescape(source: &str) -> Option<String> {
    let mut value = String::with_capacity(source.len());
    let mut rest = source.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            value.push(next);
            continue;
        }
        match rest.next()? {
            'n' => value.push('\n'),
            'r' => value.push('\r'),
            't' => value.push('\t'),
            '0' => value.push('\0'),
            'x' => {
                let digits: String = rest.by_ref().take(2).collect();
                value.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
            }
            'u' => {
                let digits: String =
                    rest.by_ref().skip(1).take_while(|c| *c != '}').filter(|c| *c != '_').collect();
                value.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            // A line continuation swallows the white space that follows it.
            '\n' | '\r' => {
                let trimmed = rest.as_str().trim_start();
                rest = trimmed.chars();
            }
            quoted @ ('\\' | '\'' | '"') => value.push(quoted),
            _ => return None,
        }
    }
    Some(value)
}
