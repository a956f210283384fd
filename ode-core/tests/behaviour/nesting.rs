//! Units in units: parents, traces, inherited fields, the root.

use futures::executor::block_on;
use ode_core::testing::Capture;
use ode_core::{
    FutureExt, SpanId, TraceContext, TraceId, WideEvent, current, detached, in_event, root, set,
    set_inherited,
};
use proptest::prelude::*;

use crate::support::{capture, capture_with};

fn ids() -> TraceContext {
    TraceContext::new(TraceId::from_bytes([7; 16]).unwrap(), SpanId::from_bytes([9; 8]).unwrap())
}

#[test]
fn children_know_their_parent_and_share_the_trace() {
    let events = capture();
    WideEvent::builder("a").run(|| {
        WideEvent::builder("b").run(|| {
            block_on(WideEvent::builder("c").run_async(async {
                WideEvent::builder("d").start().end();
            }));
        });
        WideEvent::builder("e").run(|| ());
    });
    let outermost = events.one("a");
    assert_eq!(outermost.parent_span_id(), None);
    for (child, parent) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "a")] {
        let (child, parent) = (events.one(child), events.one(parent));
        assert_eq!(child.parent_span_id(), Some(parent.trace_context().span_id()));
        assert_eq!(child.trace_context().trace_id(), outermost.trace_context().trace_id());
    }
    assert_eq!(events.names(), ["d", "c", "b", "e", "a"]);
}

#[test]
fn ids_differ_between_units() {
    let events = capture();
    for _ in 0..1_000 {
        WideEvent::builder("unit").run(|| ());
    }
    let all = events.all();
    let distinct = |of: fn(&ode_core::testing::Captured) -> String| {
        all.iter().map(of).collect::<std::collections::HashSet<_>>().len()
    };
    assert_eq!(distinct(|event| event.event_id().to_string()), 1_000);
    assert_eq!(distinct(|event| event.trace_context().trace_id().to_string()), 1_000);
    assert_eq!(distinct(|event| event.trace_context().span_id().to_string()), 1_000);
}

#[test]
fn counted_ids_can_be_foreseen() {
    let run = || {
        let events = capture_with(Capture::builder().counted_ids());
        WideEvent::builder("outer").run(|| WideEvent::builder("inner").run(|| ()));
        events.all().iter().map(|event| event.trace_context().to_traceparent()).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_remote_parent_is_the_parent() {
    let events = capture();
    WideEvent::builder("remote").parent(ids()).run(|| ());
    WideEvent::builder("outer").run(|| WideEvent::builder("below").parent(ids()).run(|| ()));
    WideEvent::builder("none").parent(None).run(|| ());
    for name in ["remote", "below"] {
        let event = events.one(name);
        assert_eq!(event.parent_span_id(), Some(ids().span_id()));
        assert_eq!(event.trace_context().trace_id(), ids().trace_id());
        assert_ne!(event.trace_context().span_id(), ids().span_id());
    }
    assert_eq!(events.one("none").parent_span_id(), None);
}

#[test]
fn a_root_unit_inherits_nothing_but_stays_in_the_test() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        set_inherited! { user.id = 1 };
        WideEvent::builder("apart").root().run(|| {
            root().set("own", true);
        });
        detached(|| WideEvent::builder("detached").run(|| ()));
    });
    for name in ["apart", "detached"] {
        let event = events.one(name);
        assert_eq!(event.parent_span_id(), None);
        assert_ne!(
            event.trace_context().trace_id(),
            events.one("outer").trace_context().trace_id()
        );
        event.assert_absent("user.id");
    }
    assert_eq!(events.one("apart")["own"], true);
    events.one("outer").assert_absent("own");
}

#[test]
fn the_root_is_reached_from_any_depth_and_any_task() {
    let events = capture();
    WideEvent::builder("outermost").run(|| {
        root().set("from.itself", 1);
        WideEvent::builder("middle").run(|| {
            WideEvent::builder("inner").run(|| {
                root().set("from.inner", 2);
                let task = in_event(|| {
                    root().set("from.a.thread", 3);
                    WideEvent::builder("in a thread").run(|| {
                        root().set("from.a.unit.there", 4);
                    });
                });
                std::thread::scope(|scope| scope.spawn(task).join()).unwrap();
            });
        });
    });
    let event = events.one("outermost");
    for (key, value) in
        [("from.itself", 1), ("from.inner", 2), ("from.a.thread", 3), ("from.a.unit.there", 4)]
    {
        assert_eq!(event[key], value);
    }
    for name in ["middle", "inner", "in a thread"] {
        assert_eq!(events.one(name).field_count(), 0);
    }
}

