//! JSON lines to where `fmt` writes.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ode::exporters::JsonLines;
use ode::testing::TestPipeline;
use ode::tracing::json_lines;
use ode::{Batch, EventBuilder, Exporter, WideEvent};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt as _;

use crate::support::Written;

const LONG: Duration = Duration::from_secs(30);

fn batch(names: &[&'static str]) -> Batch {
    Batch::new(names.iter().map(|name| EventBuilder::new(*name).build()).collect())
}

#[track_caller]
fn assert_lines(written: &[u8], names: &[&str]) {
    assert!(written.ends_with(b"\n"));
    let events: Vec<_> =
        ode::exporters::jsonl::read(written).collect::<Result<_, _>>().expect("whole lines");
    let found: Vec<_> = events.iter().map(ode::Event::name).collect();
    assert_eq!(found, names);
}

#[test]
fn every_kind_of_destination_is_taken() {
    fn taken(exporter: JsonLines) -> JsonLines {
        exporter
    }
    drop(taken(json_lines(io::stdout)));
    drop(taken(json_lines(io::stderr.with_max_level(tracing::Level::WARN))));
    drop(taken(json_lines(Mutex::new(Vec::new()))));
    drop(taken(json_lines(Vec::new)));
    let file = tempfile::tempfile().unwrap();
    drop(taken(json_lines(Arc::new(file))));
}

#[test]
fn a_mutex_around_a_buffer_through_a_whole_pipeline() {
    let written = Written::default();
    let buffer = Mutex::new(written.clone());
    let pipeline = TestPipeline::to(json_lines(buffer)).unwrap();
    pipeline.run(|| {
        for _ in 0..3 {
            WideEvent::builder("unit").run(|| ode::set! { text = "two\nlines" });
        }
    });
    assert!(pipeline.flush(LONG).is_complete());
    assert_eq!(pipeline.shutdown(LONG).delivered, 3);
    assert_lines(written.text().as_bytes(), &["unit", "unit", "unit"]);
}

#[test]
fn a_file_that_is_opened_for_each_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let opened = Arc::new(AtomicUsize::new(0));
    let (file, count) = (path.clone(), Arc::clone(&opened));
    let mut exporter = json_lines(move || {
        count.fetch_add(1, Ordering::SeqCst);
        OpenOptions::new().create(true).append(true).open(&file).unwrap()
    });
    exporter.export(&batch(&["a", "b"])).unwrap();
    exporter.export(&batch(&["c"])).unwrap();
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    assert_lines(&std::fs::read(&path).unwrap(), &["a", "b", "c"]);
}

/// Notes each write; takes a few bytes at a time, is interrupted, fails once when told to.
#[derive(Clone, Default)]
struct Picky(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    written: Vec<u8>,
    writers: usize,
    most: usize,
    /// How many bytes are taken before an error.
    fails_after: Option<usize>,
    interrupted: bool,
    flushed: usize,
}

/// The lock is held as long as the writer lives: nobody else writes meanwhile.
struct Held<'w>(MutexGuard<'w, State>);

impl<'w> MakeWriter<'w> for Picky {
    type Writer = Held<'w>;

    fn make_writer(&'w self) -> Held<'w> {
        let mut state = self.0.lock().unwrap();
        state.writers += 1;
        Held(state)
    }
}

impl Write for Held<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let state = &mut self.0;
        state.interrupted = !state.interrupted;
        if state.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        let mut taken = bytes.len().min(state.most);
        if let Some(left) = state.fails_after {
            if left == 0 {
                state.fails_after = None;
                return Err(ErrorKind::StorageFull.into());
            }
            taken = taken.min(left);
            state.fails_after = Some(left - taken);
        }
        state.written.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flushed += 1;
        Ok(())
    }
}

#[test]
fn one_writer_a_batch_however_little_it_takes_at_a_time() {
    let picky = Picky::default();
    picky.0.lock().unwrap().most = 7;
    let mut exporter = json_lines(picky.clone());
    exporter.export(&batch(&["a", "b", "c"])).unwrap();
    exporter.flush(LONG).unwrap();
    let state = picky.0.lock().unwrap();
    assert_eq!((state.writers, state.flushed), (2, 1), "one for the batch, one to flush");
    assert_lines(&state.written, &["a", "b", "c"]);
}

#[test]
fn an_error_half_way_is_told_with_what_arrived() {
    let picky = Picky::default();
    let mut exporter = json_lines(picky.clone());
    picky.0.lock().unwrap().most = 1 << 20;
    exporter.export(&batch(&["a"])).unwrap();
    let line = picky.0.lock().unwrap().written.len();
    picky.0.lock().unwrap().fails_after = Some(line + 10);
    let error = exporter.export(&batch(&["b", "c"])).unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.delivered_events(), 1);
    exporter.export(&batch(&["c"])).unwrap();
    let state = picky.0.lock().unwrap();
    let read: Vec<_> = ode::exporters::jsonl::read(&state.written[..]).collect();
    let names: Vec<_> = read.iter().flatten().map(ode::Event::name).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(read.len(), 4, "the half line ended before anything else was written");
}

#[test]
fn a_destination_that_takes_nothing_is_an_error() {
    let picky = Picky::default();
    let mut exporter = json_lines(picky);
    let error = exporter.export(&batch(&["a"])).unwrap_err();
    assert_eq!(error.delivered_events(), 0);
}
