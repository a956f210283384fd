//! Nothing of the caller's is used by accident, and nothing of ode's gets in the caller's way.
#![no_implicit_prelude]
#![allow(dead_code, unused_macros, non_camel_case_types)]

mod core {}
mod std {}
mod alloc {}
mod macro_support {}
struct Option;
struct Some;
struct None;
struct Result;
struct Ok;
struct Err;
struct Box;
struct String;
struct Value;
struct ToValue;
struct Key;
struct Timer;
struct bool;
struct str;
struct u8;
enum Never {}
fn drop() {}
fn call() {}
macro_rules! panic {
    ($($t:tt)*) => {
        compile_error!("shadowed")
    };
}
macro_rules! compile_error {
    ($($t:tt)*) => {};
}
macro_rules! set {
    ($($t:tt)*) => {
        compile_error!("shadowed")
    };
}
macro_rules! matches {
    ($($t:tt)*) => {
        compile_error!("shadowed")
    };
}

const KEY: ::core::primitive::u8 = 1;
static TIMER: ::core::primitive::u8 = 2;

#[derive(::ode::EventFields)]
#[event(prefix = "group")]
struct Group<T> {
    fields: ::core::primitive::u8,
    value: T,
    #[event(display)]
    shown: &'static ::core::primitive::str,
    #[event(nested)]
    inner: ::core::option::Option<Inner>,
}

#[derive(::ode::EventFields)]
struct Inner {
    kind: Kind,
}

#[derive(::ode::EventFields)]
enum Kind {
    None,
}

#[::ode::instrument_event(fields(result, unit, KEY), ok_fields(|value| value, KEY), skip_if = skip)]
fn sync(
    result: ::core::primitive::u8,
    unit: ::core::primitive::u8,
    skip: ::core::primitive::bool,
) -> ::core::primitive::u8 {
    ::ode::set! { KEY, key = KEY, unit };
    let _timed = ::ode::timed!("x", TIMER);
    result + unit
}

#[::ode::instrument_event(fields(result, work), ok_fields(|future| length = *future))]
async fn asynchronous(
    result: ::core::primitive::u8,
    work: ::core::primitive::u8,
) -> ::core::result::Result<::core::primitive::u8, ::std::io::Error> {
    ::core::result::Result::Ok(result + work)
}

#[::ode::instrument_event(fields(future, make), skip_if = false)]
fn boxed(
    future: ::core::primitive::u8,
    make: ::core::primitive::u8,
) -> ::core::pin::Pin<::std::boxed::Box<dyn ::core::future::Future<Output = ::core::primitive::u8>>>
{
    ::std::boxed::Box::pin(::core::future::ready(future + make))
}

fn main() {
    sync(1, 2, false);
    ::core::mem::drop((asynchronous(1, 2), boxed(1, 2)));
    ::ode::fields(&Group {
        fields: 1,
        value: 2.5,
        shown: "x",
        inner: ::core::option::Option::Some(Inner { kind: Kind::None }),
    });
}
