//! Any bytes as the `OTEL_*` variables, one `NAME=value` a line: at most one warning of each.
#![no_main]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let get = |name: &str| {
        let lines = bytes.split(|byte| *byte == b'\n');
        let values =
            lines.filter_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        values.last().map(|value| OsString::from_vec(value.to_vec()))
    };
    let settings = ode_exporters::otlp::config::read(get);
    let mut warned = BTreeSet::new();
    for warning in &settings.warnings {
        let name = warning.split(' ').next().unwrap_or_default();
        assert!(warned.insert(name), "{:?}", settings.warnings);
    }
});
