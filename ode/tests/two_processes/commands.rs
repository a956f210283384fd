//! A command that a service starts is in the service's trace, by `TRACEPARENT`.

use ode::WideEvent;
use ode::exporters::JsonLines;
use ode::propagation;

use crate::support::{self, assert_chain, lines, one, program};

fn set_up() -> ode::Guard {
    let events = JsonLines::file(support::out()).unwrap();
    ode::setup(ode::build_info!()).announce(false).export_to(events).init().unwrap()
}

pub(crate) fn caller() {
    let _ode = set_up();
    WideEvent::builder("deploy").run(|| {
        let out = support::out().with_extension("command");
        let mut command = program("command", &out);
        assert!(propagation::inject(&mut command));
        assert!(command.status().unwrap().success());
    });
}

pub(crate) fn command() {
    let _ode = set_up();
    let caller = propagation::environment().trust_remote_context(true);
    WideEvent::builder("migrate").parent(caller.parent()).run(|| ());
}

#[test]
fn a_command_is_in_the_trace_of_its_caller() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("caller");
    assert!(program("caller", &out).status().unwrap().success());
    let (caller, command) = (lines(&out), lines(&out.with_extension("command")));
    assert_chain(None, &[one(&caller, "deploy"), one(&command, "migrate")]);

    // Nobody called it: a trace of its own.
    let alone = folder.path().join("alone");
    assert!(program("command", &alone).status().unwrap().success());
    assert_chain(None, &[one(&lines(&alone), "migrate")]);
}
