//! Maps, lists, HTTP headers and processes, read from and written to.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::ffi::OsStr;
use std::process::{Command, Output};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use ode_core::propagation::{Environment, Extract, Inject, Outgoing, environment, extract};
use ode_core::{Baggage, TraceContext, TraceState};

use crate::support::{PARENT, TRACE, header, sampled};

const STATE: &str = "a=1,b=2";
const BAGGAGE: &str = "k=v%20w";

fn outgoing() -> Outgoing {
    Outgoing::new(TraceContext::from_traceparent(&sampled().1).unwrap())
        .with_trace_state(TraceState::parse(STATE).unwrap())
        .with_baggage(Baggage::parse(BAGGAGE))
}

/// Writes, reads again, and writes once more over names in other case.
#[track_caller]
fn goes_both_ways(mut carrier: impl Extract + Inject) {
    outgoing().inject(&mut carrier);
    outgoing().inject(&mut carrier);
    let incoming = extract(&carrier);
    assert_eq!(incoming.trace_context().unwrap().to_traceparent(), sampled().1);
    assert_eq!(incoming.trace_state().to_header(), STATE);
    assert_eq!(incoming.baggage().to_string(), BAGGAGE);

    Outgoing::new(incoming.trace_context().unwrap()).inject(&mut carrier);
    let incoming = extract(&carrier);
    assert!(incoming.trace_context().is_some() && incoming.trace_state().is_empty());
}

fn old() -> [(String, String); 3] {
    ["TRACEPARENT", "TraceState", "BagGage"].map(|name| header(name, "old=1"))
}

#[test]
fn maps_and_lists_go_both_ways() {
    goes_both_ways(HashMap::new());
    goes_both_ways(HashMap::from(old()));
    goes_both_ways(BTreeMap::from(old()));
    goes_both_ways(Vec::from(old()));
    let both = [header("traceparent", "x"), header("Traceparent", "y")];
    goes_both_ways(HashMap::from(both.clone()));
    goes_both_ways(BTreeMap::from(both.clone()));
    goes_both_ways(Vec::from(both));
}

#[test]
fn lists_of_borrowed_text_are_read() {
    let parent = sampled().1;
    let list = [("traceparent", parent.as_str()), ("tracestate", "a=1"), ("tracestate", "b=2")];
    for incoming in [extract(&list), extract(&list[..]), extract(&list.to_vec())] {
        assert_eq!(incoming.trace_context().unwrap().to_traceparent(), parent);
        assert_eq!(incoming.trace_state().to_header(), "a=1,b=2");
    }
    let carrier: &dyn Extract = &list;
    assert!(extract(carrier).trace_context().is_some());
}

#[test]
fn names_that_differ_in_case_are_the_same_header() {
    let twice = HashMap::from([sampled(), header("TraceParent", sampled().1)]);
    assert_eq!(extract(&twice).trace_context(), None, "so it is there twice");
}

#[test]
fn http_headers_go_both_ways() {
    goes_both_ways(HeaderMap::new());
    let mut map = HeaderMap::new();
    for (name, value) in old() {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name.clone(), HeaderValue::from_str(&value).unwrap());
        map.append(name, HeaderValue::from_static("older"));
    }
    map.insert("accept", HeaderValue::from_static("*"));
    goes_both_ways(map.clone());
    outgoing().inject(&mut map);
    assert_eq!(map.len(), 4, "{map:?}");
}

#[test]
fn http_values_that_are_no_text_are_read_as_nothing() {
    let mut map = HeaderMap::new();
    map.insert("traceparent", HeaderValue::from_bytes(b"00-\xff").unwrap());
    assert_eq!(extract(&map).trace_context(), None);
    map.insert("traceparent", HeaderValue::from_str(&sampled().1).unwrap());
    map.insert("tracestate", HeaderValue::from_bytes(b"a=1,b=\xff").unwrap());
    map.insert("baggage", HeaderValue::from_bytes(b"a=1,b=\xff").unwrap());
    let incoming = extract(&map);
    assert!(incoming.trace_context().is_some() && incoming.trace_state().is_empty());
    assert_eq!(incoming.baggage().to_string(), "a=1");
}

#[test]
fn what_http_does_not_allow_is_not_set() {
    let mut map = HeaderMap::new();
    for (name, value) in [("a", "\r\nb: c"), ("a\n", "1"), ("", "1"), ("a b", "1"), ("a", "\0")] {
        Inject::set(&mut map, name, value);
        Inject::remove(&mut map, name);
    }
    assert!(map.is_empty(), "{map:?}");
    Inject::set(&mut map, "X-Own", "1");
    assert_eq!(map["x-own"], "1");
    Inject::remove(&mut map, "x-own");
    assert!(map.is_empty());
}

#[test]
fn a_full_map_stays_as_it_is() {
    let mut map = HeaderMap::new();
    let fill = |map: &mut HeaderMap, n: u32| {
        let name = HeaderName::from_bytes(format!("n{n}").as_bytes()).unwrap();
        map.try_insert(name, HeaderValue::from_static("")).is_ok()
    };
    let room = (0..1 << 20).take_while(|n| fill(&mut map, *n)).count();
    assert!((1000..1 << 20).contains(&room), "{room}");
    outgoing().inject(&mut map);
    assert_eq!(map.len(), room);
    assert!(!map.contains_key("traceparent"));
}

