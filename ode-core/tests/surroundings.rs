//! What goes with a unit, seen from what is around it: companions come in pairs, and parents line up
//! with other instrumentation.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::task::Poll;
use std::time::Duration;

use futures::executor::block_on;
use ode_core::integration::{Companion, Opened, Surroundings, innermost_context, surround};
use ode_core::testing::{Captured, capture};
use ode_core::{FutureExt, SpanId, TraceContext, TraceId, WideEvent};

thread_local! {
    /// Where the other instrumentation stands on this thread.
    static STACK: RefCell<Vec<TraceContext>> = const { RefCell::new(Vec::new()) };
}

static LIVE: AtomicI64 = AtomicI64::new(0);
/// The target of spans that are not counted: those of the other tests.
const ELSEWHERE: &str = "elsewhere";
static ENTERED: AtomicU64 = AtomicU64::new(0);

/// Opens a span of the unit's own ids beside every unit that asks for one.
struct Fake;

#[derive(Debug)]
struct Span(TraceContext, &'static str);

impl Surroundings for Fake {
    fn current(&self) -> Option<TraceContext> {
        STACK.with_borrow(|stack| stack.last().copied())
    }

    fn companion(&self, unit: &Opened) -> Option<Arc<dyn Companion>> {
        assert_ne!(unit.name, "panics.open", "a subscriber that panics");
        let target = unit.span_target?;
        if target != ELSEWHERE {
            LIVE.fetch_add(1, Ordering::SeqCst);
        }
        Some(Arc::new(Span(unit.context, target)))
    }

    fn apart(&self) -> Option<Arc<dyn Companion>> {
        Some(Arc::new(Apart(Stacks::default())))
    }
}

impl Companion for Span {
    fn enter(&self) {
        if self.1 != ELSEWHERE {
            ENTERED.fetch_add(1, Ordering::SeqCst);
        }
        STACK.with_borrow_mut(|stack| stack.push(self.0));
        assert_ne!(self.1, "panics", "a subscriber that panics");
    }

    fn leave(&self) {
        let left = STACK.with_borrow_mut(Vec::pop);
        assert_eq!(left, Some(self.0), "pairs, innermost first");
        assert_ne!(self.1, "panics", "a subscriber that panics");
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if self.1 != ELSEWHERE {
            LIVE.fetch_sub(1, Ordering::SeqCst);
        }
        assert_ne!(self.1, "panics", "a subscriber that panics");
    }
}

fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| surround(Fake));
}

fn spawn<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> std::thread::JoinHandle<R> {
    std::thread::Builder::new().spawn(f).unwrap()
}

fn depth() -> usize {
    STACK.with_borrow(Vec::len)
}

/// Runs inside a span of the other instrumentation.
fn inside<R>(context: TraceContext, f: impl FnOnce() -> R) -> R {
    STACK.with_borrow_mut(|stack| stack.push(context));
    let result = f();
    STACK.with_borrow_mut(Vec::pop);
    result
}

fn context(trace: u8, span: u8) -> TraceContext {
    TraceContext::new(
        TraceId::from_bytes([trace; 16]).unwrap(),
        SpanId::from_bytes([span; 8]).unwrap(),
    )
}

fn span_of(event: &Captured) -> SpanId {
    event.trace_context().span_id()
}

/// Nothing stands here.
#[derive(Debug)]
struct Apart(Stacks);

type Stacks = std::sync::Mutex<Vec<Vec<TraceContext>>>;

impl Companion for Apart {
    fn enter(&self) {
        let around = STACK.with_borrow_mut(std::mem::take);
        self.0.lock().unwrap().push(around);
    }

    fn leave(&self) {
        let around = self.0.lock().unwrap().pop().unwrap();
        STACK.with_borrow_mut(|stack| *stack = around);
    }
}

