//! The grammar, by what it accepts and by what it says.

use proc_macro2::TokenStream;

use super::grammar::Grammar;
use super::key::Key;
use super::literal::string_value;
use super::parse::{Form, Value, fields};
use super::split::at_commas;
use super::timed;
use crate::errors::Errors;

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("tokens")
}

/// Fields as `key`, sign and value, in one line each.
#[track_caller]
fn accepts(grammar: Grammar, source: &str, expected: &[&str]) {
    let mut errors = Errors::default();
    let found: Vec<String> = fields(grammar, tokens(source), &mut errors)
        .iter()
        .map(|field| {
            let key = match &field.key {
                Key::Fixed { name, .. } => name.clone(),
                Key::Computed { expr, .. } => format!("[{expr}]"),
            };
            match &field.value {
                Value::One => key,
                Value::Given { form, expr } => {
                    let sign = match form {
                        Form::Plain => "",
                        Form::Debug => "?",
                        Form::Display => "%",
                    };
                    format!("{key} = {sign}{}", expr.to_string().replace(' ', ""))
                }
            }
        })
        .collect();
    assert!(errors.is_empty(), "{source}: {:?}", errors.messages());
    assert_eq!(found, expected, "{source}");
}

#[track_caller]
fn rejects(grammar: Grammar, source: &str, expected: &[&str]) {
    let mut errors = Errors::default();
    fields(grammar, tokens(source), &mut errors);
    assert_eq!(errors.messages(), expected, "{source}");
}

#[test]
fn keys_have_three_spellings() {
    let check = |source, expected: &[&str]| accepts(Grammar::Set, source, expected);
    check("", &[]);
    check("a = 1", &["a = 1"]);
    check("a.b.c = 1,", &["a.b.c = 1"]);
    check("\"a b\" = 1", &["a b = 1"]);
    check("r\"a\\b\" = 1", &["a\\b = 1"]);
    check("r#\"a\"b\"# = 1", &["a\"b = 1"]);
    check("[name()] = 1", &["[name ()] = 1"]);
    check("r#type = 1, column.type = 2, match = 3", &["type = 1", "column.type = 2", "match = 3"]);
}

#[test]
fn values_have_three_forms_and_a_shorthand() {
    let check = |source, expected: &[&str]| accepts(Grammar::Set, source, expected);
    check("a = ?b, a = %b", &["a = ?b", "a = %b"]);
    check("a.b, ?a.b, %a.b,", &["a.b = a.b", "a.b = ?a.b", "a.b = %a.b"]);
    check("r#type", &["type = r#type"]);
    check("a = &b, c = -1, d = !x", &["a = &b", "c = -1", "d = !x"]);
    check("a = b?, c = d.await?", &["a = b?", "c = d.await?"]);
    check("a = ?b?", &["a = ?b?"]);
}

#[test]
fn commas_end_a_field_unless_they_are_in_generics() {
    let check = |source, expected: &[&str]| accepts(Grammar::Set, source, expected);
    check("a = x < y, b = z > w", &["a = x<y", "b = z>w"]);
    check("a = f::<A, B>(), b = 1", &["a = f::<A,B>()", "b = 1"]);
    check("a = f::<Vec<A>, B<C, D>>(), b", &["a = f::<Vec<A>,B<C,D>>()", "b = b"]);
    check("a = <T as X<A, B>>::C, b", &["a = <TasX<A,B>>::C", "b = b"]);
    check("a = &<T as X<A, B>>::C, b", &["a = &<TasX<A,B>>::C", "b = b"]);
    check("a = 1 << 2, b = 8 >> 1", &["a = 1<<2", "b = 8>>1"]);
    check("a = x <= y, b = x >= y, c = x < -y", &["a = x<=y", "b = x>=y", "c = x<-y"]);
    check("a = x as u64 * y < z, b", &["a = xasu64*y<z", "b = b"]);
    check("a = f()? < g(), b = h[0] > 1", &["a = f()?<g()", "b = h[0]>1"]);
    check("a = f::<fn(A) -> B, C>(), b", &["a = f::<fn(A)->B,C>()", "b = b"]);
    check("a = { let (x, y) = z; x }, b", &["a = {let(x,y)=z;x}", "b = b"]);
    check("a = if x < y { 1 } else { 2 }, b", &["a = ifx<y{1}else{2}", "b = b"]);
    check("a = f::<{ N }, M>(), b", &["a = f::<{N},M>()", "b = b"]);
}

#[test]
fn counters_and_lists() {
    accepts(Grammar::Incr, "a, b.c += 2, [k] += n, \"d\"", &["a", "b.c = 2", "[k] = n", "d"]);
    accepts(Grammar::Append, "a += 1, b += ?e, c += %e,", &["a = 1", "b = ?e", "c = %e"]);
}

