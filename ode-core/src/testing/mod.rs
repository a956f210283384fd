//! The test kit: capture the events of one test, move time by hand, run a pipeline of one's own.
//!
//! Feature `testing`, for dev-dependencies. Works under plain parallel `cargo test`: a capture
//! belongs to the thread that made it; tasks and threads joined by `.in_event()` and `in_event(..)`
//! inherit it, others enter by [`CaptureHandle`].
//!
//! ```
//! use ode_core::WideEvent;
//! let events = ode_core::testing::capture();
//! WideEvent::builder("checkout").run(|| ode_core::set! { cart.items = 3 });
//! let event = events.one("checkout");
//! assert_eq!(event.outcome(), "ok");
//! assert_eq!(event["cart.items"], 3);
//! ```

mod capture;
mod captured;
mod clock;
mod experiments;
mod pipeline;
mod stage;

pub use capture::{Capture, CaptureBuilder, CaptureHandle, capture};
pub use captured::Captured;
pub use clock::TestClock;
pub use pipeline::TestPipeline;
pub use stage::stage;
