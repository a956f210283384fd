//! The exporter of JSON lines.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use ode_core::{Batch, ExportError, Exporter};

use crate::jsonl::encode::Encoder;
use crate::jsonl::rotation::Rotation;
use crate::jsonl::sink::Sink;
use crate::write::room::Buffer;

/// Writes events as [JSON lines](crate::jsonl).
///
/// Each line is written in one call, so lines stay whole also where several processes append to one
/// file. When writing fails half-way, the lines that arrived whole count as delivered, the rest is
/// tried again, and the half line in between is ended by a newline first.
///
/// ```
/// use ode_core::{Batch, EventBuilder, Exporter};
/// use ode_exporters::JsonLines;
///
/// let path = std::env::temp_dir().join(format!("ode-doc-{}.jsonl", std::process::id()));
/// let mut exporter = JsonLines::file(&path)?;
/// exporter.export(&Batch::new(vec![EventBuilder::new("cart.checkout").build()]))?;
/// assert!(std::fs::read_to_string(&path)?.contains("\"name\":\"cart.checkout\""));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JsonLines {
    sink: Sink,
    encoder: Encoder,
    buffer: Buffer,
    ends: Vec<usize>,
}

impl JsonLines {
    /// Writes to standard output: to the descriptor as it is now, past the buffer of `println!`.
    ///
    /// A closed pipe is a permanent error, so that the end of the program does not wait for it.
    pub fn stdout() -> Self {
        Self::to(Sink::stdout())
    }

    /// Appends to a file, which is created with mode 0600 if it is not there.
    ///
    /// The file must be a regular one, belong to the user of this process, and have one name:
    /// symbolic links, hard links, pipes and devices are refused, since any of them could have been
    /// put there by someone else. A last line without its newline is given one; nothing is
    /// truncated. `flush` waits until the file is on its disk.
    ///
    /// When the file is moved or removed, as tools do that rotate logs, the next batch goes to a new
    /// one of the same path (on Unix). Where that cannot be opened it goes to the old one for as long
    /// as that has a name, and the trouble is told.
    ///
    /// # Errors
    /// When the file cannot be opened, or is refused. The message names the path, what was found
    /// there and what to do.
    pub fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        Sink::file(path.as_ref()).map(Self::to)
    }

    /// Puts the file aside when it is long enough, and goes on in a new one of the same path. Old
    /// files are `<path>.1`, the newest, `<path>.2` and so on.
    ///
    /// Several processes may write to one path; each says the same here. One of them, the holder of
    /// an advisory lock on `<path>.lock`, moves the files, and the others follow. A file grows beyond
    /// its limit by at most one batch of each process. What cannot be moved, in a folder that may
    /// not be written to or where something else has one of the names, grows on: that is told once,
    /// and tried again when as much has come as a file may hold.
    ///
    /// It is for files: standard output and writers are not touched. On other systems than Unix the
    /// file grows on.
    ///
    /// ```
    /// use ode_exporters::JsonLines;
    /// use ode_exporters::jsonl::Rotation;
    ///
    /// let path = std::env::temp_dir().join(format!("ode-doc-rotated-{}.jsonl", std::process::id()));
    /// let exporter = JsonLines::file(&path)?.rotate(Rotation::at(100 << 20).keep(5));
    /// # drop(exporter);
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn rotate(mut self, rotation: Rotation) -> Self {
        self.sink.rotate(rotation);
        self
    }

    /// Writes to anything else.
    ///
    /// Every error of the writer but [`Interrupted`](io::ErrorKind::Interrupted) is one of this
    /// exporter, and what was not taken is tried again.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::to(Sink::writer(Box::new(writer)))
    }

    fn to(sink: Sink) -> Self {
        Self { sink, encoder: Encoder::new(), buffer: Buffer::default(), ends: Vec::new() }
    }
}

/// How much memory an exporter keeps when the next batch comes.
pub(crate) const KEPT_BYTES: usize = 8 << 20;

impl Exporter for JsonLines {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.buffer.clear(KEPT_BYTES);
        self.ends.clear();
        if self.sink.is_torn() {
            self.buffer.append(1, |room| room.put_array(b"\n"));
        }
        self.encoder.encode_all(batch.events(), &mut self.buffer, &mut self.ends);
        self.sink.write(self.buffer.bytes(), &self.ends)
    }

    fn flush(&mut self, _timeout: Duration) -> Result<(), ExportError> {
        self.sink.flush()
    }
}
