//! The rules of the repository, as tests: what depends on what, what a file may hold, and that the
//! texts say what is so.

#![expect(clippy::expect_used, clippy::panic, reason = "a helper that fails is a test that fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that an application on ode gets with default features, itself and ode included.
const MAX_CRATES: usize = 30;
/// What `ode-core` may bring along.
const DEPENDENCIES_OF_CORE: [&str; 5] =
    ["fastrand", "nix", "ode-macros", "pin-project-lite", "xxhash-rust"];
const MAX_LINES: usize = 800;

/// Each member, and the members it may depend on.
const ARROWS: [(&str, &[&str]); 6] = [
    ("ode-macros", &[]),
    ("ode-core", &["ode-macros"]),
    ("ode-exporters", &["ode-core"]),
    ("ode", &["ode-core", "ode-exporters", "ode-macros"]),
    ("examples", &["ode"]),
    ("benches", &["ode"]),
];
const LIBRARIES: [&str; 4] = ["ode-macros", "ode-core", "ode-exporters", "ode"];

/// Set when a program is compiled, so not among those of set-up.
const COMPILE_TIME_VARIABLE: &str = "ODE_BUILD_REVISION";

fn root() -> PathBuf {
    let ode = Path::new(env!("CARGO_MANIFEST_DIR"));
    ode.parent().expect("the workspace").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below a folder of the repository, by its path from the root.
fn files_below(folder: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{folder}/{}", entry.file_name().display());
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() && !name.ends_with("/target") {
            found.extend(files_below(&name));
        } else if kind.is_file() {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    found
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|own| own == extension)
}

/// Every source file of every member: its path from the root, and its text.
fn sources() -> Vec<(String, String)> {
    let files = ARROWS.iter().flat_map(|(member, _)| files_below(member));
    files
        .filter(|(name, _)| has_extension(name, "rs"))
        .map(|(name, _)| {
            let text = read(&name);
            (name, text)
        })
        .collect()
}

/// Every text for people: those at the root, and those below `docs` and `examples`.
fn texts() -> Vec<(String, String)> {
    let at_root = ["README", "ARCHITECTURE", "CHANGELOG", "CONTRIBUTING", "SECURITY"];
    let at_root = at_root.map(|name| format!("{name}.md"));
    let below = ["docs", "examples"].into_iter().flat_map(files_below);
    let below = below.map(|(name, _)| name).filter(|name| has_extension(name, "md"));
    at_root.into_iter().chain(below).map(|name| (name.clone(), read(&name))).collect()
}

#[track_caller]
fn none(offenders: &[String], rule: &str) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

/// The crates that `cargo tree` lists, by name and version.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--offline", "--locked", "--prefix", "none"])
        .args(arguments)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("text");
    let name_and_version = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    lines.lines().map(name_and_version).collect()
}

#[test]
fn an_application_gets_few_crates() {
    let crates = tree(&["-p", "ode-rs", "-e", "normal,build"]);
    assert!(crates.contains(&format!("ode-core v{}", env!("CARGO_PKG_VERSION"))), "{crates:?}");
    assert!(crates.len() <= MAX_CRATES, "{} crates: {crates:#?}", crates.len());
    let said = format!("has {} crates in its tree", crates.len());
    // Other platforms need other crates; the text speaks of the one that is tested.
    let told = read("README.md").contains(&said) || !cfg!(target_os = "linux");
    assert!(told, "README.md: an application {said}");
}

#[test]
fn core_depends_on_what_is_listed() {
    let direct = tree(&["-p", "ode-core", "-e", "normal", "--depth", "1"]);
    let names: Vec<_> = direct.iter().filter_map(|line| line.split(' ').next()).collect();
    let names: Vec<_> = names.into_iter().filter(|name| *name != "ode-core").collect();
    assert_eq!(names, DEPENDENCIES_OF_CORE);
}

