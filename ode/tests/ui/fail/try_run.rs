//! `try_run` wants an error; `try_run_with` takes any type and a reading of it.
use ode::WideEvent;

fn main() {
    let _ = WideEvent::builder("unit").try_run(|| Err::<(), _>(String::from("text")));
}
