//! What `timed!` takes is named wherever it goes wrong.
const NAME: &str = "db";

fn main() {
    ode::timed!();
    ode::timed!("db",);
    ode::timed!("db" 1);
    ode::timed!(NAME, 1);
    ode::timed!(1, "db");
    ode::timed!("db" = 1);
}
