//! `OTEL_TRACES_SAMPLER`: which share of the traces is kept.

use std::ffi::OsString;

use crate::otlp::config::reader::Reader;

const NAME: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";

/// The share; `None` where nothing is said, or nothing that is known.
///
/// A trace is kept by its id, which its other units share, so what a parent decided need not be
/// asked: the samplers that do ask keep the same share.
pub(crate) fn share<G: Fn(&str) -> Option<OsString>>(from: &mut Reader<G>) -> Option<f64> {
    let sampler = from.text(NAME)?.to_ascii_lowercase();
    match sampler.trim_start_matches("parentbased_") {
        "always_on" => Some(1.0),
        "always_off" => Some(0.0),
        "traceidratio" => {
            let ratio = from.word(ARGUMENT, "a number from 0 to 1", |text| {
                text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
            });
            Some(ratio.unwrap_or(1.0))
        }
        _ => {
            let expected =
                "always_on, always_off or traceidratio, also with parentbased_ before it";
            from.warn(NAME, format!("is {sampler:?}, expected {expected}"), "it is ignored");
            None
        }
    }
}
