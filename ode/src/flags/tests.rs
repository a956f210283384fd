//! Files that change while they are watched: one look after another, so that no test waits.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use ode_core::testing::{Capture, Captured, capture};
use ode_core::{FlagError, FlagSource, FlagValue, Reason, Stage, Subject, WideEvent};

use crate::flags::file::FlagFile;
use crate::flags::kill_files::KillFiles;
use crate::flags::watch::Watch;

ode_core::change!(Compress = "compress");

/// A folder with a file of flags in it, and what is said about it.
struct Place {
    folder: tempfile::TempDir,
    said: RefCell<Vec<String>>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), said: RefCell::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn look(&self, watch: &mut Watch) {
        watch.look(&|text| self.said.borrow_mut().push(text));
    }

    #[track_caller]
    fn said(&self) -> Vec<String> {
        self.said.take()
    }
}

fn watch(file: &FlagFile) -> Watch {
    Watch::new(vec![file.clone()], KillFiles::default())
}

/// A document with one flag.
fn flag(key: &str, value: &str) -> String {
    format!(
        "{{\"flags\": {{\"{key}\": {{\"state\": \"ENABLED\", \"variants\": {{\"v\": {value}}}, \
         \"defaultVariant\": \"v\"}}}}}}"
    )
}

fn value(file: &FlagFile, key: &str) -> Option<FlagValue> {
    file.evaluate(key, &Subject::anonymous()).value().cloned()
}

fn error(file: &FlagFile, key: &str) -> Option<FlagError> {
    file.evaluate(key, &Subject::anonymous()).error()
}

fn named(events: &Capture, name: &str) -> Vec<Captured> {
    events.all().into_iter().filter(|event| event.name() == name).collect()
}

#[test]
fn what_is_written_counts_after_the_next_look() {
    let (place, events) = (Place::new(), capture());
    place.write("flags.json", &flag("a", "1"));
    let file = FlagFile::new(place.path("flags.json"));
    let mut watch = watch(&file);
    assert_eq!(value(&file, "a"), Some(1.into()));
    place.look(&mut watch);
    assert!(named(&events, "ode.flags.reloaded").is_empty(), "nothing has changed");

    place.write("flags.json", &flag("b", "true"));
    assert_eq!(value(&file, "a"), Some(1.into()), "nobody has looked");
    place.look(&mut watch);
    assert_eq!((value(&file, "a"), value(&file, "b")), (None, Some(true.into())));
    let event = events.one("ode.flags.reloaded");
    assert_eq!(event["ode.flags.file"], *place.path("flags.json").display().to_string());
    assert_eq!(event["ode.flags.count"], 1);
    assert_eq!(event["ode.flags.changed_count"], 2);
    assert_eq!(event["ode.flags.changed"].to_string(), r#"["a", "b"]"#);
    event.assert_absent("ode.flags.problems");

    // The same again, and a change that is none.
    for text in [flag("b", "true"), format!("{}\n", flag("b", "true"))] {
        place.write("flags.json", &text);
        place.look(&mut watch);
    }
    assert_eq!(named(&events, "ode.flags.reloaded").len(), 1);
    assert_eq!(place.said(), Vec::<String>::new());
}

/// Of the same length, and within what a file's time is measured in: as quickly as can be.
#[test]
fn a_change_that_leaves_no_trace_but_the_content_is_seen() {
    let place = Place::new();
    place.write("flags.json", &flag("a", "0"));
    let file = FlagFile::new(place.path("flags.json"));
    let mut watch = watch(&file);
    for round in 1..200_i64 {
        place.write("flags.json", &flag("a", &(round % 10).to_string()));
        place.look(&mut watch);
        assert_eq!(value(&file, "a"), Some((round % 10).into()));
    }
}

#[test]
fn a_broken_file_keeps_the_last_good_one_and_says_so_once() {
    let (place, events) = (Place::new(), capture());
    place.write("flags.json", &flag("a", "1"));
    let file = FlagFile::new(place.path("flags.json"));
    let mut watch = watch(&file);
    let large = format!("{{\"flags\": {{}}, \"x\": \"{}\"}}", "x".repeat(1 << 20));
    for (text, told) in [
        ("{\"flags\":\n {", "EOF while parsing an object at line 2 column 2"),
        ("", "EOF while parsing a value at line 1 column 0"),
        ("[]", "is an object"),
        (large.as_str(), "is larger than 1048576 bytes"),
        ("{\"flags\": {\"a\": \u{1}}}", "line 1 column"),
    ] {
        place.write("flags.json", text);
        for _ in 0..20 {
            place.look(&mut watch);
        }
        let said = place.said();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(told) && said[0].contains("what it held before"), "{said:?}");
        assert_eq!(value(&file, "a"), Some(1.into()), "{told}");
        assert!(file.reload().is_err(), "{told}");
    }
    // Not UTF-8, gone, and a folder.
    fs::write(place.path("flags.json"), b"{\"flags\": {\"\xff\": 1}}").unwrap();
    place.look(&mut watch);
    fs::remove_file(place.path("flags.json")).unwrap();
    place.look(&mut watch);
    place.look(&mut watch);
    fs::create_dir(place.path("flags.json")).unwrap();
    place.look(&mut watch);
    let said = place.said();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("not UTF-8 from byte 12"), "{said:?}");
    assert!(said[1].contains("is not there"), "{said:?}");
    assert!(said[2].contains("is no file"), "{said:?}");
    assert_eq!(value(&file, "a"), Some(1.into()));
    assert!(named(&events, "ode.flags.reloaded").is_empty());

    fs::remove_dir(place.path("flags.json")).unwrap();
    place.write("flags.json", &flag("a", "2"));
    place.look(&mut watch);
    assert_eq!(value(&file, "a"), Some(2.into()));
    assert_eq!(place.said(), Vec::<String>::new());
    place.write("flags.json", "{");
    place.look(&mut watch);
    assert_eq!(place.said().len(), 1, "broken anew, said anew");
}

