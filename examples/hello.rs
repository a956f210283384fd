//! The smallest program: one function, one wide event.
//!
//! What to notice:
//! - One line of set-up. Without a destination given, events go to standard output as JSON lines.
//! - The attribute opens the unit of work and closes it on every way out.
//! - `set!` finds the event from any depth; nothing is handed down.
//! - Build, service, host, ids, outcome and duration are on the event without being asked for.
//!
//! ```text
//! cargo run --example hello
//! ```

#[ode::instrument_event(fields(user.id = user))]
fn greet(user: &str) -> String {
    let greeting = compose(user);
    ode::set! { greeting.length = greeting.len() };
    greeting
}

fn compose(user: &str) -> String {
    ode::set! { greeting.kind = "morning", greeting.polite = true };
    format!("Good morning, {user}!")
}

fn main() -> Result<(), ode::SetupError> {
    let _ode = ode::init(ode::build_info!())?;
    greet("ada");
    Ok(())
}
