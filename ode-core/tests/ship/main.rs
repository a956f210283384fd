//! Flags, stages, rollouts and kills, as an application meets them.

mod calibration;
mod concurrency;
mod deciding;
mod deciding_meanwhile;
mod deciding_trees;
mod dry_run;
mod dry_run_budget;
mod dry_run_probes;
mod experiment;
mod experiment_async;
mod experiment_bulkhead;
mod experiment_diff;
mod experiment_harm;
mod flags;
mod killing;
mod rollout;
mod sources;

/// Panics that are part of a test are not printed by the thousand.
fn quiet_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let name = std::thread::current().name().map(str::to_owned);
            if !name.is_some_and(|name| name.starts_with("ode-trial-")) {
                print(info);
            }
        }));
    });
}
