//! What most files that record something import: `use ode::prelude::*;`.
//!
//! ```
//! use ode::prelude::*;
//!
//! #[derive(EventFields)]
//! struct Cart { items: u64 }
//!
//! #[instrument_event]
//! async fn checkout(cart: Cart) {
//!     ode::fields(&cart);
//!     async { ode::set! { checked = true } }.in_event().await;
//! }
//! # let _ = checkout(Cart { items: 1 });
//! ```

pub use crate::{EventFields, WideEvent, instrument_event};
// Without its name, which `futures` has too.
pub use crate::FutureExt as _;