/// The keys of a manifest's tables whose name ends in `dependencies`, or in what is asked for.
fn keys_of(manifest: &str, table: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut keys = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.trim_end_matches(']').ends_with(table);
        } else if let (true, Some((key, _))) = (inside, line.split_once('=')) {
            keys.insert(key.trim().trim_end_matches(".workspace").to_owned());
        }
    }
    keys
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    for (member, allowed) in ARROWS {
        let manifest = read(&format!("{member}/Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member} has lints of its own");
        let ours = |key: &String| *key == "ode" || key.starts_with("ode-");
        for key in keys_of(&manifest, "dependencies").into_iter().filter(ours) {
            // On itself: a crate's own tests switch a feature on.
            let known = key == member || allowed.contains(&key.as_str());
            assert!(known, "{member} depends on {key}; ARCHITECTURE.md says who may");
        }
    }
}

#[test]
fn files_are_short() {
    let long = |(name, text): &(String, String)| {
        let lines = text.lines().count();
        (lines > MAX_LINES).then(|| format!("{name}: {lines} lines"))
    };
    let offenders: Vec<_> = sources().iter().filter_map(long).collect();
    none(&offenders, "a source file has at most 800 lines; split it by what its parts do");
}

/// The items of a file, without comments and attributes.
fn items(text: &str) -> Vec<String> {
    let is_code =
        |line: &&str| !line.is_empty() && !line.starts_with("//") && !line.starts_with('#');
    let code: Vec<_> = text.lines().map(str::trim).filter(is_code).collect();
    let items = code.join(" ");
    let items = items.split(';').map(|item| item.trim().to_owned());
    items.filter(|item| !item.is_empty()).collect()
}

#[test]
fn mod_files_hold_only_modules() {
    let mut offenders = Vec::new();
    for (name, text) in sources() {
        let of_library =
            LIBRARIES.iter().any(|library| name.starts_with(&format!("{library}/src/")));
        if !of_library || !name.ends_with("/mod.rs") {
            continue;
        }
        for item in items(&text) {
            let bare =
                item.strip_prefix("pub(crate) ").or(item.strip_prefix("pub ")).unwrap_or(&item);
            let is_module = bare.starts_with("mod ") && !bare.contains('{');
            if !is_module && !bare.starts_with("use ") {
                offenders.push(format!("{name}: {item}"));
            }
        }
    }
    none(&offenders, "mod.rs holds documentation, `mod` and `use`; code has files of its own");
}

#[test]
fn libraries_forbid_unsafe_code() {
    for library in LIBRARIES {
        let text = read(&format!("{library}/src/lib.rs"));
        assert!(text.contains("\n#![forbid(unsafe_code)]"), "{library}");
    }
}

#[test]
fn every_feature_is_documented() {
    for library in LIBRARIES {
        let features = keys_of(&read(&format!("{library}/Cargo.toml")), "features");
        let text = read(&format!("{library}/src/lib.rs"));
        // One that begins with `_` is a part of others, and nobody's to switch on.
        let public = |feature: &&String| *feature != "default" && !feature.starts_with('_');
        for feature in features.iter().filter(public) {
            let documented = text.contains(&format!("//! - `{feature}`: "));
            assert!(documented, "{library}/src/lib.rs says nothing about feature `{feature}`");
        }
    }
}

#[test]
fn nothing_is_left_to_do_or_ignored() {
    // Written in two parts, so that this file is not found.
    let forbidden = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
        concat!("#[", "ignore"),
        concat!("eprintln!(\"", "SKIPPED"),
    ];
    let mut offenders = Vec::new();
    for (name, text) in sources() {
        let found = forbidden.iter().filter(|word| text.contains(**word));
        offenders.extend(found.map(|word| format!("{name}: {word}")));
    }
    none(
        &offenders,
        "finish it; skip loudly, by `write!` to standard error, where a machine can't",
    );
}

