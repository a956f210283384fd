//! The worker example stops gracefully when it is told to.

#![cfg(unix)]

mod program;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn sigterm_ends_the_worker_after_its_running_job() {
    let mut worker = Command::new(program::path("worker"))
        .arg("1000000")
        .env_remove("ODE_OUTPUT")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    let mut events: Vec<Value> = Vec::new();
    while events.last().is_none_or(|event| event["name"] != "job.run") {
        let line = lines.next().unwrap().unwrap();
        events.push(serde_json::from_str(&line).unwrap());
    }

    let kill = format!("kill -TERM {}", worker.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    events.extend(lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()));
    assert!(worker.wait().unwrap().success(), "it stopped by itself, not by the signal");

    let mut report = String::new();
    worker.stderr.take().unwrap().read_to_string(&mut report).unwrap();
    assert!(report.contains("open_units: 0"), "{report}");
    let jobs: Vec<_> = events.iter().filter(|event| event["name"] == "job.run").collect();
    assert!(jobs.iter().all(|job| job["outcome"] == "ok" || job["outcome"] == "declined"));
    assert!(jobs.iter().all(|job| job.get("parent_span_id").is_none()), "each is a root");
    assert!(events.iter().any(|event| event["name"] == "ode.shutdown"));

    // Whoever queued a job is found from its run, in a trace of its own.
    for job in jobs {
        let queued = events
            .iter()
            .find(|event| event["name"] == "job.queue" && event["job.id"] == job["job.id"]);
        let queued = queued.unwrap();
        let link = job["links"][0].as_str().unwrap();
        assert!(link.contains(queued["trace_id"].as_str().unwrap()), "{link} {queued}");
        assert!(link.contains(queued["span_id"].as_str().unwrap()), "{link} {queued}");
        assert_ne!(job["trace_id"], queued["trace_id"]);
    }
}
