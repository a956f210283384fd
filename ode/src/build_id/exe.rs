//! The running executable: opened, and reduced to a fingerprint.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};

use super::elf;

/// Whether the operating system hands out the running executable itself, not the path it was
/// started from.
const KEEPS_THE_RUNNING_FILE: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// `build.source` of an id that is the executable's hash.
pub(super) const HASH_SOURCE: &str =
    if KEEPS_THE_RUNNING_FILE { "exe_hash" } else { "exe_path_hash" };

/// `build.source` of a revision followed by the executable's hash.
pub(super) const REVISION_AND_HASH_SOURCE: &str =
    if KEEPS_THE_RUNNING_FILE { "git+exe_hash" } else { "git+exe_path_hash" };

/// How much of the SHA-256 is shown: 128 bits are far from any accidental collision.
const HASH_BYTES_SHOWN: usize = 16;

const READ_SIZE: usize = 64 * 1024;

/// What an executable says about itself, in lower-case hex.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fingerprint {
    /// The GNU build-id note: computed by the linker over the whole output, it survives `strip`.
    Note(String),
    /// The first half of the file's SHA-256.
    Hash(String),
}

/// Opens the executable this process runs.
///
/// On Linux through `/proc/self/exe` and never by the remembered path: after an in-place deploy that
/// path holds another build.
pub(super) fn open() -> io::Result<File> {
    if KEEPS_THE_RUNNING_FILE {
        File::open("/proc/self/exe")
    } else {
        File::open(std::env::current_exe()?)
    }
}

/// The note if there is one, else the hash; nothing if the file cannot be read to its end.
pub(super) fn fingerprint(mut file: impl Read + Seek) -> Option<Fingerprint> {
    if let Some(note) = elf::build_id_note(&mut file) {
        return Some(Fingerprint::Note(hex(&note)));
    }
    file.rewind().ok()?;
    let digest = sha256(file).ok()?;
    Some(Fingerprint::Hash(hex(digest.get(..HASH_BYTES_SHOWN)?)))
}

fn sha256(mut file: impl Read) -> io::Result<[u8; 32]> {
    let mut hash = hmac_sha256::Hash::new();
    let mut buffer = vec![0; READ_SIZE];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize()),
            Ok(read) => hash.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::build_id::tests::fixture;

    /// Hands out its pieces one read at a time, an interruption before each.
    struct Pieces<'a>(Vec<&'a [u8]>, bool);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::Interrupted.into());
            }
            self.0.pop().map_or(Ok(0), |mut piece| piece.read(out))
        }
    }

    #[test]
    fn hashes_across_reads_and_interruptions() {
        let digest = sha256(Pieces(vec![b"c", b"ab"], false)).expect("a digest");
        assert_eq!(
            hex(&digest),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let large = vec![7; 3 * READ_SIZE + 5];
        assert_eq!(sha256(large.as_slice()).expect("a digest"), hmac_sha256::Hash::hash(&large));
    }

    #[test]
    fn one_more_byte_is_another_hash_but_the_same_note() {
        let mut file = fixture(&[0xcd; 20]);
        let note = fingerprint(Cursor::new(&file));
        assert_eq!(note, Some(Fingerprint::Note("cd".repeat(20))));
        file.push(0);
        assert_eq!(fingerprint(Cursor::new(&file)), note);

        let hash = fingerprint(Cursor::new(b"no executable"));
        assert!(matches!(&hash, Some(Fingerprint::Hash(hex)) if hex.len() == 32), "{hash:?}");
        assert_ne!(fingerprint(Cursor::new(b"no executable\0")), hash);
    }

    #[test]
    fn a_file_that_fails_to_read_has_no_fingerprint() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::PermissionDenied.into())
            }
        }
        impl Seek for Failing {
            fn seek(&mut self, _: io::SeekFrom) -> io::Result<u64> {
                Ok(0)
            }
        }
        assert_eq!(fingerprint(Failing), None);
    }

    #[test]
    fn opens_the_running_executable() {
        let running = sha256(open().expect("the running executable")).expect("a digest");
        let by_path = File::open(std::env::current_exe().expect("a path")).expect("a file");
        assert_eq!(running, sha256(by_path).expect("a digest"));
    }
}