#[test]
fn nobody_is_told_to_add_somebody_elses_package() {
    let wrong = concat!("cargo add", " ode");
    let tells = |(name, text): &(String, String)| {
        text.contains(&format!("{wrong}\n")).then(|| name.clone())
    };
    let offenders: Vec<_> = texts().iter().chain(&sources()).filter_map(tells).collect();
    none(&offenders, "the package `ode` is somebody else's; users depend on `ode-rs`");
}

#[test]
fn the_two_commands_of_the_readme_are_real() {
    let commands = "```sh\ncargo run --release --example compaction\ncargo test --workspace\n```";
    assert!(read("README.md").contains(commands));
    let examples = read("examples/Cargo.toml");
    assert!(examples.contains("name = \"compaction\"\npath = \"compaction/main.rs\""));
    assert!(root().join("examples/compaction/main.rs").is_file());
    let members = read("Cargo.toml");
    for (member, _) in ARROWS {
        assert!(members.contains(&format!("\"{member}\"")), "{member} is no member");
    }
    let checks = read(".ci/run");
    assert!(checks.contains("cargo test --locked --workspace"));
    assert!(checks.contains("cargo run --locked --quiet --release"));
}

/// The names of variables in a text: `ODE_` and what follows in capitals.
fn variables(text: &str) -> BTreeSet<String> {
    let part_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c| !part_of_name(c));
    let named = words.filter(|word| word.len() > 4 && word.starts_with("ODE_"));
    named.map(str::to_owned).collect()
}

#[test]
fn every_variable_is_documented() {
    let code = read("ode/src/environment.rs");
    let code = code.split("#[cfg(test)]").next().expect("what is not a test");
    let code = variables(code);
    assert!(code.len() > 10, "{code:?}");

    let setup = read("ode/src/setup.rs");
    let rows = setup.lines().filter_map(|line| line.strip_prefix("/// | `"));
    let rows: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    let table = variables(&rows.join(" "));
    assert_eq!(table, code, "the table at `setup` (left) and environment.rs (right)");

    for (name, text) in texts() {
        for variable in variables(&text) {
            // What only tests read has a name of its own.
            let known = code.contains(&variable)
                || variable == COMPILE_TIME_VARIABLE
                || variable.starts_with("ODE_TEST_");
            assert!(known, "{name} names {variable}, which nothing reads");
        }
    }
}

#[test]
fn links_between_texts_lead_somewhere() {
    let mut offenders = Vec::new();
    for (name, text) in texts() {
        let file = root().join(&name);
        let folder = file.parent().expect("a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or(link);
            let elsewhere = path.is_empty() || path.contains("://") || path.contains("::");
            if !elsewhere && !folder.join(path).exists() {
                offenders.push(format!("{name}: {link}"));
            }
        }
    }
    none(&offenders, "links to files that are not there");
}

#[test]
fn the_architecture_names_files_that_are_there() {
    let text = read("ARCHITECTURE.md");
    let named = text.split('`').skip(1).step_by(2);
    let files = named.filter(|name| has_extension(name, "rs") && name.contains('/'));
    let exists =
        |file: &&str| root().join(file).exists() || root().join("ode-core/src").join(file).exists();
    let (there, offenders): (Vec<_>, Vec<_>) = files.partition(exists);
    assert!(there.len() > 20, "{there:?}");
    let offenders: Vec<_> = offenders.into_iter().map(str::to_owned).collect();
    none(&offenders, "ARCHITECTURE.md names files that are not there");
}

#[test]
fn every_page_is_listed() {
    let guide = read("ode/src/guide.rs");
    for (page, _) in files_below("docs/guide") {
        let file = page.trim_start_matches("docs/");
        assert!(
            guide.contains(&format!("include_str!(\"../{file}\")")),
            "guide.rs leaves out {page}"
        );
    }
    let index = read("docs/adr/README.md");
    for (decision, _) in files_below("docs/adr") {
        let file = decision.trim_start_matches("docs/adr/");
        let listed = file == "README.md" || index.contains(&format!("]({file})"));
        assert!(listed, "docs/adr/README.md leaves out {file}");
    }
}
