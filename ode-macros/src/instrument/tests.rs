//! Options and functions, by what is understood and by what is said.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::attribute;
use super::model::{Work, inferred_impls, read};
use crate::errors::Errors;
use crate::paths::CorePath;

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("tokens")
}

/// The messages for these options on this function.
fn messages(options: &str, item: &str) -> Vec<String> {
    let mut errors = Errors::default();
    let options = super::args::parse(tokens(options), &mut errors);
    if let Some(function) = read(tokens(item), &mut errors) {
        super::check::check(&options, &function, &mut errors);
    }
    errors.messages().into_iter().map(Into::into).collect()
}

#[track_caller]
fn options(source: &str, expected: &[&str]) {
    assert_eq!(messages(source, "fn f() -> u8 { 1 }"), expected, "{source}");
}

#[track_caller]
fn item(source: &str, expected: &[&str]) {
    assert_eq!(messages("", source), expected, "{source}");
}

#[test]
fn all_options_are_accepted() {
    options("", &[]);
    options(
        "name = \"cart.checkout\", fields(cart.id = cart, ?user), ok_fields(|r| id = r.id), \
         err(with = my::classify), parent = from::<A, B>(headers), skip_if = a < b, join, \
         dry_run = jobs::COMPRESS, span, crate = my::ode,",
        &[],
    );
    options("root, ok_fields(|(a, b): &(u8, u8)| a, b)", &[]);
}

#[test]
fn options_are_a_table() {
    let valid = "name, fields(..), ok_fields(..), err(with = ..), root, parent, skip_if, join, \
         dry_run, span, crate";
    let unknown = |name: &str| format!("unknown option {name}; valid options: {valid}");
    options(
        "nam = \"x\", root, root, name = 3",
        &[&unknown("nam"), "root is given twice", "name takes a string literal"],
    );
    options("spam, dryrun = X", &[&unknown("spam"), &unknown("dryrun")]);
    options("\"name\"", &[&format!("expected an option: {valid}")]);
    options("root = 1", &["root takes no value"]);
    options("join()", &["join takes no value"]);
    options("span = \"db\"", &["span takes no value"]);
    let takes = "dry_run takes the path of a static DryRun: dry_run = COMPRESS";
    for wrong in ["dry_run", "dry_run(X)", "dry_run = \"compress\"", "dry_run = f()"] {
        options(wrong, &[takes]);
    }
    options("fields = 1", &["fields takes a list: fields(key = value, ..)"]);
    options("parent", &["parent takes an expression: parent = context"]);
    options("err(Debug)", &["err takes a function: err(with = path)"]);
    options("crate = 1", &["crate takes a path: crate = my_crate::ode"]);
    options(
        "ok_fields(a = 1)",
        &["ok_fields takes a closure head and a list: ok_fields(|value| key = value.part, ..)"],
    );
    options("name = \"\"", &["a unit of work needs a name"]);
    options(
        "fields(a += 1), ok_fields(|v| v.0)",
        &[
            "`fields(..)` replaces: write `a = ..`, or use `incr! { a += .. }`",
            "`v.0` needs a name of its own: write `v = v.0`",
        ],
    );
}

#[test]
fn habits_are_answered() {
    options(
        "skip_all, skip(a, b)",
        &[
            "skip_all is not needed: arguments are captured only when named in fields(..)",
            "skip is not needed: arguments are captured only when named in fields(..)",
        ],
    );
    for habit in ["level = \"debug\"", "target = \"t\"", "ret", "err"] {
        let said = messages(habit, "fn f() -> u8 { 1 }");
        assert!(matches!(said.as_slice(), [one] if one.contains("is not needed")), "{said:?}");
    }
}

#[test]
fn what_cannot_be_a_unit_is_refused() {
    item("fn f() {}", &[]);
    item("pub(crate) unsafe extern \"C\" fn f(self: Box<Self>) {}", &[]);
    let not = "#[instrument_event] goes on a function or method with a body";
    item("struct S { a: u8 }", &[not]);
    item("fn f();", &[not]);
    item("const X: u8 = 1;", &[not]);
    item(
        "const fn f() {}",
        &["#[instrument_event] cannot go on a const fn: it may run at compile time"],
    );
    item(
        "async fn f() -> ! { loop {} }",
        &["this function never returns, so its unit would never end; instrument the work inside \
           its loop instead"],
    );
    assert_eq!(
        messages("root, parent = x, err(with = y)", "fn f() {}"),
        [
            "root starts a new trace, so there is no parent: drop one of the two",
            "err(with = ..) needs a function that returns a Result",
        ]
    );
}

