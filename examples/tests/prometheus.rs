//! The metrics count what the events say.

mod program;

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

#[test]
fn the_metrics_are_a_view_of_the_events() {
    let output = Command::new(program::path("prometheus")).output().unwrap();
    assert!(output.status.success());

    let mut counted = BTreeMap::new();
    for line in str::from_utf8(&output.stderr).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let key = (event["name"].as_str().unwrap().to_owned(), event["outcome"].clone());
        *counted.entry((key.0, key.1.as_str().unwrap().to_owned())).or_insert(0_u64) += 1;
    }
    let of = |name: &str, outcome: &str| counted.get(&(name.into(), outcome.into())).copied();
    assert_eq!(of("cart.checkout", "ok"), Some(32));
    assert_eq!(of("cart.checkout", "declined"), Some(4));
    assert_eq!(of("cart.checkout", "error"), Some(4));
    assert_eq!(of("stock.reserve", "ok"), Some(40));

    let metrics = str::from_utf8(&output.stdout).unwrap();
    for ((name, outcome), count) in &counted {
        let labels = format!("{{name=\"{name}\",outcome=\"{outcome}\"}}");
        for line in [
            format!("units_total{labels} {count}\n"),
            format!("unit_duration_seconds_count{labels} {count}\n"),
        ] {
            assert!(metrics.contains(&line), "{line}{metrics}");
        }
    }
    assert!(metrics.contains("unit_duration_seconds_bucket{le=\"+Inf\",name=\"cart.checkout\""));
    assert!(metrics.ends_with("# EOF\n"));
}