#[test]
fn fields_are_own_unless_they_are_inherited() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        set! { own = 1 };
        WideEvent::builder("before").run(|| ());
        set_inherited! { user.id = 42, ["run.time".to_owned()] = "key", took = std::time::Duration::from_nanos(5) };
        WideEvent::builder("child").run(|| {
            set! { childs.own = 1 };
            WideEvent::builder("grandchild").run(|| ());
            set_inherited! { user.id = 43 };
            WideEvent::builder("second grandchild").run(|| ());
        });
        WideEvent::builder("after").run(|| ());
    });
    assert_eq!(events.one("before").field_count(), 0);
    for name in ["child", "grandchild", "after"] {
        let event = events.one(name);
        event.assert_absent("own");
        assert_eq!(event["run.time"], "key");
        assert_eq!(event["took_ns"], 5);
    }
    assert_eq!(events.one("outer")["user.id"], 42);
    assert_eq!(events.one("child")["user.id"], 43);
    assert_eq!(events.one("grandchild")["user.id"], 42);
    assert_eq!(events.one("second grandchild")["user.id"], 43);
    assert_eq!(events.one("after")["user.id"], 42);
    events.one("grandchild").assert_absent("childs.own");
}

#[test]
fn inherited_fields_go_along_into_tasks() {
    let events = capture();
    let work = async {
        set_inherited! { tenant = "a" };
        let task = async { WideEvent::builder("in a task").run(|| ()) }.in_event();
        let handle = current().handle();
        // Set after the task was made: units it opens from now on have this one too.
        set_inherited! { user.id = 7 };
        tokio::spawn(task).await.unwrap();
        handle.run(|| WideEvent::builder("by handle").run(|| ()));
    };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap()
        .block_on(WideEvent::builder("outer").run_async(work));
    for name in ["in a task", "by handle"] {
        assert_eq!(events.one(name)["tenant"], "a");
        assert_eq!(events.one(name)["user.id"], 7);
        assert_eq!(
            events.one(name).parent_span_id(),
            Some(events.one("outer").trace_context().span_id())
        );
    }
}

#[test]
fn what_a_task_makes_inherited_is_inherited_everywhere() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        let task = in_event(|| {
            set_inherited! { user.id = 7 };
            WideEvent::builder("there").run(|| ());
        });
        std::thread::scope(|scope| scope.spawn(task).join()).unwrap();
        WideEvent::builder("here").run(|| ());
        set! { own = 1 };
        WideEvent::builder("here later").run(|| ());
        current().handle().run(|| WideEvent::builder("by handle").run(|| ()));
    });
    for name in ["outer", "there", "here", "here later", "by handle"] {
        assert_eq!(events.one(name)["user.id"], 7, "{name}");
    }
}

#[test]
fn reserved_keys_stay_moved_below_and_are_said_there_too() {
    let events = capture();
    let key = String::from("name");
    WideEvent::builder("outer").run(|| {
        set_inherited! { [key] = "Ada" };
        WideEvent::builder("inner").run(|| ());
    });
    for name in ["outer", "inner"] {
        assert_eq!(events.one(name)["field.name"], "Ada");
        assert_eq!(events.one(name)["ode.renamed_fields"], 1);
    }
}

#[test]
fn own_writes_do_not_change_what_is_inherited() {
    for writes in [0, 10_000] {
        let events = capture();
        WideEvent::builder("outer").run(|| {
            set_inherited! { count = 1, text = "inherited" };
            set! { text = "own" };
            ode_core::incr! { count };
            // Enough to have the record cleaned up on the way.
            (0..writes).for_each(|n| set! { noise = n });
            WideEvent::builder("own child").run(|| ());
            current().handle().run(|| WideEvent::builder("joined child").run(|| ()));
        });
        assert_eq!(events.one("outer")["count"], 2);
        assert_eq!(events.one("outer")["text"], "own");
        for name in ["own child", "joined child"] {
            assert_eq!(events.one(name)["count"], 1, "{name} after {writes}");
            assert_eq!(events.one(name)["text"], "inherited", "{name} after {writes}");
        }
    }
}

#[test]
fn nesting_is_as_deep_as_the_stack() {
    fn down(levels: u32) {
        if levels > 0 {
            set! { level = levels };
            WideEvent::builder("level").run(|| down(levels - 1));
        }
    }
    let events = capture();
    down(500);
    assert_eq!(events.all().len(), 500);
    assert_eq!(events.stats().orphan_writes, 1, "the outermost set! found no unit");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// A tree of units, opened and closed in any order, keeps every field where it was written.
    #[test]
    fn any_tree_of_units_keeps_its_fields(parents in proptest::collection::vec(any::<prop::sample::Index>(), 1..24)) {
        let events = capture();
        let mut open: Vec<(usize, WideEvent)> = Vec::new();
        for (number, parent) in parents.iter().enumerate() {
            let start = || WideEvent::builder("unit").start();
            let mut event = match open.len() {
                0 => start(),
                known => open[parent.index(known)].1.scope(start),
            };
            event.set("number", number);
            open.push((number, event));
        }
        while let Some((number, mut event)) = open.pop() {
            event.scope(|| set! { again = number });
            event.end();
        }
        let all = events.all();
        prop_assert_eq!(all.len(), parents.len());
        for event in &all {
            prop_assert_eq!(&event["number"], &event["again"]);
        }
    }
}
