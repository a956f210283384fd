//! What is dropped by accident says what that does.
#![deny(unused_must_use)]

use std::time::Duration;

use ode::WideEvent;

fn main() {
    WideEvent::builder("unit");
    WideEvent::builder("unit").start();
    ode::hold(Duration::from_secs(1));
    ode::timed("db");
    ode::testing::capture();
    ode::setup(ode::build_info!());
}
