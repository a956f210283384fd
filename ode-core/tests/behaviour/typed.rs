//! Typed groups by hand: `EventFields`, nesting, flattening, hashing.

use std::time::Duration;

use ode_core::macro_support::Key;
use ode_core::testing::Capture;
use ode_core::{EventFields, Fields, ToValue, Unrecorded, Value, WideEvent, fields, incr, set};

use crate::support::{capture, capture_with};

struct Codec {
    name: &'static str,
    level: Option<u8>,
}

impl EventFields for Codec {
    fn record(&self, fields: &mut Fields<'_>) {
        fields.set("name", self.name).set("level", self.level);
    }
}

struct Chunk {
    rows: u64,
    took: Duration,
    codec: Codec,
}

impl EventFields for Chunk {
    fn record(&self, fields: &mut Fields<'_>) {
        fields.set("rows", self.rows).set("took", self.took).nested("codec", &self.codec);
    }
}

fn chunk() -> Chunk {
    Chunk { rows: 4, took: Duration::from_nanos(9), codec: Codec { name: "lz4", level: None } }
}

#[test]
fn groups_nest_below_their_prefix() {
    struct Report(Chunk);
    impl EventFields for Report {
        fn record(&self, fields: &mut Fields<'_>) {
            fields.nested("chunk", &self.0).set("total", 1).nested("a.b", &Some(&self.0.codec));
        }
    }
    let events = capture();
    WideEvent::builder("current").run(|| fields(&Report(chunk())));
    let mut owned = WideEvent::builder("owned").start();
    owned.fields(&Report(chunk()));
    owned.end();
    WideEvent::builder("joined").run(|| {
        ode_core::current().handle().run(|| fields(&Report(chunk())));
    });
    for name in ["current", "owned", "joined"] {
        let event = events.one(name);
        let keys: Vec<_> = event.fields().map(|(key, _)| key).collect();
        assert_eq!(keys, ["chunk.rows", "chunk.took_ns", "chunk.codec.name", "total", "a.b.name"]);
        assert_eq!(event["chunk.took_ns"], 9);
    }
}

#[test]
fn groups_flatten_into_the_level_they_are_at() {
    struct Outer;
    impl EventFields for Outer {
        fn record(&self, fields: &mut Fields<'_>) {
            fields.flatten(&Inner).nested("below", &Inner).set("x", 2);
        }
    }
    struct Inner;
    impl EventFields for Inner {
        fn record(&self, fields: &mut Fields<'_>) {
            fields.set("x", 1).flatten(&()).flatten(&None::<Codec>);
        }
    }
    let events = capture();
    WideEvent::builder("unit").run(|| fields(&Outer));
    let event = events.one("unit");
    assert_eq!(event["x"], 2);
    assert_eq!(event["below.x"], 1);
    assert_eq!(event.field_count(), 2);
}

#[test]
fn nothing_and_the_unrecorded_record_nothing() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        fields(&());
        fields(&None::<Chunk>);
        fields(&Unrecorded(chunk().rows));
        fields(&Some(&&chunk().codec));
    });
    // At the top `name` is ode's; what moved says so.
    assert_eq!(events.one("unit").field_count(), 2);
}

#[test]
fn a_group_may_use_odes_names_below_a_prefix_only() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let nested: &dyn EventFields = &chunk();
        fields(nested);
        fields(&Codec { name: "zstd", level: Some(3) });
        struct Below(&'static str);
        impl EventFields for Below {
            fn record(&self, fields: &mut Fields<'_>) {
                fields.nested(self.0, &Codec { name: "none", level: None });
            }
        }
        fields(&Below("error"));
        fields(&Below("service"));
    });
    let event = events.one("unit");
    assert_eq!(event.name(), "unit");
    assert_eq!(event["codec.name"], "lz4");
    assert_eq!(event["field.name"], "zstd");
    assert_eq!(event["level"], 3);
    assert_eq!(event["field.error.name"], "none");
    assert_eq!(event["field.service.name"], "none");
    assert_eq!(event["ode.renamed_fields"], 3);
}

#[test]
fn recording_a_group_may_itself_record() {
    struct Chatty;
    impl EventFields for Chatty {
        fn record(&self, fields: &mut Fields<'_>) {
            set! { side = "effect" };
            fields.set("a", 1);
            incr! { calls };
            WideEvent::builder("meanwhile").run(|| set! { its.own = true });
            fields.set("b", 2);
        }
    }
    let events = capture();
    WideEvent::builder("unit").run(|| fields(&Chatty));
    let event = events.one("unit");
    assert_eq!(event["side"], "effect");
    assert_eq!(event["calls"], 1);
    assert!(event["a"] == 1 && event["b"] == 2, "{event:?}");
    assert_eq!(event.field_count(), 4);
    assert_eq!(events.one("meanwhile")["its.own"], true);
}

#[test]
fn a_group_that_panics_keeps_what_it_recorded_and_harms_nobody() {
    struct Bursts;
    impl EventFields for Bursts {
        fn record(&self, fields: &mut Fields<'_>) {
            fields.set("before", 1);
            crate::support::quiet_panic();
        }
    }
    let events = capture();
    let returned = WideEvent::builder("unit").run(|| {
        fields(&Bursts);
        7
    });
    assert_eq!(returned, 7, "the host's own result");
    let event = events.one("unit");
    assert_eq!(event.outcome(), "ok");
    assert_eq!(event["before"], 1);
    WideEvent::builder("next").run(|| set! { fine = true });
    assert_eq!(events.one("next")["fine"], true);
}

struct Owner {
    email: &'static str,
    phone: Option<&'static str>,
    account: u64,
}

impl EventFields for Owner {
    fn record(&self, fields: &mut Fields<'_>) {
        static EMAIL: Key = Key::new("owner.email", ",\"owner.email\":");
        static PHONE: Key = Key::new("owner.phone", ",\"owner.phone\":");
        static ACCOUNT: Key = Key::new("owner.account", ",\"owner.account\":");
        fields
            .set_hashed(&EMAIL, self.email.to_value())
            .set_hashed(&PHONE, self.phone.to_value())
            .set_hashed(&ACCOUNT, Value::display(&self.account));
    }
}

const OWNER: Owner = Owner { email: "ada@example.org", phone: None, account: 42 };

#[test]
fn without_a_key_hashed_values_are_masked() {
    let events = capture();
    WideEvent::builder("current").run(|| fields(&OWNER));
    let mut owned = WideEvent::builder("owned").start();
    owned.fields(&OWNER);
    owned.end();
    WideEvent::builder("joined").run(|| ode_core::current().handle().run(|| fields(&OWNER)));
    for name in ["current", "owned", "joined"] {
        let event = events.one(name);
        assert_eq!(event["owner.email"], "[masked]");
        assert_eq!(event["owner.account"], "[masked]");
        event.assert_absent("owner.phone");
    }
}

#[test]
fn with_a_key_equal_values_have_equal_hashes() {
    let hash = |text: &str| format!("hashed {} bytes", text.len());
    let events = capture_with(Capture::builder().hash_with(hash));
    WideEvent::builder("current").run(|| fields(&OWNER));
    let mut owned = WideEvent::builder("owned").start();
    owned.fields(&OWNER);
    owned.end();
    WideEvent::builder("joined").run(|| ode_core::current().handle().run(|| fields(&OWNER)));
    for name in ["current", "owned", "joined"] {
        let event = events.one(name);
        assert_eq!(event["owner.email"], "hashed 15 bytes");
        assert_eq!(event["owner.account"], "hashed 2 bytes");
        event.assert_absent("owner.phone");
    }
}
