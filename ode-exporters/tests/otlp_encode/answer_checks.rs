//! What must hold for any bytes that a receiver may answer. The targets in `fuzz/` check the same.

use ode_exporters::otlp::encode::{Answer, status};

/// Reads bytes as every kind of answer.
pub(crate) fn answer(bytes: &[u8]) {
    let types = [None, Some("application/json"), Some("application/x-protobuf"), Some("text/html")];
    for content_type in types {
        for sent in [0, 1, 10, usize::MAX] {
            let answer = Answer::read(bytes, content_type, sent);
            assert!(answer.rejected <= sent, "{answer:?}");
            is_printable(&answer.message);
        }
    }
    assert_eq!(Answer::read(bytes, Some("text/html"), 1), Answer::default());
    if let Some(status) = status(bytes) {
        is_printable(&status.message);
    }
}

fn is_printable(message: &str) {
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(message.chars().count() <= 512, "{message:?}");
}
