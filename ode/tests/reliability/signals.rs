//! ode's threads take none of the host's signals, and the host's own mask stays as it was.

#![expect(unsafe_code, reason = "a signal handler, and signals to single threads")]

use std::fs;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::unistd::{Pid, gettid};

use crate::support::{program, run};

/// T18: of the process; and as many to each of ode's threads.
const SIGNALS: u64 = 10_000;

static HANDLED: AtomicU64 = AtomicU64::new(0);
/// The threads on which it ran, as far as they are remembered.
static HANDLED_ON: [AtomicI32; 64] = [const { AtomicI32::new(0) }; 64];

extern "C" fn handle(_signal: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
    let thread = gettid().as_raw();
    for slot in &HANDLED_ON {
        let before = slot.compare_exchange(0, thread, Ordering::SeqCst, Ordering::SeqCst);
        if before.is_ok() || before == Err(thread) {
            return;
        }
    }
}

/// The threads of this process: id, name, blocked signals.
fn threads() -> Vec<(i32, String, u64)> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let thread = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:"))?;
        let id = task.file_name().to_str()?.parse().ok()?;
        Some((id, name.trim().to_owned(), u64::from_str_radix(mask.trim(), 16).ok()?))
    };
    tasks.filter_map(|task| thread(task.unwrap())).collect()
}

pub(crate) fn role() {
    let action = SigAction::new(SigHandler::Handler(handle), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler only touches atomics and asks for the thread's id.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
    // SAFETY: as above.
    unsafe { sigaction(Signal::SIGTERM, &action) }.unwrap();
    let before = SigSet::thread_get_mask().unwrap();
    let guard = ode::init(ode::build_info!()).unwrap();
    assert_eq!(SigSet::thread_get_mask().unwrap(), before, "the host's mask is as it was");

    // Threads name themselves once they run.
    let ours = loop {
        let ours: Vec<_> =
            threads().into_iter().filter(|(_, name, _)| name.starts_with("ode-")).collect();
        if ours.len() == 2 {
            break ours;
        }
        std::thread::yield_now();
    };
    let faults = [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGFPE, Signal::SIGILL, Signal::SIGTRAP];
    for (_, name, mask) in &ours {
        for signal in Signal::iterator() {
            let blockable = ![Signal::SIGKILL, Signal::SIGSTOP].contains(&signal);
            let expected = blockable && !faults.contains(&signal);
            assert_eq!(mask & (1 << (signal as i32 - 1)) != 0, expected, "{name}: {signal}");
        }
    }

    let process = std::process::id().try_into().unwrap();
    for n in 0..SIGNALS {
        ode::WideEvent::builder("unit").run(|| ode::set! { n = n });
        let signal = if n % 2 == 0 { Signal::SIGUSR1 } else { Signal::SIGTERM };
        kill(Pid::from_raw(process), signal).unwrap();
        // Also to ode's threads themselves, which no host does: there they stay pending.
        for (thread, ..) in &ours {
            // SAFETY: plain numbers go in, a number comes out.
            let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, *thread, libc::SIGUSR1) };
            assert_eq!(sent, 0);
        }
    }
    assert!(ode::flush(std::time::Duration::from_secs(30)).is_complete());
    let handled: Vec<_> = HANDLED_ON.iter().map(|slot| slot.load(Ordering::SeqCst)).collect();
    for (thread, name, _) in &ours {
        assert!(!handled.contains(thread), "a handler ran on {name}");
    }
    say!("handled: {}", HANDLED.load(Ordering::SeqCst));
    drop(guard);
}

#[test]
fn no_handler_runs_on_a_thread_of_ode() {
    let left = run(program("signals").env("ODE_OUTPUT", "stdout"));
    left.assert_success();
    assert_eq!(left.events().len() as u64, SIGNALS + 1);
    assert!(left.told("handled").parse::<u64>().unwrap() > 0, "{left:#?}");
}
