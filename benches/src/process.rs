//! What every event says of the process, and how long a bench waits for anything.

use std::time::Duration;

/// Longer than anything takes.
pub const LONG: Duration = Duration::from_secs(60);

/// The build of the events.
pub const BUILD_ID: &str = "9124fa678e06d2664c42c4f01bef4077439e759a+e074ef17";

/// The build, and what else there is to say of the process.
pub const PROCESS: [(&str, &str); 6] = [
    ("build_id", BUILD_ID),
    ("service.name", "checkout"),
    ("service.version", "0.1.0"),
    ("vcs.ref.head.revision", "9124fa678e06d2664c42c4f01bef4077439e759a"),
    ("host.name", "bench"),
    ("process.pid", "12345"),
];

/// The same as members of a JSON object, as ode writes them.
pub const PROCESS_JSON: &str = "\"build_id\":\"9124fa678e06d2664c42c4f01bef4077439e759a+e074ef17\",\"build.source\":\"git+note\",\
    \"service.name\":\"checkout\",\"service.version\":\"0.1.0\",\"vcs.ref.head.revision\":\
    \"9124fa678e06d2664c42c4f01bef4077439e759a\",\"host.name\":\"bench\",\"process.pid\":12345";
