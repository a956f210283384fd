//! What the platform does for ode's threads: no signals, and the host's name.

/// Runs `f`, which starts threads, so that they inherit a mask under which the host's signal
/// handlers never run on them.
#[cfg(unix)]
pub(crate) fn with_signals_blocked<R>(f: impl FnOnce() -> R) -> R {
    use nix::sys::signal::{SigSet, SigmaskHow, Signal};

    let mut mask = SigSet::all();
    // These are raised by the thread's own faults: blocking them would only hide the report.
    for fault in [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGFPE, Signal::SIGILL, Signal::SIGTRAP]
    {
        mask.remove(fault);
    }
    let before = mask.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok();
    let restore = Restore(before);
    let result = f();
    drop(restore);
    return result;

    struct Restore(Option<SigSet>);

    impl Drop for Restore {
        fn drop(&mut self) {
            if let Some(before) = &self.0 {
                // Setting a mask that was in force before cannot fail.
                let _restored = before.thread_set_mask().is_ok();
            }
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn with_signals_blocked<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// The name of the host.
#[cfg(unix)]
pub(crate) fn host_name() -> Option<String> {
    nix::unistd::gethostname().ok()?.into_string().ok()
}

/// The name of the host.
#[cfg(not(unix))]
pub(crate) fn host_name() -> Option<String> {
    std::env::var_os("COMPUTERNAME")?.into_string().ok()
}
