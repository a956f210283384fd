//! A flag of a file is answered without asking for memory. Alone in its binary, so that nothing else
//! allocates meanwhile.

#[path = "../../ode-core/tests/counting/mod.rs"]
mod counting;

use counting::{Calls, Counting};
use ode::flags::FlagFile;
use ode::{Evaluation, FlagSource, Reason, Subject};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const DOCUMENT: &str = r#"{
    "$evaluators": {"staff": {"ends_with": [{"var": "email"}, "@example.org"]}},
    "flags": {
        "fixed": {"state": "ENABLED", "variants": {"on": true}, "defaultVariant": "on"},
        "targeted": {
            "state": "ENABLED",
            "variants": {"zstd": "zstd:3", "lz4": "lz4"},
            "defaultVariant": "lz4",
            "targeting": {"if": [
                {"and": [
                    {"or": [{"$ref": "staff"}, {"in": [{"var": "plan"}, ["team", "pro"]]}]},
                    {"sem_ver": [{"var": "app.version"}, ">=", "1.4"]},
                    {"<": [3, {"var": "seats"}, 100]},
                    {"!": {"in": ["test", {"var": "targetingKey"}]}},
                    {"==": [{"var": ["region", "eu"]}, "eu"]}
                ]},
                "zstd"
            ]}
        }
    }
}"#;

#[test]
fn none_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    std::fs::write(&path, DOCUMENT).unwrap();
    let flags = FlagFile::new(&path);
    let subject = Subject::new("user-42").with("plan", "pro").with("seats", 12);
    let subject = subject.with("app.version", "1.10.0").with("email", "ada@example.com");
    let ask = || ["fixed", "targeted", "unknown"].map(|key| flags.evaluate(key, &subject));
    let [fixed, targeted, unknown] = ask();
    assert_eq!(fixed.reason(), Reason::Static);
    assert_eq!(targeted.variant_name(), Some("zstd"));
    assert_eq!(unknown, Evaluation::not_found());
    let before = Calls::now();
    for _ in 0..1_000 {
        drop(ask());
    }
    assert_eq!(Calls::now().since(before).thread, 0);
}
