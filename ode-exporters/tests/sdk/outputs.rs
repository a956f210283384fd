//! `opentelemetry-stdout`, in a process of its own, whose output is read.

use std::process::Command;

use ode_core::{Batch, EventBuilder, Exporter, Outcome, Value};
use ode_exporters::sdk_0_33::{Logs, Spans};

const ROLE: &str = "ODE_TEST_SDK_STDOUT";

#[test]
fn spans_and_log_records_on_standard_output() {
    if std::env::var_os(ROLE).is_some() {
        return print();
    }
    let name = "outputs::spans_and_log_records_on_standard_output";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(ROLE, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "Name         : \"ode\"",
        "Status       : Error { description: \"gone\" }",
        "Name         : cart.checkout",
        "cart.items: I64(3)",
        "EventName: \"cart.checkout\"",
        "cart.checkout error: io::Error: gone (",
        "service.name",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

fn print() {
    let event = EventBuilder::new("cart.checkout")
        .outcome(Outcome::Error)
        .field("cart.items", Value::U64(3))
        .field("error.type", Value::Str("io::Error"))
        .field("error.message", Value::Str("gone"));
    let batch = Batch::new(vec![event.build()]);
    Spans::new(opentelemetry_stdout::SpanExporter::default()).export(&batch).unwrap();
    Logs::new(opentelemetry_stdout::LogExporter::default()).export(&batch).unwrap();
}