/// What a command would do with a variable.
#[derive(Debug, PartialEq)]
enum Variable {
    Set(String),
    Removed,
    Inherited,
}

fn of_command(command: &Command, name: &str) -> Variable {
    let mut variables = command.get_envs().filter(|(own, _)| *own == name);
    let variable = match variables.next() {
        Some((_, Some(value))) => Variable::Set(value.to_str().unwrap().to_owned()),
        Some((_, None)) => Variable::Removed,
        None => Variable::Inherited,
    };
    assert!(variables.next().is_none());
    variable
}

#[test]
fn a_command_gets_variables_and_keeps_no_old_ones() {
    let mut command = Command::new("never-run");
    outgoing().inject(&mut command);
    assert_eq!(of_command(&command, "TRACEPARENT"), Variable::Set(sampled().1));
    assert_eq!(of_command(&command, "TRACESTATE"), Variable::Set(STATE.to_owned()));
    assert_eq!(of_command(&command, "BAGGAGE"), Variable::Set(BAGGAGE.to_owned()));

    let context = TraceContext::from_traceparent(&sampled().1).unwrap();
    let mut command = Command::new("never-run");
    Outgoing::new(context).inject(&mut command);
    assert_eq!(of_command(&command, "TRACESTATE"), Variable::Removed, "ours is not inherited");
    assert_eq!(of_command(&command, "BAGGAGE"), Variable::Inherited, "baggage stands by itself");

    Inject::set(&mut command, "x-own.2", "1");
    assert_eq!(of_command(&command, "X_OWN_2"), Variable::Set("1".to_owned()));
    Inject::set(&mut command, "bad", "\0");
    assert_eq!(of_command(&command, "BAD"), Variable::Inherited, "such a command would not start");
}

#[cfg(unix)]
#[test]
fn a_child_sees_the_variables() {
    let mut child = Command::new("env");
    child.env("TRACESTATE", "old=1");
    outgoing().inject(&mut child);
    let output = child.output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = listed.lines().collect();
    for line in [
        format!("TRACEPARENT=00-{TRACE}-{PARENT}-01"),
        format!("TRACESTATE={STATE}"),
        format!("BAGGAGE={BAGGAGE}"),
    ] {
        assert!(lines.contains(&line.as_str()), "{line} in {listed}");
    }
}

/// Set for the child, which is this test run again.
const IN_CHILD: &str = "PROPAGATION_TEST_CHILD";
const SEEN: &str = "seen: ";

/// Runs this test binary's [`the_environment_is_read`] with other variables; what it saw.
fn run_child(prepare: impl FnOnce(&mut Command)) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "carriers::the_environment_is_read", "--nocapture"]);
    for name in ["TRACEPARENT", "TRACESTATE", "BAGGAGE"] {
        child.env_remove(name);
    }
    prepare(child.env(IN_CHILD, "1"));
    let Output { status, stdout, stderr } = child.output().unwrap();
    let stdout = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{stdout}\n{}", String::from_utf8_lossy(&stderr));
    let (_, seen) = stdout.split_once(SEEN).unwrap_or_else(|| panic!("not run: {stdout}"));
    seen.lines().next().unwrap().to_owned()
}

fn tell_what_is_seen() {
    use std::io::Write as _;

    let incoming = environment();
    assert_eq!(incoming.parent(), None, "not believed either");
    assert_eq!(extract(&Environment::default()).trace_context(), incoming.trace_context());
    let parent = incoming.trace_context().map(TraceContext::to_traceparent);
    let (state, baggage) = (incoming.trace_state(), incoming.baggage());
    let parent = parent.as_deref().unwrap_or("none");
    let mut stdout = std::io::stdout();
    writeln!(stdout, "\n{SEEN}{parent} [{state}] [{baggage}]").unwrap();
}

#[test]
fn the_environment_is_read() {
    if env::var_os(IN_CHILD).is_some() {
        return tell_what_is_seen();
    }
    let parent = sampled().1;
    let seen = run_child(|child| outgoing().inject(child));
    assert_eq!(seen, format!("{parent} [{STATE}] [{BAGGAGE}]"));
    assert_eq!(run_child(|_| ()), "none [] []");
    let set = |child: &mut Command, parent: &OsStr, state: &OsStr| {
        child.env("TRACEPARENT", parent).env("TRACESTATE", state).env("BAGGAGE", "a=1");
    };
    let seen = run_child(|child| set(child, OsStr::new("broken"), OsStr::new("a=1")));
    assert_eq!(seen, "none [] [a=1]");

    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;

        let no_text = OsStr::from_bytes(b"a=\xff");
        let seen = run_child(|child| set(child, OsStr::new(&parent), no_text));
        assert_eq!(seen, format!("{parent} [] [a=1]"));
        let seen = run_child(|child| set(child, no_text, OsStr::new("a=1")));
        assert_eq!(seen, "none [] [a=1]");
    }
}
