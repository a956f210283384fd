//! OTLP.
fn main() {}