/// Everything about companions in one test: the count of those alive is the process's.
#[test]
fn a_companion_is_entered_left_and_dropped_in_pairs() {
    set_up();
    let events = capture();
    let open = |name: &'static str| WideEvent::builder(name).span("t").start();

    open("sync").run(|| assert_eq!(depth(), 1));
    assert_eq!((depth(), LIVE.load(Ordering::SeqCst)), (0, 0), "run");

    let mut scoped = open("scope");
    scoped.scope(|| assert_eq!(depth(), 1));
    assert_eq!((depth(), LIVE.load(Ordering::SeqCst)), (0, 1), "between scopes");
    scoped.scope(|| assert_eq!(depth(), 1));
    scoped.end();
    assert_eq!(LIVE.load(Ordering::SeqCst), 0, "scope");

    let unwound = catch_unwind(AssertUnwindSafe(|| open("panic").run(|| panic!("work"))));
    assert!(unwound.is_err());
    assert_eq!((depth(), LIVE.load(Ordering::SeqCst)), (0, 0), "panic");

    let before = ENTERED.load(Ordering::SeqCst);
    let mut polls = 0;
    block_on(open("async").run_async(std::future::poll_fn(|cx| {
        assert_eq!(depth(), 1);
        polls += 1;
        cx.waker().wake_by_ref();
        if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
    })));
    assert_eq!(ENTERED.load(Ordering::SeqCst) - before, 3, "once a poll");
    assert_eq!((depth(), LIVE.load(Ordering::SeqCst)), (0, 0), "async");

    let mut never_done = Box::pin(open("dropped").run_async(std::future::pending::<()>()));
    let waker = futures::task::noop_waker();
    let mut cx = std::task::Context::from_waker(&waker);
    assert!(never_done.as_mut().poll(&mut cx).is_pending());
    assert_eq!((depth(), LIVE.load(Ordering::SeqCst)), (0, 1), "pending");
    drop(never_done);
    drop(open("never polled").run_async(std::future::pending::<()>()));
    assert_eq!((depth(), LIVE.load(Ordering::SeqCst)), (0, 0), "dropped");

    // A task that joins is inside it too, on its own thread, also when the unit has ended by then.
    let (go, wait) = std::sync::mpsc::sync_channel::<()>(1);
    let thread = open("joined").run(|| {
        spawn(ode_core::in_event(move || {
            let inside = depth();
            wait.recv().unwrap();
            inside
        }))
    });
    go.send(()).unwrap();
    assert_eq!(thread.join().unwrap(), 1);
    let late = open("late").run(|| async { depth() }.in_event());
    assert_eq!((block_on(late), depth()), (1, 0));
    assert_eq!(LIVE.load(Ordering::SeqCst), 0, "joined");

    // A unit that is held open has no span: its function is over.
    let hold = open("held").run(|| ode_core::hold(Duration::from_secs(60)));
    assert_eq!((depth(), LIVE.load(Ordering::SeqCst)), (0, 0), "held");
    drop(hold);

    WideEvent::builder("panics").span("panics").start().run(|| ode_core::set! { n = 1 });
    WideEvent::builder("panics.open").span("t").start().run(|| ode_core::set! { n = 2 });
    assert_eq!((depth(), LIVE.load(Ordering::SeqCst)), (0, 0), "a companion that panics");
    assert_eq!(events.one("panics")["n"], 1);
    assert_eq!(events.one("panics.open")["n"], 2);
    assert_eq!(events.all().len(), 10);
}

#[test]
fn parents_line_up_in_both_directions() {
    set_up();
    let events = capture();
    let outer = context(1, 1);
    let inner = context(1, 2);
    inside(outer, || {
        WideEvent::builder("first").run(|| {
            assert_eq!(innermost_context(), ode_core::current().trace_context());
            WideEvent::builder("below the unit").run(|| ());
            inside(inner, || {
                assert_eq!(innermost_context(), Some(inner));
                WideEvent::builder("below the span").run(|| {
                    WideEvent::builder("below both").run(|| ());
                });
            });
            inside(inner, || WideEvent::builder("root").root().run(|| ()));
            let given = context(7, 7);
            inside(inner, || WideEvent::builder("given").parent(given).run(|| ()));
        });
    });
    WideEvent::builder("alone").run(|| ());

    let first = events.one("first");
    let below = events.one("below the span");
    let parents = [
        ("first", Some(outer.span_id())),
        ("below the unit", Some(span_of(&first))),
        ("below the span", Some(inner.span_id())),
        ("below both", Some(span_of(&below))),
        ("root", None),
        ("given", Some(context(7, 7).span_id())),
        ("alone", None),
    ];
    for (name, parent) in parents {
        assert_eq!(events.one(name).parent_span_id(), parent, "{name}");
    }
    for name in ["first", "below the unit", "below the span", "below both"] {
        assert_eq!(events.one(name).trace_context().trace_id(), outer.trace_id(), "{name}");
    }
    assert_eq!(events.one("given").trace_context().trace_id(), context(7, 7).trace_id());
}

#[test]
fn a_unit_with_a_span_is_the_parent_below_itself() {
    set_up();
    let events = capture();
    WideEvent::builder("unit").span(ELSEWHERE).run(|| {
        // The other instrumentation stands at the unit itself.
        WideEvent::builder("child")
            .span(ELSEWHERE)
            .run(|| WideEvent::builder("grandchild").run(|| ()));
        let joined = ode_core::in_event(|| WideEvent::builder("elsewhere").run(|| ()));
        spawn(joined).join().unwrap();
    });
    let (unit, child) = (events.one("unit"), events.one("child"));
    assert_eq!(unit.parent_span_id(), None);
    assert_eq!(child.parent_span_id(), Some(span_of(&unit)));
    assert_eq!(events.one("grandchild").parent_span_id(), Some(span_of(&child)));
    assert_eq!(events.one("elsewhere").parent_span_id(), Some(span_of(&unit)));
}

#[test]
fn nothing_stands_around_detached_work() {
    set_up();
    let events = capture();
    let outer = context(1, 1);
    inside(outer, || {
        WideEvent::builder("unit").span(ELSEWHERE).run(|| {
            ode_core::detached(|| {
                assert_eq!(depth(), 0);
                WideEvent::builder("apart").run(|| ());
            });
            assert_eq!(depth(), 2);
            let future = async { WideEvent::builder("apart later").run(|| ()) };
            block_on(future.detached());
        });
        // Without a unit there is nothing of ours to keep away.
        ode_core::detached(|| WideEvent::builder("below the span").run(|| ()));
    });
    assert_eq!(events.one("unit").parent_span_id(), Some(outer.span_id()));
    assert_eq!(events.one("apart").parent_span_id(), None);
    assert_eq!(events.one("apart later").parent_span_id(), None);
    assert_eq!(events.one("below the span").parent_span_id(), Some(outer.span_id()));
}
