//! `change!` says how it is written.
ode::change!();
ode::change!(Compress);
ode::change!("compress");
ode::change!(Compress: "compress");
ode::change!(Compress = COMPRESS);
ode::change!(Compact = "compact", flags = "jobs.compact");
ode::change!(Purge = "");
ode::change!(Sweep = "sweep", default = ode::Stage::Live);
ode::change!(Merge = "merge", flag = "");
ode::change!(Split = "split", rollout = 10);
ode::change!(Pack = "pack", default = "live");

fn main() {}
