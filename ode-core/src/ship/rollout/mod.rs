//! Who is included: rings, percentages, sticky buckets.

mod bucket;
mod ring;
#[expect(clippy::module_inception, reason = "the type the folder is about")]
mod rollout;

pub use ring::Ring;
pub use rollout::Rollout;
