//! Where encoded records go: whole ones, or an exact account of what did not get there.

use std::error::Error;
use std::fmt::{self, Debug, Display};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use ode_core::ExportError;

use crate::jsonl::live::LiveFile;
use crate::jsonl::rotation::Rotation;

/// How much is written in one call, unless a single record is longer: some file systems of Linux take
/// several times as long over a call of 128 KiB and more as over two of half that.
const MAX_CALL: usize = 64 << 10;

/// How often a batch is written to a file that is removed meanwhile.
const MAX_WRITES: usize = 4;

/// A destination of records that each end in a newline.
#[derive(Debug)]
pub(crate) struct Sink {
    target: Target,
    /// The last byte that arrived is not a newline: half a record was written, here or by the
    /// process before.
    torn: bool,
}

enum Target {
    /// The descriptor itself: `io::stdout()` buffers, and takes a closed descriptor for success.
    /// `None` until it could be duplicated.
    Stdout(Option<File>),
    File(LiveFile),
    Writer(Box<dyn Write + Send>),
}

impl Sink {
    pub(crate) fn stdout() -> Self {
        Self { target: Target::Stdout(duplicate_stdout().ok()), torn: false }
    }

    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        let (file, torn) = LiveFile::open(path)?;
        Ok(Self { target: Target::File(file), torn })
    }

    /// Puts the file aside when it is long enough, if it is one.
    pub(crate) fn rotate(&mut self, rotation: Rotation) {
        if let Target::File(file) = &mut self.target {
            file.rotate(rotation);
        }
    }

    pub(crate) fn writer(writer: Box<dyn Write + Send>) -> Self {
        Self { target: Target::Writer(writer), torn: false }
    }

    /// Whether the next batch has to begin with a newline, to end what was left half written.
    pub(crate) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Writes a batch, each record in one call if all of it is taken. `ends` is where each record ends.
    pub(crate) fn write(&mut self, bytes: &[u8], ends: &[usize]) -> Result<(), ExportError> {
        for _ in 0..MAX_WRITES {
            let prepared = self.target.prepare(bytes.len(), self.torn);
            let moved = prepared.map_err(|error| self.target.judge(error))?;
            let result = self.write_prepared(bytes, ends, moved);
            // Removed while it was written to: no line of the batch is anywhere.
            if self.target.is_gone() {
                continue;
            }
            return match self.target.take_trouble() {
                Some(error) if result.is_ok() => {
                    Err(ExportError::partial(0, self.target.describe(error)))
                }
                _ => result,
            };
        }
        Err(self.target.judge(io::ErrorKind::NotFound.into()))
    }

    fn write_prepared(
        &mut self,
        bytes: &[u8],
        ends: &[usize],
        moved: bool,
    ) -> Result<(), ExportError> {
        // The newline in front is for the file that was left, and was written there.
        let begin = usize::from(moved && std::mem::take(&mut self.torn));
        // A writer that panics leaves the tail in doubt; an empty line more does no harm.
        let torn_before = std::mem::replace(&mut self.torn, true);
        let (written, failure) = self.target.write_all(bytes.get(begin..).unwrap_or_default());
        let written = begin + written;
        let last = bytes.get(begin..written).and_then(<[u8]>::last);
        self.torn = last.map_or(torn_before, |last| *last != b'\n');
        match failure {
            None => Ok(()),
            Some(error) => {
                // A record that lacks only its newline is whole: it will get one, and must not come
                // a second time.
                let delivered = ends.partition_point(|end| *end <= written + 1);
                Err(self.target.judge(error).delivered(delivered))
            }
        }
    }

    /// Makes what was written durable, as far as the destination can.
    pub(crate) fn flush(&mut self) -> Result<(), ExportError> {
        let flushed = match &mut self.target {
            Target::Stdout(_) => Ok(()),
            Target::File(file) => file.sync(),
            Target::Writer(writer) => writer.flush(),
        };
        flushed.map_err(|error| self.target.judge(error))
    }
}

