//! Opening a file to append events to: only a regular one of our own, and with a whole last line.
//! And looking at those that were put aside.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Opens or creates the file; says whether its last line is torn. Nothing is written here, on the
/// host's thread: at a limit of the file's size that would be a signal.
pub(crate) fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut file = reopen(path)?;
    let torn = file.metadata().map_err(|error| explain(path, &error))?.len() > 0
        && !ends_in_newline(&mut file);
    Ok((file, torn))
}

/// Opens or creates the file while others may be writing to it: they end their own lines, and half
/// of one may be seen.
pub(crate) fn reopen(path: &Path) -> io::Result<File> {
    // Opening a device or a pipe can already have effects, so look first.
    if let Ok(found) = fs::symlink_metadata(path) {
        check(path, &found)?;
        check_names(path, &found)?;
    }
    let file = options().open(path).map_err(|error| explain(path, &error))?;
    // It may have been exchanged in between: what was opened has the last word.
    let found = file.metadata().map_err(|error| explain(path, &error))?;
    check(path, &found)?;
    check_names(path, &found)?;
    Ok(file)
}

/// Opens a file that was put aside, to read it.
pub(crate) fn read(path: &Path) -> io::Result<File> {
    without_surprises(OpenOptions::new().read(true)).open(path)
}

/// Whether there is a file that was put aside; anything else there is an error. It may have more
/// names than this one, as backups make them: it is moved, not written to.
pub(crate) fn is_kept(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(found) => check(path, &found).map(|()| true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(explain(path, &error)),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    without_surprises(&mut options).clone()
}

/// No link is followed, nothing is waited for, no child inherits it.
fn without_surprises(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use nix::fcntl::OFlag;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        options.custom_flags(flags.bits());
    }
    options
}

/// What cannot be read counts as torn: the price is an empty line.
fn ends_in_newline(file: &mut File) -> bool {
    let mut last = [0];
    file.seek(SeekFrom::End(-1)).is_ok() && file.read_exact(&mut last).is_ok() && last == *b"\n"
}

fn check(path: &Path, found: &Metadata) -> io::Result<()> {
    let kind = found.file_type();
    if kind.is_symlink() {
        let what = "it is a symbolic link, which someone else could turn elsewhere; give the path \
                    of the file itself";
        return Err(refuse(path, ErrorKind::InvalidInput, what));
    }
    if kind.is_dir() {
        let what = "it is a directory; give the path of a file in it";
        return Err(refuse(path, ErrorKind::IsADirectory, what));
    }
    check_owner(path, found)?;
    if kind.is_file() {
        return Ok(());
    }
    Err(refuse(path, ErrorKind::InvalidInput, "it is not a regular file; give the path of one"))
}

#[cfg(unix)]
fn check_owner(path: &Path, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    let kind = found.file_type();
    if kind.is_fifo() {
        let what = "it is a named pipe; give the path of a regular file, or open the pipe yourself \
                    and hand it to `JsonLines::writer`";
        return Err(refuse(path, ErrorKind::InvalidInput, what));
    }
    if kind.is_char_device() || kind.is_block_device() || kind.is_socket() {
        let what = "it is a device or a socket; give the path of a regular file, or write to \
                    standard output with `JsonLines::stdout`";
        return Err(refuse(path, ErrorKind::InvalidInput, what));
    }
    let (owner, own) = (found.uid(), nix::unistd::geteuid().as_raw());
    if owner != own {
        let what = format!(
            "it belongs to user {owner}, and this process runs as user {own}; remove it, or give \
             another path"
        );
        return Err(refuse(path, ErrorKind::PermissionDenied, &what));
    }
    Ok(())
}

#[cfg(unix)]
fn check_names(path: &Path, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    if found.nlink() > 1 {
        let what = format!(
            "it has {} names (hard links), so events would appear under all of them; remove the \
             others, or give another path",
            found.nlink()
        );
        return Err(refuse(path, ErrorKind::InvalidInput, &what));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner(_path: &Path, _found: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn check_names(_path: &Path, _found: &Metadata) -> io::Result<()> {
    Ok(())
}

#[expect(clippy::unnecessary_debug_formatting, reason = "shows control characters escaped")]
fn refuse(path: &Path, kind: ErrorKind, what: &str) -> io::Error {
    io::Error::new(kind, format!("open {path:?} for events: {what}"))
}

fn explain(path: &Path, error: &io::Error) -> io::Error {
    let what = match error.kind() {
        ErrorKind::NotFound => "its directory does not exist; create the directory first".into(),
        ErrorKind::PermissionDenied => {
            "this process may not read and append to it; change its mode, or give another path"
                .into()
        }
        _ => format!("{error}; correct that, or give another path"),
    };
    refuse(path, error.kind(), &what)
}
