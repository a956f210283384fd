//! Names that nobody knows, and look-ups that hang.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::str::FromStr;
use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{
    Batch, DestinationStats, DropReason, EventBuilder, Exporter, PipelineBuilder, Process, Queue,
    WideEvent,
};
use tokio::runtime::Builder;

use super::*;
use crate::otlp::Otlp;

const WATCHDOG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(50);
const EVENTS: u64 = 3;

/// What the platform says of a name that does not exist.
fn unknown() -> io::Error {
    io::Error::other("failed to lookup address information: Name or service not known")
}

fn here() -> Vec<SocketAddr> {
    vec![(Ipv4Addr::LOCALHOST, 0).into()]
}

/// Counts the look-ups that were begun.
fn counted(
    look_up: impl Fn(usize) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
) -> (Resolver, Arc<AtomicUsize>) {
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let resolver = Resolver::new(move |name| {
        assert_eq!(name, "collector.test");
        look_up(count.fetch_add(1, Ordering::SeqCst))
    });
    (resolver, begun)
}

/// What hangs until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

impl Drop for Gate {
    /// No thread of a test that failed may hang for ever.
    fn drop(&mut self) {
        if Arc::strong_count(&self.0) == 1 || thread::panicking() {
            self.open();
        }
    }
}

/// A receiver over HTTP that takes everything; its port.
fn receiver() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let accept = move || {
        for stream in listener.incoming().flatten() {
            answer(&stream);
        }
    };
    thread::Builder::new().spawn(accept).unwrap();
    port
}

