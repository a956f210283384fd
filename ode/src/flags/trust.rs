//! Whether a file that can turn things on may be believed: nobody but its owners may write to it.

use std::fs::Metadata;
use std::path::Path;

/// Why a file is not believed: what is wrong, and what to do.
#[cfg(unix)]
pub(crate) fn objection(path: &Path, file: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    if is_writable_by_others(file.mode()) {
        return Some(format!("everybody may write to it; `chmod o-w {}`", path.display()));
    }
    // A link and what it leads to: whoever may exchange either decides what is read.
    let target = path.canonicalize().ok();
    let named = path.parent().and_then(|folder| {
        let here = folder.as_os_str().is_empty();
        if here { Path::new(".") } else { folder }.canonicalize().ok()
    });
    let folders = target.iter().flat_map(|target| target.ancestors().skip(1));
    let folders = folders.chain(named.iter().flat_map(|folder| folder.ancestors()));
    for folder in folders {
        let mode = std::fs::metadata(folder).ok()?.mode();
        if !is_writable_by_others(mode) {
            continue;
        }
        if mode & STICKY == 0 {
            let folder = folder.display();
            return Some(format!(
                "everybody may exchange what is in {folder}; `chmod o-w {folder}`"
            ));
        }
        // There everybody may put a file, but take away only his own.
        let ours = nix::unistd::geteuid().as_raw();
        if file.uid() != 0 && file.uid() != ours {
            return Some(format!(
                "it is in {}, where everybody may put files, and it is another user's",
                folder.display()
            ));
        }
    }
    None
}

#[cfg(unix)]
const STICKY: u32 = 0o1000;

#[cfg(unix)]
const fn is_writable_by_others(mode: u32) -> bool {
    mode & 0o002 != 0
}

/// Where there are no modes, who may write to a file is not looked at.
#[cfg(not(unix))]
pub(crate) fn objection(_path: &Path, _file: &Metadata) -> Option<String> {
    None
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn objection_to(path: &Path) -> Option<String> {
        objection(path, &fs::metadata(path).unwrap())
    }

    #[test]
    fn what_everybody_may_write_to_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flags.json");
        fs::write(&path, "{}").unwrap();
        for mode in [0o600, 0o644, 0o664, 0o400] {
            set(&path, mode);
            assert_eq!(objection_to(&path), None, "{mode:o}");
        }
        for mode in [0o666, 0o602, 0o777] {
            set(&path, mode);
            let objection = objection_to(&path).unwrap();
            assert!(objection.contains("chmod o-w"), "{objection}");
        }
    }

    #[test]
    fn nor_what_everybody_may_exchange() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        let inner = open.join("inner");
        fs::create_dir_all(&inner).unwrap();
        let path = inner.join("flags.json");
        fs::write(&path, "{}").unwrap();
        set(&path, 0o600);
        assert_eq!(objection_to(&path), None);

        set(&open, 0o777);
        assert!(objection_to(&path).is_some_and(|text| text.contains("exchange")));
        // With the sticky bit others can put files there, but not in the place of ours.
        set(&open, 0o1777);
        assert_eq!(objection_to(&path), None);
        set(&open, 0o755);

        // A link in a folder that is open to all leads wherever somebody likes.
        let links = folder.path().join("links");
        fs::create_dir(&links).unwrap();
        let link = links.join("flags.json");
        symlink(&path, &link).unwrap();
        assert_eq!(objection_to(&link), None);
        set(&links, 0o777);
        assert!(objection_to(&link).is_some());
    }
}
