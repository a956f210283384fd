//! Nothing acts by default, and what a declaration needs it has.
use ode::{DryRun, Refusing, Stage, change};

change!(Compress = "compress");
change!(Purge = "purge", default = Stage::Live);

static LIVE: DryRun<Compress> = DryRun::new().default_stage(Stage::Live);
static RAMP_DOWN: DryRun<Compress> = DryRun::new().default_stage(Stage::RampDown);
static COMPLETE: DryRun<Compress> = DryRun::new().default_stage(Stage::Complete);
static NO_FLAG: DryRun<Compress> = DryRun::new().stage_flag("");
static NO_REASON: Refusing<Compress> = DryRun::new().refuse("");

fn main() {
    for dry_run in [&LIVE, &RAMP_DOWN, &COMPLETE, &NO_FLAG] {
        dry_run.stage();
    }
    NO_REASON.stage();
    ode::stage::<Purge>();
}
