//! The order in which sources of a build id are asked.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek};
use std::sync::OnceLock;

use super::exe::{self, Fingerprint};

/// The longest id, in bytes. It is repeated on every event, and identifies; it is not a text.
const LONGEST: usize = 256;

/// How much of the binary's own fingerprint follows a revision: enough to tell apart the few builds
/// that share one.
const FINGERPRINT_AFTER_REVISION: usize = 8;

/// An id that is never empty, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildId {
    /// At most 256 bytes of visible text.
    pub(crate) id: String,
    /// What `build.source` says; the names are listed in the module's documentation.
    pub(crate) source: &'static str,
}

/// Finds this process's build id.
///
/// `environment` is the value of `ODE_BUILD_ID`, read by whoever reads the environment; `revision`
/// is what `__git_revision!` found, with its `-dirty`. Blank values count as unset. The executable
/// is opened only when neither `explicit` nor `environment` decides, and hashed only when it has no
/// note.
pub(crate) fn resolve(
    explicit: Option<&str>,
    environment: Option<&str>,
    revision: Option<&str>,
) -> BuildId {
    given(explicit, "explicit")
        .or_else(|| given(environment, "environment"))
        .unwrap_or_else(|| from_executable(revision, exe::open()))
}

fn given(text: Option<&str>, source: &'static str) -> Option<BuildId> {
    let id = tidy(text?, LONGEST)?;
    Some(BuildId { id, source })
}

fn from_executable(revision: Option<&str>, file: io::Result<impl Read + Seek>) -> BuildId {
    let Some(fingerprint) = file.ok().and_then(exe::fingerprint) else {
        return random();
    };
    let revision = revision.and_then(|text| tidy(text, LONGEST - 1 - FINGERPRINT_AFTER_REVISION));
    match (revision, fingerprint) {
        (Some(revision), Fingerprint::Note(hex)) => joined(&revision, &hex, "git+note"),
        (Some(revision), Fingerprint::Hash(hex)) => {
            joined(&revision, &hex, exe::REVISION_AND_HASH_SOURCE)
        }
        (None, Fingerprint::Note(id)) => BuildId { id, source: "note" },
        (None, Fingerprint::Hash(id)) => BuildId { id, source: exe::HASH_SOURCE },
    }
}

fn joined(revision: &str, hex: &str, source: &'static str) -> BuildId {
    let own_part = hex.get(..FINGERPRINT_AFTER_REVISION).unwrap_or(hex);
    BuildId { id: format!("{revision}+{own_part}"), source }
}

/// An id for a binary that cannot be read: the same for the whole process, shared with no other.
fn random() -> BuildId {
    static DRAWN: OnceLock<u64> = OnceLock::new();
    // The standard library's hasher keys are the entropy that needs no dependency and cannot fail.
    let drawn = DRAWN.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    BuildId { id: format!("unknown-{drawn:016x}"), source: "random" }
}

/// Makes an id of what somebody wrote: trimmed, one visible line, at most `limit` bytes, cut between
/// characters. Nothing is left of a blank text.
fn tidy(text: &str, limit: usize) -> Option<String> {
    let mut id = String::new();
    for character in text.trim().chars() {
        let character = if is_invisible(character) { '_' } else { character };
        if id.len() + character.len_utf8() > limit {
            break;
        }
        id.push(character);
    }
    id.truncate(id.trim_end().len());
    (!id.is_empty()).then_some(id)
}

/// Control characters, and the format characters that make different ids look the same: zero-width
/// ones, line separators, direction marks and overrides, the byte order mark.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::build_id::tests::fixture;

    const REVISION: &str = "0123456789abcdef0123456789abcdef01234567-dirty";

    fn with_note() -> Cursor<Vec<u8>> {
        Cursor::new(fixture(&[0xab; 20]))
    }

    fn without_note() -> Cursor<&'static [u8]> {
        Cursor::new(b"abc")
    }

    fn unreadable() -> io::Result<Cursor<&'static [u8]>> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    #[track_caller]
    fn check(found: &BuildId, id: &str, source: &str) {
        assert_eq!((found.id.as_str(), found.source), (id, source));
    }

    #[test]
    fn what_is_given_wins_in_order_and_blanks_count_as_unset() {
        check(&resolve(Some(" mine "), Some("env"), Some(REVISION)), "mine", "explicit");
        check(&resolve(None, Some("env\n"), Some(REVISION)), "env", "environment");
        check(&resolve(Some(" \t\r\n"), Some("env"), None), "env", "environment");

        let nothing_given = resolve(None, None, Some(REVISION));
        assert_eq!(resolve(Some(""), Some(" "), Some(REVISION)), nothing_given);
        assert!(nothing_given.id.starts_with(REVISION), "{nothing_given:?}");
        assert!(nothing_given.source.starts_with("git+"), "{nothing_given:?}");
    }

    #[test]
    fn the_executable_adds_its_own_part_to_a_revision() {
        let id = format!("{REVISION}+abababab");
        check(&from_executable(Some(REVISION), Ok(with_note())), &id, "git+note");
        let id = format!("{REVISION}+ba7816bf");
        check(
            &from_executable(Some(REVISION), Ok(without_note())),
            &id,
            exe::REVISION_AND_HASH_SOURCE,
        );
        check(&from_executable(Some("  "), Ok(with_note())), &"ab".repeat(20), "note");
    }

    #[test]
    fn without_a_revision_the_note_and_then_the_hash_are_the_id() {
        check(&from_executable(None, Ok(with_note())), &"ab".repeat(20), "note");
        check(
            &from_executable(None, Ok(without_note())),
            "ba7816bf8f01cfea414140de5dae2223",
            exe::HASH_SOURCE,
        );
    }

    #[test]
    fn an_unreadable_executable_gets_one_id_for_the_process() {
        let first = from_executable(Some(REVISION), unreadable());
        assert_eq!(first.source, "random");
        let drawn = first.id.strip_prefix("unknown-").expect("the prefix");
        assert_eq!(drawn.len(), 16, "{drawn}");
        assert_eq!(from_executable(None, unreadable()), first);
    }

    #[test]
    fn this_process_has_a_stable_id() {
        let found = resolve(None, None, None);
        assert!(matches!(found.source, "note" | "exe_hash" | "exe_path_hash"), "{found:?}");
        assert_eq!(resolve(None, None, None), found);
    }

    #[test]
    fn ids_are_one_visible_line_of_at_most_256_bytes() {
        for (text, id) in [
            ("v1.2 (ünï → ✓)", "v1.2 (ünï → ✓)"),
            ("a\nb\0c\u{7f}d\u{85}e", "a_b_c_d_e"),
            ("a\u{202e}b\u{200b}c\u{2028}d\u{feff}", "a_b_c_d_"),
            ("\u{0}", "_"),
        ] {
            assert_eq!(tidy(text, LONGEST).as_deref(), Some(id), "{text:?}");
        }
        let long = format!("a{}", "é".repeat(200));
        assert_eq!(tidy(&long, LONGEST), Some(format!("a{}", "é".repeat(127))));
        let cut_at_a_space = format!("{} b", "a".repeat(255));
        assert_eq!(tidy(&cut_at_a_space, LONGEST), Some("a".repeat(255)));

        let long_revision = from_executable(Some(&"a".repeat(300)), Ok(with_note()));
        assert_eq!(long_revision.id.len(), LONGEST);
        assert!(long_revision.id.ends_with("+abababab"), "{long_revision:?}");
    }
}
