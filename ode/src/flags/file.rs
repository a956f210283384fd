//! [`FlagFile`]: flags in a file, read again when it changes.

use std::error::Error;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ode_core::{Evaluation, FlagError, FlagSource, Subject};

use crate::flags::flag_set::FlagSet;
use crate::flags::trust;

/// Flags in a file, in the format of [`FlagSet`].
///
/// [`Setup::flag_file`](crate::Setup::flag_file) and `ODE_FLAG_FILE` make one and watch it. By hand,
/// it is read when it is made and whenever [`FlagFile::reload`] is called.
///
/// What is read takes the place of what was there in one step, and asking never waits for reading.
/// A file that cannot be read, is no JSON, is larger than 1 MiB or is not to be believed changes
/// nothing: the last good one counts. Where there was no good one, every flag answers with an error,
/// and everything is withheld; a file that is not there knows no flags, and other sources are asked.
///
/// A file that can turn things on must not be anybody's to write: on Unix it is not believed where
/// all may write to it, or to a folder on the way to it (unless that has the sticky bit, and the file
/// is this user's or root's).
///
/// Clones are the same file.
///
/// ```
/// use ode::flags::FlagFile;
/// use ode::{Evaluation, FlagSource, Subject};
///
/// let file = FlagFile::new("/etc/shop/flags.json");
/// if let Err(error) = file.reload() {
///     eprintln!("{error}"); // the file of flags /etc/shop/flags.json is not there
/// }
/// assert_eq!(file.evaluate("new_cart", &Subject::anonymous()), Evaluation::not_found());
/// ```
#[derive(Clone, Debug)]
pub struct FlagFile {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Written for as long as one pointer takes.
    held: RwLock<Held>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Debug)]
enum Held {
    Good(Arc<FlagSet>),
    /// There was never a file.
    Nothing,
    /// There was a file, and never a good one.
    Refused,
}

/// What was there when it was looked at last.
#[derive(Debug, Default)]
struct Seen {
    stamp: Option<Stamp>,
    text: String,
    /// Looks since the stamp changed.
    looks: u32,
    /// What was said last, so that it is not said again.
    said: Option<String>,
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<std::time::SystemTime>,
    bytes: u64,
    #[cfg(unix)]
    node: (u64, u64, i64, i64),
}

/// A file of flags is no larger than this many bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A file may change twice within what its time is measured in, so it is read again for so many
/// looks after it seemed to change.
const LOOKS_AT_CONTENT: u32 = 8;

/// What a [`FlagFile::reload`] found.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// The keys of the flags that are defined differently now.
    pub changed: Vec<String>,
    /// What cannot be read: one text for each such flag, with its key.
    pub problems: Vec<String>,
    /// How many flags there are.
    pub flags: usize,
}

/// Why a file of flags was not read; the last good one counts.
#[derive(Debug)]
pub struct FlagFileError {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Missing,
    Unreadable(io::Error),
    TooLarge,
    NotBelieved(String),
    NotFlags(crate::flags::FlagSetError),
}

impl fmt::Display for FlagFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file of flags {} ", self.path.display())?;
        match &self.kind {
            Kind::Missing => f.write_str("is not there"),
            Kind::Unreadable(_) => f.write_str("cannot be read"),
            Kind::TooLarge => write!(f, "is larger than {MAX_BYTES} bytes"),
            Kind::NotBelieved(why) => write!(f, "is not believed: {why}"),
            Kind::NotFlags(_) => f.write_str("holds no flags"),
        }
    }
}

impl Error for FlagFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Missing | Kind::TooLarge | Kind::NotBelieved(_) => None,
            Kind::Unreadable(error) => Some(error),
            Kind::NotFlags(error) => Some(error),
        }
    }
}

impl FlagFileError {
    /// The error with its cause and what follows from it, in one line.
    fn told(&self, has_good: bool) -> String {
        let cause = self.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        let consequence = match (&self.kind, has_good) {
            (_, true) => "what it held before counts until that is mended",
            (Kind::Missing, false) => "no flags come from it until it is",
            (_, false) => "every flag is an error and everything is withheld until that is mended",
        };
        format!("{self}{cause}; {consequence}")
    }
}

/// What there is to say after a look.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Nothing,
    Reloaded(Reloaded),
    /// It was not read; said once.
    Failed(String),
}

