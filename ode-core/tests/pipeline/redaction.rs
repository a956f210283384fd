//! What looks like a secret does not reach an exporter.

use std::sync::{Arc, Mutex};

use ode_core::testing::{TestPipeline, capture};
use ode_core::{
    Batch, ExportError, Exporter, OwnedValue, PipelineBuilder, Process, Redaction, ToValue,
    WideEvent,
};

use crate::support::{LONG, watched};

/// Everything an exporter could see of an event.
type Seen = Arc<Mutex<Vec<(String, OwnedValue)>>>;

struct Keep(Seen);

impl Exporter for Keep {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        for event in batch.events() {
            for (key, value) in event.fields() {
                self.0.lock().unwrap().push((key.to_owned(), value.to_owned_value().unwrap()));
            }
            let text = format!("{event:?}");
            self.0.lock().unwrap().push(("debug".to_owned(), OwnedValue::Str(text)));
        }
        Ok(())
    }
}

const CANARY: &str = "s3cr3t-CANARY";

fn record() {
    WideEvent::builder("login").run(|| {
        ode_core::set! {
            user.name = "ada",
            user.password = CANARY,
            llm.tokens = 12,
            auth.token = CANARY.as_bytes(),
            db.url = format!("postgres://ada:{CANARY}@db/shop"),
            pins = [1, 2],
            session.secret.parts = [1, 2],
            session.secret.words = [CANARY, "b"],
            request.header = format!("Authorization: Bearer {CANARY}"),
            form.iban = CANARY,
        };
        ode_core::current().set("http.request.header.x-api-key", CANARY);
        ode_core::append! { log += format!("GET https://api/?access_token={CANARY} failed") };
        ode_core::record_error(&std::io::Error::other(format!("no https://u:{CANARY}@h")));
    });
}

fn export(redaction: Option<Redaction>) -> Vec<(String, OwnedValue)> {
    let seen = Seen::default();
    let mut builder = PipelineBuilder::new(Process::new("test")).export_to(Keep(Arc::clone(&seen)));
    if let Some(redaction) = redaction {
        builder = builder.redact(redaction);
    }
    let pipeline = TestPipeline::start(builder).unwrap();
    for _ in 0..2 {
        pipeline.run(record);
    }
    assert!(pipeline.flush(LONG).is_complete());
    let seen = seen.lock().unwrap();
    let (first, second) = seen.split_at(seen.len() / 2);
    let fields = |seen: &[(String, OwnedValue)]| {
        seen.iter().filter(|(key, _)| key != "debug").cloned().collect::<Vec<_>>()
    };
    assert_eq!(fields(first), fields(second), "what is remembered of keys decides alike");
    first.to_vec()
}

fn holding_canary(fields: &[(String, OwnedValue)]) -> Vec<&str> {
    let holds = |value: &OwnedValue| match value {
        OwnedValue::Bytes(bytes) => bytes == CANARY.as_bytes(),
        other => format!("{other:?}").contains(CANARY),
    };
    fields.iter().filter(|(_, value)| holds(value)).map(|(key, _)| key.as_str()).collect()
}

#[test]
fn secrets_by_key_and_in_text_are_redacted_by_default() {
    watched(|| {
        let fields = export(None);
        // A secret under an innocent key is not recognised, and the page says so.
        assert_eq!(holding_canary(&fields), ["form.iban", "debug"]);
        let get = |key: &str| &fields.iter().find(|(known, _)| known == key).unwrap().1;
        for key in ["user.password", "auth.token", "session.secret.words"] {
            assert_eq!(*get(key), "[redacted]", "{key}");
        }
        assert_eq!(*get("http.request.header.x-api-key"), "[redacted]");
        assert_eq!(*get("user.name"), "ada");
        assert_eq!(*get("llm.tokens"), 12);
        assert_eq!(*get("db.url"), "postgres://[redacted]@db/shop");
        assert_eq!(*get("request.header"), "Authorization: Bearer [redacted]");
        assert_eq!(*get("error.message"), "no https://[redacted]@h");
        let list = OwnedValue::Array(vec![OwnedValue::Str(
            "GET https://api/?access_token=[redacted] failed".to_owned(),
        )]);
        assert_eq!(get("log"), &list);
        let numbers = OwnedValue::Array(vec![OwnedValue::I64(1), OwnedValue::I64(2)]);
        assert_eq!(get("session.secret.parts"), &numbers);
    });
}

/// Units that record the same keys in the same order are judged by what is remembered of the first
/// one; what is another in them is not.
#[test]
fn what_is_remembered_of_keys_lets_nothing_through() {
    fn login(password: impl ToValue, note: &str) {
        WideEvent::builder("login").run(|| {
            ode_core::set! { user.name = "ada", user.password = password, note = note };
        });
    }
    fn visit(note: &str, stays: bool) {
        WideEvent::builder("visit").run(|| {
            ode_core::set! { user.name = "ada", note = note };
            if !stays {
                ode_core::decline(CANARY);
            }
        });
    }
    watched(|| {
        let seen = Seen::default();
        let builder = PipelineBuilder::new(Process::new("test"))
            .export_to(Keep(Arc::clone(&seen)))
            .redact(Redaction::new().deny("reason"));
        let pipeline = TestPipeline::start(builder).unwrap();
        pipeline.run(|| {
            for _ in 0..3 {
                login(12, "plain");
                login(CANARY, "plain");
                visit("plain", true);
                visit(&format!("https://u:{CANARY}@h"), true);
                visit("plain", false);
            }
        });
        assert!(pipeline.flush(LONG).is_complete());
        let seen = seen.lock().unwrap();
        assert_eq!(holding_canary(&seen), [""; 0]);
        let count = |key: &str, value: OwnedValue| {
            seen.iter().filter(|(known, held)| known == key && *held == value).count()
        };
        assert_eq!(count("user.password", OwnedValue::I64(12)), 3);
        for (key, value) in [
            ("user.password", "[redacted]"),
            ("declined.reason", "[redacted]"),
            ("note", "https://[redacted]@h"),
        ] {
            assert_eq!(count(key, OwnedValue::Str(value.to_owned())), 3, "{key}");
        }
    });
}

#[test]
fn the_rules_are_the_users() {
    watched(|| {
        let strict = export(Some(Redaction::new().deny("iban").allow("user.password")));
        assert_eq!(holding_canary(&strict), ["user.password", "debug"]);
        let none = export(Some(Redaction::off()));
        assert_eq!(holding_canary(&none).len(), 10);
    });
}

#[test]
fn a_test_sees_what_was_recorded() {
    let events = capture();
    record();
    assert_eq!(events.one("login")["user.password"], CANARY);
}
