//! Crates of strangers: each is compiled outside the workspace, in a way of its own, and run.
//!
//! They share a workspace among the temporary files of the target directory, so that what they depend
//! on is compiled once, and again only when it changed.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use ode::{Event, Outcome};

use crate::process::{Left, ended};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A crate: its name, its edition, the sources of its programs or, where there is one, of its library,
/// and what it depends on.
struct Stranger {
    name: &'static str,
    edition: &'static str,
    library: Option<&'static str>,
    programs: &'static [&'static str],
    dependencies: &'static str,
}

/// Below `ode/tests`.
const STRANGERS: [Stranger; 5] = [
    Stranger {
        name: "aborting",
        edition: "2024",
        library: None,
        programs: &["hosts/strangers/aborting.rs"],
        dependencies: "",
    },
    Stranger {
        name: "twice",
        edition: "2024",
        library: None,
        programs: &["hosts/strangers/twice.rs"],
        dependencies: "other_core = { package = \"ode-core\", path = \"../other-core\" }\n",
    },
    Stranger {
        name: "newcomer-2021",
        edition: "2021",
        library: Some("hosts/strangers/newcomer.rs"),
        programs: &[],
        dependencies: "",
    },
    Stranger {
        name: "newcomer-2024",
        edition: "2024",
        library: Some("hosts/strangers/newcomer.rs"),
        programs: &[],
        dependencies: "",
    },
    // What must compile in this edition must compile in that one.
    Stranger {
        name: "accepted-2021",
        edition: "2021",
        library: None,
        programs: &[
            "ui/pass/async_signatures.rs",
            "ui/pass/derive.rs",
            "ui/pass/hygiene.rs",
            "ui/pass/hygiene_names.rs",
            "ui/pass/many_fields.rs",
            "ui/pass/send.rs",
            "ui/pass/sync_signatures.rs",
            "ui/pass/values.rs",
        ],
        dependencies: "async-trait = \"0.1\"\n\
             futures = { version = \"0.3\", default-features = false, features = [\"executor\"] }\n",
    },
];

/// As it is written in a manifest.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_str().unwrap())
}

impl Stranger {
    fn manifest(&self) -> String {
        let Self { name, edition, library, programs, dependencies } = self;
        let ode = repository().join("ode");
        let mut text = format!(
            "[package]\nname = \"{name}\"\nedition = \"{edition}\"\n\
             [dependencies]\node = {{ package = \"ode-rs\", path = {} }}\n{dependencies}",
            quoted(&ode)
        );
        let source = |source: &str| ode.join("tests").join(source);
        if let Some(library) = library {
            writeln!(text, "[lib]\npath = {}", quoted(&source(library))).unwrap();
        }
        for program in *programs {
            let stem = Path::new(Path::new(program).file_stem().unwrap());
            let (name, path) = (quoted(stem), quoted(&source(program)));
            writeln!(text, "[[bin]]\nname = {name}\npath = {path}").unwrap();
        }
        text
    }
}

/// The same core as another release of it: to cargo and to the compiler, which go by the version,
/// it is one. It has the dependencies that are always there, and features that are never on.
fn other_core() -> String {
    let read = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
    let (own, shared) = (read("ode-core/Cargo.toml"), read("Cargo.toml"));
    let table = |name: &str| {
        let begin = own.split(&format!("\n[{name}]\n")).nth(1).unwrap();
        begin.split("\n[").next().unwrap().lines()
    };
    let mut text = format!(
        "[package]\nname = \"ode-core\"\nversion = \"0.0.9\"\nedition = \"2024\"\n\
         [lib]\npath = {}\n[features]\n",
        quoted(&repository().join("ode-core/src/lib.rs"))
    );
    for (feature, _) in table("features").filter_map(|line| line.split_once(" = ")) {
        writeln!(text, "{feature} = []").unwrap();
    }
    text.push_str("[dependencies]\n");
    let known = |name: &str| {
        let is_it = |line: &&str| line.starts_with(&format!("{name} = "));
        shared.lines().find(is_it).unwrap()
    };
    for name in table("dependencies").filter_map(|line| line.strip_suffix(".workspace = true")) {
        if name == "ode-macros" {
            let path = quoted(&repository().join(name));
            writeln!(text, "{name} = {{ path = {path} }}").unwrap();
        } else {
            writeln!(text, "{}", known(name)).unwrap();
        }
    }
    let linux =
        r#"target.'cfg(all(target_os = "linux", target_pointer_width = "64"))'.dependencies"#;
    writeln!(text, "[{linux}]").unwrap();
    for line in table(linux) {
        let Some((name, asked)) = line.split_once(" = { workspace = true, ") else { continue };
        writeln!(text, "{}, {asked}", known(name).trim_end_matches(" }")).unwrap();
    }
    text
}

/// The workspace, written once a process.
fn workspace() -> &'static Path {
    static WORKSPACE: OnceLock<PathBuf> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("strangers");
        let mut members = String::from("\"other-core\"");
        for stranger in &STRANGERS {
            write!(members, ", {:?}", stranger.name).unwrap();
            put(&root.join(stranger.name).join("Cargo.toml"), &stranger.manifest());
        }
        put(&root.join("other-core/Cargo.toml"), &other_core());
        put(
            &root.join("Cargo.toml"),
            &format!(
                "[workspace]\nresolver = \"3\"\nmembers = [{members}]\n\
                 [profile.dev]\npanic = \"abort\"\ndebug = false\nincremental = false\n"
            ),
        );
        put(
            &root.join("Cargo.lock"),
            &fs::read_to_string(repository().join("Cargo.lock")).unwrap(),
        );
        root
    })
}

