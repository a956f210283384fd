//! An effect without a permission, or with that of another change.
use ode::{DryRun, Live, LiveOnly, change};

change!(Compress = "compress");
change!(Purge = "purge");
static COMPRESS: DryRun<Compress> = DryRun::new();
static PURGE: DryRun<Purge> = DryRun::new();

struct Disk;
impl Disk {
    fn write(&self) {}
}

fn store(live: &Live<Compress>, disk: &LiveOnly<Disk>) {
    disk.get(live).write();
}

fn main() {
    let disk: LiveOnly<Disk> = LiveOnly::new(Disk);
    let ours: LiveOnly<Disk, Compress> = LiveOnly::new(Disk);
    store(&disk);
    disk.get().write();
    ours.get().write();
    disk.write();
    let _ = PURGE.plan(()).commit(|live, ()| {
        store(live, &disk);
        ours.get(live).write();
        Ok::<_, ()>(())
    });
    let _ = COMPRESS.plan(()).commit(|live, ()| {
        store(live, &ours);
        Ok::<_, ()>(())
    });
    let _ = COMPRESS.plan(()).commit(|| Ok::<_, ()>(()));
}
