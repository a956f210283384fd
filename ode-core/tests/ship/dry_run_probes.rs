//! No effect in a dry run: a file, a socket and a counter that would show one.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use ode_core::testing::{Capture, CaptureHandle};
use ode_core::{
    DryRun, Live, LiveOnly, MemoryFlags, Stage, Unrecorded, WideEvent, change, force_dry_run, kill,
};

change!(Purge = "purge");

static PURGE: DryRun<Purge> = DryRun::new();

/// What an effect reaches: nothing of it without a `Live`.
struct World {
    folder: LiveOnly<PathBuf>,
    peer: LiveOnly<TcpStream, Purge>,
    calls: LiveOnly<AtomicU64>,
}

/// The same, looked at from outside.
struct Probes {
    folder: PathBuf,
    peer: TcpStream,
}

fn world(name: &str) -> (World, Probes) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("dry_run_{name}"));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    let world = World {
        folder: LiveOnly::new(folder.clone()),
        peer: LiveOnly::new(stream),
        calls: LiveOnly::new(AtomicU64::new(0)),
    };
    (world, Probes { folder, peer })
}

impl World {
    fn purge(&self, live: &Live<Purge>) -> io::Result<()> {
        let number = self.calls.get(live).fetch_add(1, Ordering::SeqCst);
        fs::write(self.folder.get(live).join(number.to_string()), "purged")?;
        self.peer.get(live).write_all(b"p")
    }

    /// How often the counter was reached; a live change of the tests' own looks.
    fn calls(&self) -> u64 {
        change!(Looking = "looking");
        static LOOKING: DryRun<Looking> = DryRun::new();
        let flags = MemoryFlags::new().with("looking", Stage::Live);
        let _live = Capture::builder().flags(flags).start();
        let looked = LOOKING.plan(()).commit(|live, ()| {
            io::Result::Ok(Unrecorded(self.calls.get(live).load(Ordering::SeqCst)))
        });
        looked.unwrap().done().expect("it is live").0
    }
}

impl Probes {
    /// Ends the connection, so that all that was ever sent can be read.
    fn writes(mut self, world: World) -> (usize, usize, u64) {
        let calls = world.calls();
        drop(world);
        let mut sent = Vec::new();
        self.peer.read_to_end(&mut sent).unwrap();
        (fs::read_dir(self.folder).unwrap().count(), sent.len(), calls)
    }
}

const TIMES: usize = 100;

/// In a unit, in a unit below, in a future, on another thread, and where no unit is.
fn try_everywhere(world: &World, capture: Option<&CaptureHandle>, prepare: fn()) {
    let commit = || PURGE.plan(()).commit(|live, ()| world.purge(live)).unwrap().is_withheld();
    let unit = || {
        WideEvent::builder("purge").run(|| {
            prepare();
            commit();
            WideEvent::builder("below").run(commit);
            futures::executor::block_on(async {
                let planned = PURGE.plan(());
                planned.commit_async(async |live, ()| world.purge(live)).await.unwrap().done();
            });
        });
    };
    for _ in 0..TIMES {
        unit();
    }
    let elsewhere = || match capture {
        Some(capture) => capture.run(unit),
        None => unit(),
    };
    std::thread::scope(|scope| scope.spawn(elsewhere).join().unwrap());
}

/// A name, the flags, whether the process runs dry, and what a unit does first.
type Case = (&'static str, Option<MemoryFlags>, bool, fn());

#[test]
fn a_stage_that_does_not_act_writes_nothing_anywhere() {
    let nothing: fn() = || {};
    let live = || MemoryFlags::new().with("purge", Stage::Live);
    let in_stage = |stage: Stage| Some(MemoryFlags::new().with("purge", stage));
    let cases: [Case; 10] = [
        ("off", in_stage(Stage::Off), false, nothing),
        ("dry_run", in_stage(Stage::DryRun), false, nothing),
        ("shadow", in_stage(Stage::Shadow), false, nothing),
        ("default", Some(MemoryFlags::new()), false, nothing),
        ("no_stage", Some(MemoryFlags::new().with("purge", "on")), false, nothing),
        ("wrong_type", Some(MemoryFlags::new().with("purge", true)), false, nothing),
        ("killed_by_a_flag", Some(live().with("kill.purge", true)), false, nothing),
        ("killed", Some(live()), false, || kill("purge", "test")),
        ("forced_by_the_unit", Some(live()), false, force_dry_run),
        ("forced_by_the_process", Some(live()), true, nothing),
    ];
    for (name, flags, dry, prepare) in cases {
        let (world, probes) = world(name);
        {
            let capture = flags.map(|flags| Capture::builder().flags(flags).dry_run(dry).start());
            let handle = capture.as_ref().map(Capture::handle);
            try_everywhere(&world, handle.as_ref(), prepare);
        }
        assert_eq!(probes.writes(world), (0, 0, 0), "{name}");
    }
    let (world, probes) = world("not_set_up");
    try_everywhere(&world, None, nothing);
    assert_eq!(probes.writes(world), (0, 0, 0), "not set up");
}

/// The probes see what there is to see.
#[test]
fn a_stage_that_acts_writes_everywhere() {
    for stage in [Stage::Live, Stage::RampDown, Stage::Complete] {
        let (world, probes) = world(stage.as_str());
        {
            let flags = MemoryFlags::new().with("purge", stage);
            let capture = Capture::builder().flags(flags).start();
            try_everywhere(&world, Some(&capture.handle()), || {});
        }
        let writes = (TIMES + 1) * 3;
        assert_eq!(probes.writes(world), (writes, writes, writes as u64), "{stage}");
    }
}
