//! `timed!` names both ways to time something.
fn main() {
    ode::timed!("db");
    ode::timed!(1 + 1);
    ode::timed!("", 1);
}