#[test]
fn set_says_what_to_write() {
    let check = |source, expected: &str| rejects(Grammar::Set, source, &[expected]);
    check("a: 1", "fields use `=`, not `:`: write `a = ..`");
    check("a => 1", "fields use `=`, not `=>`: write `a = ..`");
    check("a == 1", "fields use `=`, not `==`: write `a = ..`");
    check("self.n", "`self.n` needs a name of its own: write `n = self.n`");
    check("?self.n", "`self.n` needs a name of its own: write `n = ?self.n`");
    check("a.0", "`a.0` needs a name of its own: write `a = a.0`");
    check("self", "`self` needs a name of its own: write `name = self`");
    check("items.len()", "`items.len()` needs a name of its own: write `len = items.len()`");
    check("items[0]", "`items[..]` needs a name of its own: write `items = items[..]`");
    check("a::B", "`a::B` needs a name of its own: write `b = a::B`");
    check("%f(x)", "`f(..)` needs a name of its own: write `f = %f(..)`");
    check("a += 1", "`set!` replaces: write `a = ..`, or use `incr! { a += .. }`");
    check("a -= 1", "`set!` replaces: write `a = ..`");
    check("&n", "drop the &: values are always taken by reference");
    check("3", "a literal needs a key");
    check("true", "a literal needs a key");
    check("b 3", "expected `=` after `b`");
    check("a =", "a has no value");
    check("a = ?", "a has no value");
    check("\"x\" = ", "\"x\" has no value");
    check("\"x y\"", "\"x y\" has no value");
    check("[k]", "[..] has no value");
    check("?a = 1", "the `?` goes before the value: write `a = ?..`");
    check("%\"a\" = 1", "the `%` goes before the value: write `\"a\" = %..`");
    check("a = 1,, b", "expected the name of a field: `a.b`, `\"a b\"` or `[expr]`");
    check("(a)", "expected the name of a field: `a.b`, `\"a b\"` or `[expr]`");
}

#[test]
fn every_mistake_is_reported_at_once() {
    rejects(
        Grammar::Set,
        "&n, 3, b 3, ok = 1, \"x\" = , self.n",
        &[
            "drop the &: values are always taken by reference",
            "a literal needs a key",
            "expected `=` after `b`",
            "\"x\" has no value",
            "`self.n` needs a name of its own: write `n = self.n`",
        ],
    );
}

#[test]
fn the_other_lists_say_what_to_write() {
    rejects(Grammar::Incr, "a = 1", &["`incr!` adds to a field: write `a += ..`"]);
    rejects(Grammar::Incr, "a -= 1", &["`incr!` adds to a field: write `a += ..`"]);
    rejects(Grammar::Incr, "a 1", &["expected `+=` after `a`"]);
    rejects(Grammar::Incr, "a += ?x", &["`incr!` adds a number: drop the sign before it"]);
    rejects(Grammar::Append, "w", &["`append!` needs an element: write `w += ..`"]);
    rejects(Grammar::Append, "w = 1", &["`append!` adds to a list: write `w += ..`"]);
    rejects(
        Grammar::SetInherited,
        "a += 1",
        &["`set_inherited!` replaces: write `a = ..`, or use `incr! { a += .. }`"],
    );
}

#[test]
fn plain_names_are_encoded_at_expansion() {
    assert_eq!(Key::json("cart.items"), ",\"cart.items\":");
    assert_eq!(Key::json("a b~"), ",\"a b~\":");
    for escaped in ["a\"b", "a\\b", "a\nb", "naïve", "\u{7f}"] {
        assert_eq!(Key::json(escaped), "", "{escaped:?}");
    }
}

#[test]
fn string_literals_are_read_as_rustc_reads_them() {
    let check = |source: &str, expected: Option<&str>| {
        let literal = source.parse().expect("a literal");
        assert_eq!(string_value(&literal).as_deref(), expected, "{source}");
    };
    check("\"\"", Some(""));
    check(r#""a\n\t\\\"\'\0\x41\u{1F_600}""#, Some("a\n\t\\\"'\0A\u{1f600}"));
    check("\"a\\\n   b\"", Some("ab"));
    check("r\"a\\n\"", Some("a\\n"));
    check("r##\"a\"#b\"##", Some("a\"#b"));
    check("b\"a\"", None);
    check("c\"a\"", None);
    check("'a'", None);
    check("1", None);
    check("\"a\"suffix", None);
}

#[test]
fn pieces_know_the_comma_behind_them() {
    let pieces = at_commas(tokens("a, b,"));
    assert_eq!(pieces.len(), 2);
    assert!(pieces.iter().all(|piece| piece.comma.is_some()));
    assert_eq!(at_commas(tokens("a,, b")).len(), 3);
}

#[test]
fn timed_takes_a_name_and_an_expression() {
    let parse = |source: &str| {
        let mut errors = Errors::default();
        let found = timed::parse(tokens(source), &mut errors).is_some();
        assert_eq!(found, errors.is_empty(), "{source}");
        if let [message] = errors.messages().as_slice() {
            assert!(message.contains("timed!(\"db.query\", fetch().await)"));
            assert!(message.contains("let _timed = ode::timed(\"db.query\");"));
        }
        found
    };
    assert!(parse("\"db\", f().await"));
    assert!(parse("\"db\", f::<A, B>(),"));
    for wrong in ["", "\"db\"", "\"db\",", "f()", "f(), \"db\"", "\"db\" f()"] {
        assert!(!parse(wrong), "{wrong}");
    }
}

#[test]
fn the_core_path_is_passed_on() {
    let expanded = super::list(Grammar::Set, tokens("[my::ode] a = 1, [k] = 2")).to_string();
    let expanded = expanded.replace(' ', "");
    assert!(expanded.contains("ifmy::ode::macro_support::recording()"), "{expanded}");
    assert!(expanded.contains("Key>::new(\"a\",\",\\\"a\\\":\")"), "{expanded}");
    assert!(
        expanded.contains("my::ode::macro_support::set_at(&(k),my::ode::ToValue::to_value(&(2)));"),
        "{expanded}"
    );
}
