//! Flags, stages, rollouts and kills, as an application meets them.

mod calibration;
mod deciding;
mod dry_run;
mod dry_run_budget;
mod dry_run_probes;
mod killing;
mod rollout;
mod sources;