impl FlagFile {
    /// The flags in this file, which is read now. Whether that went well says the first
    /// [`FlagFile::reload`].
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let file = Self::unread(path);
        drop(file.reload());
        file
    }

    pub(crate) fn unread(path: impl Into<PathBuf>) -> Self {
        let held = RwLock::new(Held::Nothing);
        Self { shared: Arc::new(Shared { path: path.into(), held, seen: Mutex::default() }) }
    }

    /// The path it was made with.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Reads the file now, whether it seems to have changed or not.
    ///
    /// # Errors
    /// When it is not there, cannot be read, is too large, is not believed, or holds no flags; then
    /// the last good one counts.
    pub fn reload(&self) -> Result<Reloaded, FlagFileError> {
        self.lock_seen().stamp = None;
        let reloaded = self.read()?;
        Ok(reloaded.unwrap_or_else(|| self.as_it_is()))
    }

    /// Reads the file if it has changed since the last look.
    pub(crate) fn look(&self) -> Look {
        let result = self.read();
        let has_good = self.has_good();
        let mut seen = self.lock_seen();
        match result {
            Ok(Some(reloaded)) => {
                seen.said = None;
                Look::Reloaded(reloaded)
            }
            Ok(None) => Look::Nothing,
            Err(error) => {
                let text = error.told(has_good);
                if seen.said.as_ref() == Some(&text) {
                    return Look::Nothing;
                }
                seen.said = Some(text.clone());
                Look::Failed(text)
            }
        }
    }

    fn has_good(&self) -> bool {
        matches!(self.held(), Held::Good(_))
    }

    fn lock_seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> Held {
        self.shared.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: Held) {
        *self.shared.held.write().unwrap_or_else(PoisonError::into_inner) = held;
    }

    fn as_it_is(&self) -> Reloaded {
        match self.held() {
            Held::Good(set) => Reloaded::of(&set, Vec::new()),
            Held::Nothing | Held::Refused => Reloaded::of(&FlagSet::default(), Vec::new()),
        }
    }

    /// `None` where it is as it was.
    fn read(&self) -> Result<Option<Reloaded>, FlagFileError> {
        let fail = |kind| FlagFileError { path: self.shared.path.clone(), kind };
        let text = match self.text() {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(kind) => {
                let is_missing = matches!(kind, Kind::Missing);
                if !is_missing && !self.has_good() {
                    self.hold(Held::Refused);
                }
                return Err(fail(kind));
            }
        };
        let set = match FlagSet::parse(&text) {
            Ok(set) => Arc::new(set),
            Err(error) => {
                if !self.has_good() {
                    self.hold(Held::Refused);
                }
                return Err(fail(Kind::NotFlags(error)));
            }
        };
        let changed = match self.held() {
            Held::Good(before) => set.changes(&before),
            Held::Nothing | Held::Refused => set.changes(&FlagSet::default()),
        };
        let reloaded = Reloaded::of(&set, changed);
        self.hold(Held::Good(set));
        Ok(Some(reloaded))
    }

    /// The content, unless it is as it was when it was read last.
    fn text(&self) -> Result<Option<String>, Kind> {
        let path = &self.shared.path;
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Kind::Missing,
            _ => Kind::Unreadable(error),
        };
        let mut seen = self.lock_seen();
        let metadata = std::fs::metadata(path).map_err(|error| {
            // When it comes back it is read, whatever it looks like.
            seen.stamp = None;
            unreadable(error)
        })?;
        let is_new = seen.stamp.as_ref() != Some(&Stamp::of(&metadata));
        if is_new {
            seen.looks = 0;
        } else if seen.looks >= LOOKS_AT_CONTENT {
            return Ok(None);
        }
        seen.looks += 1;
        // Not before it is known to be a file: opening a pipe would wait.
        if !metadata.is_file() {
            return Err(Kind::Unreadable(io::Error::other("it is no file")));
        }
        let file = File::open(path).map_err(unreadable)?;
        // Of what is open, whatever stands under the name by now.
        let metadata = file.metadata().map_err(unreadable)?;
        if let Some(why) = trust::objection(path, &metadata) {
            return Err(Kind::NotBelieved(why));
        }
        if metadata.len() > MAX_BYTES {
            return Err(Kind::TooLarge);
        }
        let mut text = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(unreadable)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(Kind::TooLarge);
        }
        let text = String::from_utf8(text).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            let text = format!("it is not UTF-8 from byte {place} on");
            Kind::Unreadable(io::Error::new(io::ErrorKind::InvalidData, text))
        })?;
        seen.stamp = Some(Stamp::of(&metadata));
        if !is_new && seen.text == text {
            return Ok(None);
        }
        seen.text.clone_from(&text);
        Ok(Some(text))
    }
}

impl Reloaded {
    fn of(set: &FlagSet, changed: Vec<String>) -> Self {
        let problem = |(key, wrong): (&str, &str)| format!("flag {key:?}: {wrong}");
        Self { changed, problems: set.problems().map(problem).collect(), flags: set.len() }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            modified: metadata.modified().ok(),
            bytes: metadata.len(),
            // The time of the last change of anything, its owner and its mode too.
            #[cfg(unix)]
            node: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl FlagSource for FlagFile {
    fn evaluate(&self, key: &str, subject: &Subject) -> Evaluation {
        match self.held() {
            Held::Good(set) => set.evaluate(key, subject),
            Held::Nothing => Evaluation::not_found(),
            Held::Refused => Evaluation::failed(FlagError::ParseError),
        }
    }

    fn name(&self) -> &'static str {
        "flagd"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As if both had been written within what a file's time is measured in.
    #[test]
    fn what_only_the_content_tells_is_seen_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flags.json");
        let document = |number: u32| format!("{{\"flags\": {{\"a\": {number}}}}}");
        std::fs::write(&path, document(0)).unwrap();
        let file = FlagFile::new(&path);
        for number in 1..6 {
            std::fs::write(&path, document(number)).unwrap();
            file.lock_seen().stamp = Some(Stamp::of(&std::fs::metadata(&path).unwrap()));
            assert!(matches!(file.look(), Look::Reloaded(_)), "{number}");
        }
        // In the end it is not read any more.
        file.lock_seen().looks = LOOKS_AT_CONTENT;
        std::fs::write(&path, document(9)).unwrap();
        file.lock_seen().stamp = Some(Stamp::of(&std::fs::metadata(&path).unwrap()));
        assert_eq!(file.look(), Look::Nothing);
    }
}
