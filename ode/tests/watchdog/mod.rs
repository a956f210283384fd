//! Programs that do not end, as tests of whole processes meet them.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kills a program that does not end, so that the test fails rather than hangs.
pub(crate) struct Watchdog {
    over: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    pub(crate) fn over(pid: u32, patience: Duration) -> Self {
        let (over, is_over) = sync_channel::<()>(0);
        let watch = move || {
            if is_over.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                let _killed = kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).is_ok();
            }
        };
        Self { over: Some(over), thread: Some(Builder::new().spawn(watch).unwrap()) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.over.take());
        drop(self.thread.take().map(JoinHandle::join));
    }
}
