//! Where JSON lines end: nowhere, or in a file, through a buffer of 64 KiB that all have alike.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use ode_benches::side::Arrived;

const BUFFER: usize = 64 << 10;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Nowhere,
    File,
}

struct Out {
    /// `None` where lines end nowhere.
    file: Option<File>,
    buffer: Vec<u8>,
    arrived: Arrived,
}

static OUT: Mutex<Option<Out>> = Mutex::new(None);
/// A folder of this process, on the disk that also holds the build.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Begins; once in a process.
pub(crate) fn open(to: To) {
    let file = (to == To::File).then(|| {
        let path = folder().join("lines.jsonl");
        File::options().create(true).append(true).open(path).expect("the folder takes a file")
    });
    let (buffer, arrived) = (Vec::with_capacity(2 * BUFFER), Arrived { events: 0, bytes: 0 });
    *OUT.lock().expect("no panic") = Some(Out { file, buffer, arrived });
}

/// The folder whose files are read to see what arrived.
pub(crate) fn folder() -> &'static Path {
    FOLDER.get_or_init(|| {
        let folder = all_folders().join(std::process::id().to_string());
        fs::create_dir_all(&folder).expect("the scratch folder takes one");
        folder
    })
}

/// What holds the folder of each process.
pub(crate) fn all_folders() -> PathBuf {
    let this = std::env::current_exe().expect("the bench knows itself");
    this.with_file_name("bench-peers")
}

/// Takes away what this process wrote.
pub(crate) fn remove() {
    if let Some(folder) = FOLDER.get() {
        fs::remove_dir_all(folder).expect("it is ours");
    }
}

/// Takes one line.
pub(crate) fn take(line: &[u8]) {
    take_all(line, 1);
}

/// Takes some lines.
pub(crate) fn take_all(lines: &[u8], events: usize) {
    let mut out = OUT.lock().expect("no panic");
    let out = out.as_mut().expect("it is open");
    out.arrived.events += events;
    out.arrived.bytes += lines.len();
    let Some(file) = &mut out.file else {
        black_box(lines);
        return;
    };
    if out.buffer.len() + lines.len() > BUFFER {
        file.write_all(&out.buffer).expect("the file takes it");
        out.buffer.clear();
    }
    if lines.len() > BUFFER / 2 {
        file.write_all(lines).expect("the file takes it");
    } else {
        out.buffer.extend_from_slice(lines);
    }
}

/// Writes what waits.
pub(crate) fn flush() {
    if let Some(Out { file: Some(file), buffer, .. }) = &mut *OUT.lock().expect("no panic") {
        file.write_all(buffer).expect("the file takes it");
        buffer.clear();
    }
}

/// What was taken where lines end nowhere; else what is in the files.
pub(crate) fn arrived() -> Arrived {
    if let Some(Out { file: None, arrived, .. }) = &*OUT.lock().expect("no panic") {
        return *arrived;
    }
    let files = files();
    let events = files.iter().map(|file| count(file)).sum();
    let bytes = files.iter().map(Vec::len).sum();
    Arrived { events, bytes }
}

/// How many lines end in this.
pub(crate) fn count(lines: &[u8]) -> usize {
    lines.split(|byte| *byte == b'\n').count() - 1
}

/// The files, oldest first.
fn files() -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder()).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a file")).collect()
}

/// The lines of the files behind so many of them.
pub(crate) fn behind(skipped: usize) -> Vec<String> {
    let files = files();
    let text = files.iter().map(|file| std::str::from_utf8(file).expect("UTF-8"));
    text.flat_map(str::lines).skip(skipped).map(str::to_owned).collect()
}

/// For libraries that write pieces: collects a line, which ends with its newline.
#[derive(Default)]
pub(crate) struct Pieces(Vec<u8>);

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(piece);
        if piece.last() == Some(&b'\n') {
            take(&self.0);
            self.0.clear();
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// For libraries that write whole lines.
pub(crate) struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        debug_assert_eq!(line.last(), Some(&b'\n'), "a whole line");
        take(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
