//! Where ode's own messages go unless the code says otherwise: to standard error, if that takes them at
//! once. A pipe that nobody reads must not hold up the host, nor the threads that export.

use ode_core::Diagnostic;

/// A pipe takes so much in one piece, if it has room at all.
const MAX_BYTES: usize = 4_096;

/// Writes a line. What does not fit is cut; what cannot be written now is lost.
pub(crate) fn to_stderr(diagnostic: &Diagnostic) {
    let mut line = format!("ode: {diagnostic}");
    if line.len() >= MAX_BYTES {
        let fits = |end: &usize| line.is_char_boundary(*end);
        line.truncate((0..=MAX_BYTES - 4).rev().find(fits).unwrap_or(0));
        line.push('…');
    }
    line.push('\n');
    write(line.as_bytes());
}

/// Not through `io::stderr`: a thread of the host may wait in there, with its lock.
#[cfg(unix)]
fn write(line: &[u8]) {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;

    let stderr = std::io::stderr();
    let mut room = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    let is_ready = poll(&mut room, PollTimeout::ZERO).is_ok_and(|ready| ready > 0);
    if is_ready && room.iter().all(|found| found.revents() == Some(PollFlags::POLLOUT)) {
        let _taken = nix::unistd::write(&stderr, line).is_ok();
    }
}

#[cfg(not(unix))]
fn write(line: &[u8]) {
    drop(std::io::Write::write_all(&mut std::io::stderr(), line));
}
