//! Plans and results are groups of fields, so that what was predicted can be compared.
use ode::{DryRun, change};

change!(Compress = "compress");
static COMPRESS: DryRun<Compress> = DryRun::new();

struct Plan {
    bytes_after: u64,
}

struct Plain;

static NO_CHANGE: DryRun<Plain> = DryRun::new();

fn main() {
    let _ = COMPRESS.plan(Plan { bytes_after: 7 });
    let _ = COMPRESS.plan(()).commit(|_live, ()| Ok::<_, ()>(3_u64));
    let _ = COMPRESS.plan(()).commit(|_live, ()| 3_u64);
    let _ = NO_CHANGE.stage();
}
