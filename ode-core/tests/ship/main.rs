//! Flags, stages, rollouts and kills, as an application meets them.

mod calibration;
mod concurrency;
mod deciding;
mod deciding_trees;
mod dry_run;
mod dry_run_budget;
mod dry_run_probes;
mod experiment;
mod flags;
mod killing;
mod rollout;
mod sources;