fn answer(mut stream: &TcpStream) {
    let mut from = BufReader::new(stream);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if from.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

/// A pipeline to a receiver whose name is looked up, and what was said about it.
struct Sender {
    pipeline: TestPipeline,
    clock: TestClock,
    said: Arc<Mutex<String>>,
}

impl Sender {
    fn new(otlp: Otlp, patience: Duration) -> Self {
        let (clock, said) = (TestClock::new(), Arc::new(Mutex::new(String::new())));
        let heard = Arc::clone(&said);
        let queue = Queue::new(otlp.timeout(SHORT)).give_up_after(patience);
        let builder = PipelineBuilder::new(Process::new("b1"))
            .export_to(queue)
            .on_diagnostic(move |message| heard.lock().unwrap().push_str(&message.to_string()));
        let pipeline = TestPipeline::start_with_clock(builder, &clock).unwrap();
        pipeline.run(|| {
            for _ in 0..EVENTS {
                WideEvent::builder("unit").run(|| ());
            }
        });
        Self { pipeline, clock, said }
    }

    fn stats(&self) -> DestinationStats {
        self.pipeline.stats().destinations.swap_remove(0)
    }

    fn has_said(&self, part: &str) -> bool {
        self.said.lock().unwrap().contains(part)
    }

    /// Lets time pass until that is so. Nothing is lost meanwhile, unless it may be.
    #[track_caller]
    fn wait(&self, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..WATCHDOG.as_millis() {
            if is_so(self) {
                return;
            }
            // Faster than the world's, so that backing off costs no time.
            self.clock.advance(Duration::from_secs(1));
            thread::sleep(Duration::from_millis(1));
        }
        panic!("it never came to be: {} {}", self.stats(), self.said.lock().unwrap());
    }
}

fn ways(host: &str, port: u16) -> Vec<Otlp> {
    let url = format!("http://{host}:{port}");
    vec![Otlp::http(&url).unwrap(), Otlp::grpc(&url).unwrap()]
}

#[test]
fn a_name_that_comes_to_be_known_is_found() {
    let (resolver, begun) =
        counted(|earlier| if earlier < 4 { Err(unknown()) } else { Ok(here()) });
    let otlp = Otlp::http(&format!("http://collector.test:{}", receiver())).unwrap();
    let sender = Sender::new(otlp.resolver(&resolver), Duration::MAX);
    sender.wait(|sender| sender.stats().delivered == EVENTS);
    assert_eq!(begun.load(Ordering::SeqCst), 5, "looked up at each attempt, and no more often");
    assert!(sender.has_said("Name or service not known"), "{}", sender.said.lock().unwrap());
    let end = sender.pipeline.shutdown(WATCHDOG);
    assert_eq!((end.delivered, end.undelivered), (EVENTS, 0));
    assert!(sender.pipeline.stats().is_balanced());
}

#[test]
fn a_name_that_nobody_knows_is_given_up() {
    for otlp in ways("collector.test", 4318) {
        let (resolver, begun) = counted(|_| Err(unknown()));
        let sender = Sender::new(otlp.resolver(&resolver), Duration::from_secs(60));
        sender.wait(|sender| sender.stats().dropped.total() == EVENTS);
        let stats = sender.stats();
        assert_eq!(stats.dropped.get(DropReason::RetriesExhausted), EVENTS, "{stats}");
        assert!(begun.load(Ordering::SeqCst) > 3, "it is tried again");
        assert!(sender.has_said("Name or service not known"), "{}", sender.said.lock().unwrap());
    }
}

/// A name with a label that is too long is no question for a server: the platform itself refuses it.
#[test]
fn the_platform_is_asked() {
    for mut otlp in ways(&format!("{}.localhost", "x".repeat(64)), 4318) {
        let event = EventBuilder::new("unit").build();
        let error = otlp.export(&Batch::new(vec![event])).unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        let text = format!("{error:?}");
        assert!(text.contains("failed to lookup address information"), "{text}");
    }
}

#[test]
fn a_look_up_that_hangs_ends_with_the_timeout() {
    for otlp in ways("collector.test", 4318) {
        let gate = Gate::default();
        let hangs = gate.clone();
        let (resolver, begun) = counted(move |_| {
            hangs.pass();
            Err(unknown())
        });
        let sender = Sender::new(otlp.resolver(&resolver), Duration::MAX);
        sender.wait(|sender| sender.has_said("no answer within 50ms"));
        sender.wait(|sender| sender.has_said("look-ups of the name have not ended"));
        assert_eq!(begun.load(Ordering::SeqCst), LOOKUP_THREADS, "no more are begun");
        let stats = sender.stats();
        assert_eq!((stats.delivered, stats.dropped.total()), (0, 0), "{stats}");
        // The end does not wait for the look-ups, which hang still.
        let end = sender.pipeline.shutdown(Duration::ZERO);
        assert_eq!((end.delivered, end.undelivered), (0, EVENTS));
        drop(sender.pipeline);
        gate.open();
    }
}

/// A look-up cannot be interrupted, and is left alone.
#[test]
fn an_exporter_ends_while_a_look_up_hangs() {
    for mut otlp in ways("collector.test", 4318) {
        let gate = Gate::default();
        let hangs = gate.clone();
        let (resolver, _) = counted(move |_| {
            hangs.pass();
            Err(unknown())
        });
        let (ended, end) = sync_channel(1);
        let live_and_die = move || {
            otlp = otlp.resolver(&resolver).timeout(SHORT);
            let batch = Batch::new(vec![EventBuilder::new("unit").build()]);
            let error = otlp.export(&batch).unwrap_err();
            assert!(error.is_retryable(), "{error:?}");
            drop(otlp);
            ended.send(()).unwrap();
        };
        thread::Builder::new().spawn(live_and_die).unwrap();
        let ended = end.recv_timeout(WATCHDOG);
        gate.open();
        ended.unwrap();
    }
}

#[test]
fn when_look_ups_end_at_last_everything_arrives() {
    let gate = Gate::default();
    let hangs = gate.clone();
    let (resolver, begun) = counted(move |earlier| {
        if earlier < LOOKUP_THREADS {
            hangs.pass();
        }
        Ok(here())
    });
    let otlp = Otlp::http(&format!("http://collector.test:{}", receiver())).unwrap();
    let sender = Sender::new(otlp.resolver(&resolver), Duration::MAX);
    sender.wait(|sender| sender.has_said("look-ups of the name have not ended"));
    assert_eq!(begun.load(Ordering::SeqCst), LOOKUP_THREADS);
    gate.open();
    sender.wait(|sender| sender.stats().delivered == EVENTS);
    let end = sender.pipeline.shutdown(WATCHDOG);
    assert_eq!((end.delivered, end.undelivered), (EVENTS, 0));
}

#[test]
fn a_look_up_that_panics_is_one_that_failed() {
    let mut resolver = Resolver::new(|_| panic!("on purpose"));
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    for _ in 0..=LOOKUP_THREADS {
        let name = Name::from_str("collector.test").unwrap();
        let error = runtime.block_on(async { resolver.call(name).await }).unwrap_err();
        assert!(error.to_string().contains("panic"), "{error}");
    }
}
