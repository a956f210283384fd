//! Flags from a file that is watched: who gets the new cart is configuration.
//!
//! What to notice:
//! - A flag is a `static` with a type and a default. Whatever goes wrong, the default is the answer.
//! - Inside a unit it is decided once, and the decision is on the event: `flag.new_cart.variant` and
//!   `.reason`, so errors can be counted by variant.
//! - The file is in flagd's format. What is written to it counts within a second, and an event
//!   `ode.flags.reloaded` says which flags changed.
//!
//! ```text
//! cargo run --example flags
//! ODE_FLAGS=greeting=welcome cargo run --example flags    # where no other source knows it
//! ```

use std::borrow::Cow;
use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use ode::{Flag, Subject, instrument_event};

static NEW_CART: Flag<bool> = Flag::new("new_cart", false);
static GREETING: Flag<Cow<'static, str>> = Flag::new("greeting", Cow::Borrowed("hello"));

const FOR_STAFF: &str = r#"{
    "flags": {
        "new_cart": {
            "state": "ENABLED",
            "variants": {"on": true, "off": false},
            "defaultVariant": "off",
            "targeting": {"if": [{"ends_with": [{"var": "email"}, "@shop.example"]}, "on"]}
        }
    }
}"#;

/// Flags and rollouts are asked about the subject of the unit. It is not recorded; fields are.
#[instrument_event(fields(user.id = user))]
fn cart(user: &'static str, email: &'static str) -> &'static str {
    ode::subject(Subject::new(user).with("email", email));
    ode::set! { page.greeting = &*GREETING.get() };
    if NEW_CART.get() { "new" } else { "old" }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("flags.json");
    std::fs::write(&file, FOR_STAFF)?;
    let _ode = ode::setup(ode::build_info!()).flag_file(&file).init()?;

    assert_eq!(cart("u1", "ada@shop.example"), "new");
    assert_eq!(cart("u2", "bob@example.org"), "old");

    // On for everybody. Exchanged as a whole, so that nobody reads half of it; a broken file would
    // change nothing.
    let next = folder.path().join("next.json");
    std::fs::write(&next, FOR_STAFF.replace("\"off\",", "\"on\","))?;
    std::fs::rename(&next, &file)?;
    let bob = Subject::new("u2").with("email", "bob@example.org");
    while !NEW_CART.get_for(&bob) {
        sleep(Duration::from_millis(20));
    }
    assert_eq!(cart("u2", "bob@example.org"), "new");
    Ok(())
}
