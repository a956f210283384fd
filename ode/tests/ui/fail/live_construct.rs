//! The permission to act is given, never made, copied or found.
use ode::{DryRun, Live, LiveOnly, change};

change!(Compress = "compress");
static COMPRESS: DryRun<Compress> = DryRun::new();

fn effect(_live: &Live<Compress>) {}

fn main() {
    effect(&Live {});
    effect(&Live::default());
    effect(&Live::new());
    effect(&COMPRESS);
    let mut kept: Option<Live<Compress>> = None;
    let _ = COMPRESS.plan(()).commit(|live, ()| {
        kept = Some(live.clone());
        Ok::<_, ()>(())
    });
    let disk: LiveOnly<Vec<u8>> = LiveOnly::new(Vec::new());
    let _ = disk.effectful;
}