impl Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(Some(stdout)) => stdout.write(bytes),
            Self::Stdout(none) => none.insert(duplicate_stdout()?).write(bytes),
            Self::File(file) => file.write(bytes),
            Self::Writer(writer) => writer.write(bytes),
        }
    }

    /// How many bytes arrived, and why not all of them did.
    fn write_all(&mut self, bytes: &[u8]) -> (usize, Option<io::Error>) {
        let mut written = 0;
        let mut waited_at = None;
        loop {
            let rest = bytes.get(written..).unwrap_or_default();
            if rest.is_empty() {
                return (written, None);
            }
            match self.write(self.piece(rest)) {
                Ok(0) => return (written, Some(io::ErrorKind::WriteZero.into())),
                Ok(taken) => written += taken.min(rest.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let full = error.kind() == io::ErrorKind::WouldBlock;
                    // One wait for each byte of progress: a reader that stalls is an error.
                    if !full || waited_at == Some(written) || !self.wait_for_room() {
                        return (written, Some(error));
                    }
                    waited_at = Some(written);
                }
            }
        }
    }

    /// What goes into the next call: whole records, so that those of other processes come between.
    fn piece<'b>(&self, rest: &'b [u8]) -> &'b [u8] {
        let Some((first, behind)) = rest.split_at_checked(MAX_CALL) else { return rest };
        if matches!(self, Self::Writer(_)) {
            return rest;
        }
        let ends = |byte: &u8| *byte == b'\n';
        let end = first.iter().rposition(ends);
        let end = end.or_else(|| behind.iter().position(ends).map(|at| MAX_CALL + at));
        end.and_then(|end| rest.get(..=end)).unwrap_or(rest)
    }

    /// Waits a while where standard output was made non-blocking (it is shared with other
    /// processes, any of which can do that). Giving up at once would tear a line each time.
    #[cfg(unix)]
    fn wait_for_room(&self) -> bool {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        use std::os::fd::AsFd;

        const WAIT_MILLIS: u16 = 1_000;
        let Self::Stdout(Some(stdout)) = self else {
            return false;
        };
        let mut room = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
        poll(&mut room, PollTimeout::from(WAIT_MILLIS)).is_ok_and(|ready| ready > 0)
    }

    #[cfg(not(unix))]
    fn wait_for_room(&self) -> bool {
        false
    }

    /// Whether trying again can help. A pipe whose reader is gone stays closed, and waiting for it
    /// would hold up the end of every `program | head`; a writer may know how to connect again.
    fn judge(&self, error: io::Error) -> ExportError {
        let closed = error.kind() == io::ErrorKind::BrokenPipe;
        let permanent = closed && matches!(self, Self::Stdout(_));
        let error = self.describe(error);
        if permanent { ExportError::permanent(error) } else { ExportError::retryable(error) }
    }

    fn describe(&self, error: io::Error) -> WriteError {
        WriteError { target: format!("{self:?}"), source: error }
    }

    /// Makes ready for a batch; says whether it goes to another file than the last one.
    fn prepare(&mut self, batch: usize, torn: bool) -> io::Result<bool> {
        match self {
            Self::File(file) => file.prepare(batch, torn),
            Self::Stdout(_) | Self::Writer(_) => Ok(false),
        }
    }

    fn is_gone(&self) -> bool {
        matches!(self, Self::File(file) if file.is_gone())
    }

    fn take_trouble(&mut self) -> Option<io::Error> {
        match self {
            Self::File(file) => file.take_trouble(),
            Self::Stdout(_) | Self::Writer(_) => None,
        }
    }
}

impl Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout(_) => f.write_str("standard output"),
            Self::File(file) => Debug::fmt(file.path(), f),
            Self::Writer(_) => f.write_str("the writer"),
        }
    }
}

#[derive(Debug)]
struct WriteError {
    target: String,
    source: io::Error,
}

impl Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "write events to {}", self.target)
    }
}

impl Error for WriteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(unix)]
fn duplicate_stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn duplicate_stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    io::stdout().as_handle().try_clone_to_owned().map(File::from)
}