#[test]
fn what_was_never_good_withholds_and_what_is_not_there_knows_nothing() {
    let place = Place::new();
    let file = FlagFile::new(place.path("flags.json"));
    let mut watch = watch(&file);
    place.look(&mut watch);
    assert_eq!(file.evaluate("a", &Subject::anonymous()), ode_core::Evaluation::not_found());
    let said = place.said();
    assert!(said.len() == 1 && said[0].contains("no flags come from it until it is"), "{said:?}");

    place.write("flags.json", "{");
    place.look(&mut watch);
    assert_eq!(error(&file, "a"), Some(FlagError::ParseError));
    let said = place.said();
    assert!(said.len() == 1 && said[0].contains("everything is withheld"), "{said:?}");

    place.write("flags.json", &flag("a", "1"));
    place.look(&mut watch);
    assert_eq!(value(&file, "a"), Some(1.into()));
}

#[cfg(unix)]
#[test]
fn a_file_that_everybody_may_write_to_is_not_believed() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let path = place.path("flags.json");
    let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    place.write("flags.json", &flag("compress", "\"live\""));
    set(0o666);
    let file = FlagFile::new(&path);
    let mut watch = watch(&file);
    let gate = || {
        let _events = Capture::builder().flags(file.clone()).start();
        WideEvent::builder("column").run(ode_core::would::<Compress>)
    };
    place.look(&mut watch);
    assert_eq!(gate(), ode_core::Gate::Withhold, "there was never a good one");
    assert!(place.said()[0].contains("chmod o-w"));
    set(0o644);
    place.look(&mut watch);
    assert_eq!(gate(), ode_core::Gate::Act);

    // Anybody may write to it now, and somebody did.
    set(0o666);
    place.write("flags.json", &flag("compress", "\"complete\""));
    place.look(&mut watch);
    assert_eq!(value(&file, "compress"), Some("live".into()), "the last good one");
    assert_eq!(place.said().len(), 1);
    set(0o644);
    place.look(&mut watch);
    assert_eq!(value(&file, "compress"), Some("complete".into()));
}

/// As Kubernetes does with what is mounted: the file is a link into a folder that is a link, and
/// that one is exchanged.
#[cfg(unix)]
#[test]
fn a_link_that_is_exchanged_is_a_change() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    for (folder, number) in [("1", "1"), ("2", "2")] {
        fs::create_dir(place.path(folder)).unwrap();
        place.write(&format!("{folder}/flags.json"), &flag("a", number));
    }
    symlink("1", place.path("data")).unwrap();
    symlink("data/flags.json", place.path("flags.json")).unwrap();
    let file = FlagFile::new(place.path("flags.json"));
    let mut watch = watch(&file);
    assert_eq!(value(&file, "a"), Some(1.into()));
    symlink("2", place.path("next")).unwrap();
    fs::rename(place.path("next"), place.path("data")).unwrap();
    place.look(&mut watch);
    assert_eq!(value(&file, "a"), Some(2.into()));
    assert_eq!(place.said(), Vec::<String>::new());
}

