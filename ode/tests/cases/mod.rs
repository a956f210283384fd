//! How many cases a property is tried on: a few here, as many as `FUZZ_CASES` says in `scripts/fuzz.sh`.

use proptest::prelude::ProptestConfig;

pub(crate) fn config(few: u32) -> ProptestConfig {
    #[expect(clippy::disallowed_methods, reason = "a test reads its own variable")]
    let many = std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: many.unwrap_or(few),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