#[test]
fn a_mistake_leaves_the_function_as_it_was() {
    let home = CorePath::of_crate("ode");
    let function = quote!(
        fn f(a: u8) -> u8 {
            a
        }
    );
    let expanded = attribute(quote!(nam), &function, &home).to_string();
    assert!(expanded.starts_with(":: core :: compile_error ! {"), "{expanded}");
    let rest = format!("# [allow (unused_variables)] {function}");
    assert!(expanded.ends_with(&rest), "{expanded}");
}

/// Where the work is: `sync`, `async`, `tail`, `boxed tail`, `future` or `boxed future`.
#[track_caller]
fn work(source: &str, expected: &str) {
    let mut errors = Errors::default();
    let function = read(tokens(source), &mut errors).expect("a function");
    let found = match function.work {
        Work::Sync { .. } => "sync",
        Work::Async { .. } => "async",
        Work::AsyncTail { tail, .. } if tail.pin.is_some() => "boxed tail",
        Work::AsyncTail { .. } => "tail",
        Work::Future { boxed: true, .. } => "boxed future",
        Work::Future { boxed: false, .. } => "future",
    };
    assert_eq!(found, expected, "{source}");
}

#[test]
fn the_work_is_found() {
    work("fn f() { x }", "sync");
    work("fn f() -> impl Iterator<Item = u8> { async {} }", "sync");
    work("fn f() -> Pin<Box<u8>> { x }", "sync");
    work("async fn f() { async {} }", "async");
    let plain = |body: &str| format!("fn f() -> impl Future<Output = u8> + Send {{ {body} }}");
    work(&plain("async move { 1 }"), "tail");
    work(&plain("let a = 1; async { a }"), "tail");
    work(&plain("g()"), "future");
    work(&plain("async move { 1 }.map(f)"), "future");
    work(&plain("Box::pin(async move { 1 })"), "future");
    let boxed =
        |body: &str| format!("fn f<'a>() -> Pin<Box<dyn Future<Output = u8> + 'a>> {{ {body} }}");
    work(&boxed("Box::pin(async move { 1 })"), "boxed tail");
    work(&boxed("let a = 1; ::std::boxed::Box::pin(async { a },)"), "boxed tail");
    work(&boxed("Box::pin(g())"), "boxed future");
    work(&boxed("match x { A => Box::pin(async move { 1 }) }"), "boxed future");
    work("fn f() -> BoxFuture<'static, u8> { Box::pin(async move { 1 }) }", "boxed tail");
    work("fn f() -> BoxFuture<'static, u8> { async move { 1 }.boxed() }", "boxed future");
}

#[test]
fn a_body_that_does_not_parse_is_still_instrumented() {
    let home = CorePath::of_crate("ode");
    let expanded = attribute(TokenStream::new(), &tokens("fn f() { let a = ; a. }"), &home);
    let expanded = expanded.to_string();
    assert!(!expanded.contains("compile_error"), "{expanded}");
    assert!(expanded.contains("let a = ; a ."), "{expanded}");
}

#[test]
fn impl_trait_is_inferred_inside_a_body() {
    let check = |source: &str, expected: &str| {
        let ty = inferred_impls(&syn::parse_str(source).expect("a type"));
        assert_eq!(ty.to_token_stream().to_string().replace(' ', ""), expected);
    };
    check("impl Iterator<Item = u8> + '_", "_");
    check("Result<impl Iterator<Item = impl Copy>, E>", "Result<_,E>");
    check("(u8, &'a [impl Copy])", "(u8,&'a[_])");
}

#[test]
fn inner_attributes_move_to_the_function() {
    let home = CorePath::of_crate("ode");
    let item = tokens("fn f() { #![allow(unused)] let a = 1; }");
    let expanded = attribute(TokenStream::new(), &item, &home).to_string();
    assert!(expanded.starts_with("# [allow (unused)] fn f"), "{expanded}");
}

#[test]
fn the_work_is_emitted_once() {
    let home = CorePath::of_crate("ode");
    for (options, item) in [
        ("dry_run = D, skip_if = c", "fn f() -> u8 { work() }"),
        ("skip_if = c", "async fn f() -> u8 { work() }"),
        ("skip_if = c", "fn f() -> impl Future<Output = u8> { work() }"),
        ("skip_if = c", "fn f() -> impl Future<Output = u8> { async move { work() } }"),
    ] {
        let expanded = attribute(tokens(options), &tokens(item), &home).to_string();
        assert_eq!(expanded.matches("work ()").count(), 1, "{expanded}");
    }
}