#[test]
fn a_flag_that_is_wrong_is_named_and_the_others_count() {
    let (place, events) = (Place::new(), capture());
    let file = FlagFile::unread(place.path("flags.json"));
    let mut watch = watch(&file);
    place.write(
        "flags.json",
        r#"{"flags": {
            "a": {"state": "ENABLED", "variants": {"v": 1}, "targeting": {"fractional": ["v", 100]}},
            "b": {"state": "ENABLED", "variants": {"v": 1}, "defaultVariant": "v"}
        }}"#,
    );
    place.look(&mut watch);
    let said = place.said();
    assert!(said.len() == 1 && said[0].contains("flag \"a\": `fractional`"), "{said:?}");
    assert_eq!(
        (error(&file, "a"), value(&file, "b")),
        (Some(FlagError::ParseError), Some(1.into()))
    );
    let problems = &events.one("ode.flags.reloaded")["ode.flags.problems"];
    assert!(problems.to_string().contains("fractional"), "{problems:?}");
    place.look(&mut watch);
    assert_eq!(place.said(), Vec::<String>::new());
}

#[test]
fn a_file_kills_until_it_is_gone() {
    let (place, events) = (Place::new(), capture());
    ode_core::testing::stage::<Compress>(Stage::Live);
    fs::create_dir(place.path("kill")).unwrap();
    let kills = KillFiles {
        files: vec![("compress".to_owned(), place.path("no-compress"))],
        folders: vec![place.path("kill")],
    };
    let mut watch = Watch::new(Vec::new(), kills);
    let gate = || WideEvent::builder("column").run(ode_core::would::<Compress>);
    place.look(&mut watch);
    assert_eq!(gate(), ode_core::Gate::Act);

    place.write("no-compress", "");
    place.look(&mut watch);
    assert_eq!(gate(), ode_core::Gate::Withhold);
    // A second file for the same change; the first one goes.
    place.write("kill/compress", "");
    place.look(&mut watch);
    fs::remove_file(place.path("no-compress")).unwrap();
    place.look(&mut watch);
    assert_eq!(gate(), ode_core::Gate::Withhold);
    ode_core::revive("compress", "alice");
    assert_eq!(gate(), ode_core::Gate::Withhold, "code does not take back what a file says");
    fs::remove_file(place.path("kill/compress")).unwrap();
    place.look(&mut watch);
    assert_eq!(gate(), ode_core::Gate::Act);

    place.write("kill/all", "");
    place.look(&mut watch);
    assert_eq!(gate(), ode_core::Gate::Withhold);
    let flips = named(&events, "ode.kill");
    assert_eq!(flips.len(), 3, "{flips:#?}");
    let file = |flip: &Captured, path: &Path| {
        assert_eq!(flip["ode.kill.source"], "file");
        assert_eq!(flip["ode.kill.by"], *path.display().to_string());
    };
    file(&flips[0], &place.path("no-compress"));
    assert_eq!(flips[0]["ode.kill.to"], "killed");
    assert_eq!(flips[1]["ode.kill.to"], "active");
    file(&flips[2], &place.path("kill/all"));
    assert_eq!(flips[2]["ode.kill.change"], "*");
}

/// A kill by a flag of a file, and one decision a unit whatever happens to the file.
#[test]
fn a_unit_keeps_its_decision_while_the_file_changes() {
    let place = Place::new();
    place.write("flags.json", &flag("layout", "\"old\""));
    let file = FlagFile::new(place.path("flags.json"));
    let mut watch = watch(&file);
    let events = Capture::builder().flags(file.clone()).start();
    static LAYOUT: ode_core::Flag<std::borrow::Cow<'static, str>> =
        ode_core::Flag::new("layout", std::borrow::Cow::Borrowed("none"));
    WideEvent::builder("page").run(|| {
        assert_eq!(LAYOUT.get(), "old");
        place.write("flags.json", &flag("layout", "\"new\""));
        place.look(&mut watch);
        assert_eq!(LAYOUT.get(), "old");
    });
    WideEvent::builder("next").run(|| assert_eq!(LAYOUT.get(), "new"));
    assert_eq!(events.one("page")["flag.layout.variant"], "v");
    assert_eq!(events.one("page")["flag.layout.reason"], Reason::Static.as_str());
}
