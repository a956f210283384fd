//! The test kit has no permission to give: tests run the change live, in their capture.
use ode::testing::{Live, live};

ode::change!(Compress = "compress");

fn main() {
    let _: Live<Compress> = live::<Compress>();
    let _ = ode::testing::Live::<Compress>::new();
    let _ = ode::macro_support::live::<Compress>();
    let _ = ode::integration::Live::<Compress>::new();
}
