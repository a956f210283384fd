//! From the compiler's environment to the tokens of `__git_revision!()`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use super::checkout::{self, Checkout};
use super::dirty;

/// Names the revision where there is no repository to read, such as a container build.
const OVERRIDE: &str = "ODE_BUILD_REVISION";
const DIRTY: &str = "-dirty";

/// How long `git status` may hold up the compiler.
const STATUS_LIMIT: Duration = Duration::from_secs(2);

/// Expands to an expression of type `Option<&'static str>`.
pub(crate) fn revision() -> TokenStream {
    let environment = Environment {
        revision: env::var_os(OVERRIDE),
        manifest_dir: env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from),
        cargo_home: env::var_os("CARGO_HOME").map(PathBuf::from),
    };
    environment.expand(|manifest_dir| dirty::is_dirty("git", manifest_dir, STATUS_LIMIT))
}

/// What the compiler was told.
#[derive(Default)]
pub(super) struct Environment {
    pub(super) revision: Option<OsString>,
    pub(super) manifest_dir: Option<PathBuf>,
    pub(super) cargo_home: Option<PathBuf>,
}

impl Environment {
    pub(super) fn expand(&self, is_dirty: impl FnOnce(&Path) -> bool) -> TokenStream {
        match self.given() {
            Ok(Some(revision)) => tokens(Some(revision), &[]),
            Ok(None) => self.read(is_dirty),
            Err(message) => quote!({ ::core::compile_error!(#message) }),
        }
    }

    /// The override. A blank value counts as unset: build files pass on variables that may be empty.
    fn given(&self) -> Result<Option<&str>, String> {
        let Some(value) = self.revision.as_deref() else {
            return Ok(None);
        };
        match value.to_str() {
            Some(text) if text.trim().is_empty() => Ok(None),
            Some(text) if is_revision(text) => Ok(Some(text)),
            _ => Err(complaint(value)),
        }
    }

    fn read(&self, is_dirty: impl FnOnce(&Path) -> bool) -> TokenStream {
        let manifest_dir = self.manifest_dir.as_deref();
        let own = manifest_dir.filter(|dir| !is_cargos_copy(dir, self.cargo_home.as_deref()));
        let Some(manifest_dir) = own else {
            return tokens(None, &[]);
        };
        let Checkout { revision, files } = checkout::read(manifest_dir);
        let revision = revision.map(|mut revision| {
            if is_dirty(manifest_dir) {
                revision.push_str(DIRTY);
            }
            revision
        });
        tokens(revision.as_deref(), &files)
    }
}

fn is_revision(text: &str) -> bool {
    let hash = text.strip_suffix(DIRTY).unwrap_or(text);
    (7..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn complaint(value: &OsStr) -> String {
    format!(
        "`{OVERRIDE}` must be 7 to 64 hexadecimal digits, optionally followed by `{DIRTY}`, but is \
         {:?}; unset it to use the revision of the checkout",
        value.to_string_lossy()
    )
}

/// Whether the package is one that cargo unpacked: a repository above it is somebody's home
/// directory, and its revision says nothing about the package.
fn is_cargos_copy(manifest_dir: &Path, cargo_home: Option<&Path>) -> bool {
    const STORES: [&str; 2] = ["registry", "git"];
    let under_home = cargo_home.filter(|home| home.is_absolute()).is_some_and(|home| {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        STORES.iter().any(|store| {
            let store = home.join(store);
            manifest_dir.starts_with(&store) || real(manifest_dir).starts_with(real(&store))
        })
    });
    let names: Vec<_> = manifest_dir.iter().collect();
    under_home
        || names.windows(2).any(|pair| {
            matches!(pair, [home, store] if *home == ".cargo" && STORES.iter().any(|name| store == name))
        })
}

/// The constants are never used, so nothing of the files reaches the binary; they make the compiler
/// list the files and the variable among what the crate is built from.
fn tokens(revision: Option<&str>, files: &[PathBuf]) -> TokenStream {
    let files = files.iter().filter_map(|file| file.to_str());
    let revision = revision.map_or_else(
        || quote!(::core::option::Option::<&'static ::core::primitive::str>::None),
        |revision| quote!(::core::option::Option::Some(#revision)),
    );
    quote!({
        const _: ::core::option::Option<&::core::primitive::str> = ::core::option_env!(#OVERRIDE);
        #(const _: &[::core::primitive::u8] = ::core::include_bytes!(#files);)*
        #revision
    })
}
