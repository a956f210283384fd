//! The rest of the family where every name is taken, and parameters are called what macros call theirs.
#![no_implicit_prelude]
#![allow(dead_code, unused_macros, non_camel_case_types, non_upper_case_globals)]

mod ode {}
mod ode_core {}
mod std {}
mod core {}
struct Clone;
struct Copy;
struct Debug;
struct Send;
struct Change;
struct Stage;
struct BuildInfo;
struct Declaration;
struct str;
struct usize;
struct Number;
macro_rules! concat {
    () => {};
}
macro_rules! stringify {
    () => {};
}
macro_rules! env {
    () => {};
}
macro_rules! option_env {
    () => {};
}
macro_rules! assert {
    () => {};
}

static TO_WHOM: ::ode::Rollout = ::ode::Rollout::new("pack").ring(::ode::Ring::percent(1.0));
::ode::change!(pub Compress = "compress");
::ode::change!(
    /// With everything.
    Pack = "pack", flag = "jobs.pack", default = ::ode::Stage::Off, rollout = TO_WHOM
);
static COMPRESS: ::ode::DryRun<Compress> = ::ode::DryRun::new();

/// Every type has methods of the names that ode looks for.
trait Everybody {
    fn failure(&self) {}
    fn ok_value(&self) {}
    fn to_value(&self) {}
    fn to_number(&self) {}
    fn record(&self) {}
    fn set(&self) {}
    fn nested(&self) {}
    fn finish(&self) {}
    fn enter(&self) {}
    fn root(&self) {}
    fn parent(&self) {}
    fn join(&self) {}
    fn run_async(&self) {}
    fn start_async(&self) {}
}
impl<T: ?::core::marker::Sized> Everybody for T {}

#[derive(::ode::EventFields)]
struct Group<fields, value>
where
    value: ::core::marker::Copy,
{
    fields: fields,
    value: value,
    r#type: ::core::primitive::u8,
}

#[::ode::instrument_event(
    fields(unit, r#type, key = KEY),
    ok_fields(|result| result),
    dry_run = COMPRESS,
    root
)]
fn sync<unit, result, const KEY: ::core::primitive::u8>(
    unit: unit,
    _result: result,
    r#type: ::core::primitive::u8,
) -> ::core::primitive::u8
where
    unit: ::ode::ToValue,
{
    let (probe, value, skip, work, make, future, _timed) = (1, 2, 3, 4, 5, 6, 7);
    ::ode::set! { probe, value, skip, work, [::ode::Stage::Off.as_str()] = KEY };
    ::ode::set_inherited! { make, future, timing = _timed };
    ::ode::incr! { KEY, r#type, more += probe };
    ::ode::append! { list += KEY, shown += ?probe, plain += %value };
    ::ode::timed!("x", r#type)
}

#[::ode::instrument_event(err(with = classify), join, skip_if = result == 0)]
fn fails<result: ::core::marker::Copy>(
    _value: result,
    result: ::core::primitive::u8,
) -> ::core::result::Result<::core::primitive::u8, ::std::fmt::Error> {
    ::core::result::Result::Ok(result)
}

fn classify(_: &::std::fmt::Error) -> ::ode::Failure {
    ::ode::Failure::error("x")
}

#[::ode::instrument_event(parent = ::core::option::Option::None, ok_fields(|_work| unit))]
async fn asynchronous<'work, work>(
    unit: &'work ::core::primitive::str,
    _value: work,
) -> ::core::result::Result<(), ::std::fmt::Error> {
    let opening = ::core::future::ready(unit).await;
    ::ode::set! { opening };
    ::core::result::Result::Ok(())
}

fn main() {
    sync::<_, _, 7>(1, "x", 2);
    fails("x", 0).unwrap();
    ::core::mem::drop(asynchronous("x", 1));
    ::core::mem::drop(::ode::build_info!());
    ::ode::fields(&Group { fields: 1, value: 2, r#type: 3 });
    ::core::assert_eq!(<Pack as ::ode::Change>::NAME, "pack");
}
