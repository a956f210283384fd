//! JSON lines to where `tracing-subscriber` writes.

use std::io::{self, Write};

use ode_exporters::JsonLines;
use tracing_subscriber::fmt::MakeWriter;

/// Writes events as [JSON lines](crate::exporters::jsonl) to any destination that
/// `tracing_subscriber::fmt` can write to: `std::io::stdout`, a mutex around a writer, an appender
/// that rolls over or does not block.
///
/// One writer is made for each batch, and takes whole lines. What a destination does with bytes that
/// it has taken is its own affair: one that drops them when it is too busy does so uncounted.
///
/// ```
/// use std::fs::File;
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("ode-doc-writer-{}", std::process::id()));
/// let file = Arc::new(File::create(&path)?);
/// let ode = ode::setup(ode::build_info!())
///     .export_to(ode::tracing::json_lines(file))
///     .init()?;
/// ode::WideEvent::builder("import").run(|| ());
/// ode.shutdown(std::time::Duration::from_secs(5));
/// assert!(std::fs::read_to_string(&path)?.contains("\"name\":\"import\""));
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
pub fn json_lines<M>(make_writer: M) -> JsonLines
where
    M: for<'w> MakeWriter<'w> + Send + 'static,
{
    JsonLines::writer(Made { make_writer, failed: None })
}

struct Made<M> {
    make_writer: M,
    /// What went wrong after a part was taken.
    failed: Option<io::Error>,
}

impl<M: for<'w> MakeWriter<'w>> Write for Made<M> {
    /// Writes as much as is taken, all by one writer: others may write to the same destination
    /// between two.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut writer = self.make_writer.make_writer();
        let mut written = 0;
        while let Some(rest) = bytes.get(written..)
            && !rest.is_empty()
        {
            match writer.write(rest) {
                Ok(0) => break,
                Ok(taken) => written += taken.min(rest.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if written == 0 => return Err(error),
                // What was taken counts; the rest must not follow by another writer, as if nothing
                // had been in between.
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.make_writer.make_writer().flush()
    }
}