/// Writes it where it says something else: what did not change is not compiled again.
fn put(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn cargo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(workspace()).args(arguments).arg("--offline");
    // What the workspace is compiled with is not what they are compiled with.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_PROFILE_DEV_PANIC"] {
        command.env_remove(name);
    }
    command.env("CARGO_TARGET_DIR", workspace().join("target")).output().unwrap()
}

/// Compiles a program; where it is.
fn built(name: &str) -> PathBuf {
    let output = cargo(&["build", "--package", name]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    workspace().join("target/debug").join(name)
}

/// Has the program that aborts do this, and reads the events that it left.
fn aborting(what: &str) -> (Left, Vec<Event>) {
    let program = built("aborting");
    let file = workspace().join(format!("{what}.jsonl"));
    drop(fs::remove_file(&file));
    let left = ended(Command::new(program).arg(what).arg(&file));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.ends_with('\n'), "whole lines: {text}");
    let parsed = text.lines().map(|line| ode::exporters::jsonl::parse_line(line).unwrap());
    let events: Vec<_> = parsed.collect();
    judge(&events);
    (left, events)
}

/// What the program records before it ends, however it ends: 60 units and what is below them.
fn judge(events: &[Event]) {
    let named = |name: &str| {
        let named = events.iter().filter(|event| event.name() == name);
        named.cloned().collect::<Vec<_>>()
    };
    let (units, children) = (named("host.unit"), named("host.child"));
    assert_eq!((units.len(), children.len()), (60, 60));
    let number = |event: &Event, key: &str| match event.get(key).unwrap().to_owned_value() {
        Some(number) => number.to_string().parse::<u64>().unwrap(),
        None => panic!("{key} in {event:?}"),
    };
    for n in 0..60 {
        let is_it = |event: &&Event| number(event, "n") == n;
        let [unit, child] = [&units, &children].map(|all| {
            let mut found = all.iter().filter(is_it);
            let one = found.next().unwrap();
            assert!(found.next().is_none(), "two of {n}");
            one
        });
        let expected = [Outcome::Ok, Outcome::Declined, Outcome::Error];
        assert_eq!(Some(&unit.outcome()), expected.iter().cycle().nth(n.try_into().unwrap()));
        assert_eq!((number(unit, "nested.square"), number(unit, "away.n")), (n * n, n));
        assert_eq!(unit.parent_span_id(), None);
        assert_eq!(child.parent_span_id(), Some(unit.trace_context().span_id()));
        assert_eq!(number(child, "child.n"), n);
    }
}

const SIGABRT: i32 = 6;

#[test]
fn where_panics_abort_a_program_that_ends_is_as_ever() {
    let (left, events) = aborting("ends");
    assert!(left.success, "{}", left.text);
    // With the start of ode, and its end.
    assert!(left.text.contains("ledger: 122 122 0\n"), "{}", left.text);
    assert!(left.text.contains("shutdown: 122 0 0\n"), "{}", left.text);
    assert_eq!(events.len(), 122);
}

#[test]
fn where_panics_abort_what_was_flushed_is_there_and_the_unit_is_not() {
    // Nothing can catch the second: a value that panics when it is shown ends a program like this.
    for what in ["panics", "formats"] {
        let (left, events) = aborting(what);
        assert_eq!(left.signal, Some(SIGABRT), "{what}: {}", left.text);
        assert!(left.text.contains("told to"), "the program's own panic: {}", left.text);
        assert_eq!(events.len(), 121, "{what}");
        assert!(events.iter().all(|event| event.name() != "unwound"), "{what}");
    }
}

#[test]
fn the_storage_of_the_main_thread_may_record_when_ode_is_over() {
    let (left, events) = aborting("ends_with_last_words");
    assert!(left.success, "{}", left.text);
    // Its unit is counted, and its event refused.
    assert!(left.text.contains("last words: 123 dropped: 1\n"), "{}", left.text);
    assert_eq!(events.len(), 122, "nothing after the end");
}

#[test]
fn two_releases_in_one_program_do_not_meet() {
    let left = ended(&mut Command::new(built("twice")));
    assert!(left.success, "{}", left.text);
}

#[test]
fn what_macros_expand_to_is_warned_of_in_no_edition() {
    let works = Command::new(env!("CARGO")).args(["clippy", "--version"]).output();
    if !works.as_ref().is_ok_and(|output| output.status.success()) {
        let what = format!("SKIPPED: what macros expand to: no clippy here: {works:?}\n");
        // Past the capture of the test harness, so that it is seen.
        return drop(std::io::Write::write_all(&mut std::io::stderr(), what.as_bytes()));
    }
    let output = cargo(&["clippy", "--package", "newcomer-2021", "--package", "newcomer-2024"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn what_compiles_in_this_edition_compiles_in_2021() {
    let output = cargo(&["check", "--package", "accepted-2021"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// On every target of that family, with whatever standard library: only what is asked of the compiler
/// is different here, so that none has to be installed.
#[test]
fn wasm_is_refused_before_anything_else() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let run = |arguments: &[&str]| {
        let output = Command::new(&rustc).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let family = "target_family=\"wasm\"";
    for target in ["wasm32-unknown-unknown", "wasm32-wasip1"] {
        assert!(run(&["--print", "cfg", "--target", target]).contains(family), "{target}");
    }
    let source = repository().join("ode-core/src/lib.rs");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm.rmeta");
    let said = run(&[
        "--edition=2024",
        "--crate-type=lib",
        "--emit=metadata",
        "-o",
        out.to_str().unwrap(),
        "-Aexplicit_builtin_cfgs_in_flags",
        "--cfg",
        family,
        source.to_str().unwrap(),
    ]);
    let first = said.lines().next().unwrap_or_default();
    assert!(first.starts_with("error: ode needs threads"), "{said}");
    assert!(first.contains("wasm is not supported"), "{said}");
}
