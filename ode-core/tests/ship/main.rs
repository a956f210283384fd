//! Flags, stages, rollouts and kills, as an application meets them.

mod deciding;
mod killing;
mod sources;
