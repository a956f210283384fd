//! `crate = path` names ode behind a re-export; `$crate` of another macro does too.
#![deny(warnings)]

mod vendored {
    pub mod telemetry {
        pub use ode::*;
    }

    #[macro_export]
    macro_rules! unit {
        ($name:ident) => {
            #[ode::instrument_event(crate = $crate::vendored::telemetry, fields(a = 1))]
            fn $name() {}
        };
    }
}

#[vendored::telemetry::instrument_event(crate = vendored::telemetry, fields(n))]
fn instrumented(n: u8) -> u8 {
    vendored::telemetry::set! { n };
    n
}

unit!(declared);

fn main() {
    instrumented(1);
    declared();
}
