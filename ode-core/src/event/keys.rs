//! Field keys: every name ode itself writes, in one table, and what users may not overwrite.

/// A key known when the program is compiled: name, JSON form and hash are all constants.
#[derive(Debug)]
#[doc(hidden)]
pub struct Key {
    name: &'static str,
    /// `,"name":`, or empty where the name needs escaping.
    json: &'static str,
    hash: u32,
    /// One of ode's own names, which only a group may have: below a prefix it is the group's.
    reserved: bool,
}

impl Key {
    /// A user's key.
    ///
    /// # Panics
    /// For an empty name and for names ode writes: in a constant, so it fails to compile.
    #[must_use]
    pub const fn new(name: &'static str, json: &'static str) -> Self {
        assert!(!name.is_empty(), "an event field needs a name");
        match reserved(name) {
            Reserved::No => {}
            Reserved::Written => {
                panic_written();
            }
            Reserved::Parent => {
                panic_parent();
            }
        }
        Self::ours(name, json)
    }

    /// The key of a field in a group without a prefix. It may be one of ode's names, because the
    /// group may be nested (`codec.name`); where it is not, the field moves as a run-time key does.
    ///
    /// # Panics
    /// In const evaluation, which is a compile error, for an empty name.
    #[must_use]
    pub const fn in_group(name: &'static str, json: &'static str) -> Self {
        assert!(!name.is_empty(), "an event field needs a name");
        let reserved = !matches!(reserved(name), Reserved::No);
        Self { reserved, ..Self::ours(name, json) }
    }

    /// A key that ode writes.
    pub(crate) const fn ours(name: &'static str, json: &'static str) -> Self {
        Self { name, json, hash: hash(name), reserved: false }
    }

    /// A key that ode writes and that is known when the program runs; its text lives as long as
    /// the process.
    pub(crate) fn leaked(name: &str) -> Self {
        let needs_escaping = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\' | 0x7f..);
        let json =
            if name.bytes().any(needs_escaping) { String::new() } else { format!(",\"{name}\":") };
        Self::ours(String::leak(name.to_owned()), String::leak(json))
    }

    /// Whether it is this very key of ode's.
    #[inline]
    pub(crate) fn is(&self, ours: &'static Self) -> bool {
        std::ptr::eq(self, ours)
    }

    /// Whether writing the key as it is would overwrite one of ode's.
    #[inline]
    pub(crate) const fn is_reserved(&self) -> bool {
        self.reserved
    }

    #[inline]
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    #[inline]
    pub(crate) const fn json(&self) -> Option<&'static str> {
        if self.json.is_empty() { None } else { Some(self.json) }
    }

    #[inline]
    pub(crate) const fn hash(&self) -> u32 {
        self.hash
    }
}

#[expect(clippy::panic, reason = "runs in const evaluation only: this is the compile error")]
const fn panic_written() {
    panic!("this key is written by ode itself; choose another, such as app.<key>")
}

#[expect(clippy::panic, reason = "runs in const evaluation only: this is the compile error")]
const fn panic_parent() {
    panic!(
        "ode writes keys below this one, and no key is both a value and a prefix; choose another, such as app.<key>"
    )
}

/// The hash fields are compared by: eight bytes at a time, because it is made anew for every field
/// under a run-time key. What it multiplies by makes the last characters of `field_0001`,
/// `field_0002`, … reach every bit.
#[inline]
pub(crate) const fn hash(name: &str) -> u32 {
    let mut rest = name.as_bytes();
    let mut hash = rest.len() as u64;
    while let [a, b, c, d, e, f, g, h, tail @ ..] = rest {
        hash = mixed(hash, u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]));
        rest = tail;
    }
    let mut last = 0;
    if let [a, b, c, d, tail @ ..] = rest {
        last = u32::from_le_bytes([*a, *b, *c, *d]) as u64;
        rest = tail;
    }
    if let [a, b, tail @ ..] = rest {
        last = last << 16 | u16::from_le_bytes([*a, *b]) as u64;
        rest = tail;
    }
    if let [a] = rest {
        last = last << 8 | *a as u64;
    }
    (mixed(hash, last).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

const fn mixed(hash: u64, word: u64) -> u64 {
    let product = (hash ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
    product ^ (product >> 32)
}

macro_rules! our_keys {
    ($($konst:ident = $name:literal;)*) => {
        $(pub(crate) static $konst: Key = Key::ours($name, concat!(",\"", $name, "\":"));)*

        /// Names that ode writes as fields.
        const OF_FIELDS: &[&str] = &[$($name),*];
    };
}

our_keys! {
    DECLINED_REASON = "declined.reason";
    CANCELLED_CAUSE = "cancelled.cause";
    ERROR_TYPE = "error.type";
    ERROR_MESSAGE = "error.message";
    ERROR_CHAIN = "error.chain";
    HELD_NS = "held_ns";
    INCOMPLETE = "incomplete";
    TRUNCATED_FIELDS = "ode.truncated_fields";
    DROPPED_FIELDS = "ode.dropped_fields";
    RENAMED_FIELDS = "ode.renamed_fields";
    KIND = "ode.kind";
    LINKS = "links";
    SAMPLE_RATE = "sample_rate";
    SAMPLE_REASON = "sample.reason";
    TRACE_STATE = "trace_state";
}

/// Names of the fixed part of every event.
const OF_HEAD: &[&str] = &[
    "timestamp",
    "name",
    "outcome",
    "duration_ns",
    "event_id",
    "trace_id",
    "span_id",
    "parent_span_id",
];

pub(crate) const BUILD_ID: &str = "build_id";
pub(crate) const BUILD_SOURCE: &str = "build.source";
pub(crate) const SERVICE_NAME: &str = "service.name";
pub(crate) const SERVICE_VERSION: &str = "service.version";
pub(crate) const REVISION: &str = "vcs.ref.head.revision";
pub(crate) const ENVIRONMENT: &str = "deployment.environment.name";
pub(crate) const HOST_NAME: &str = "host.name";
pub(crate) const PROCESS_PID: &str = "process.pid";

/// Names of what produced the event.
const OF_PROCESS: &[&str] = &[
    BUILD_ID,
    BUILD_SOURCE,
    SERVICE_NAME,
    SERVICE_VERSION,
    REVISION,
    ENVIRONMENT,
    HOST_NAME,
    PROCESS_PID,
];

/// Every complete name that ode writes; with [`FAMILIES`] the one table of ode's names.
const WRITTEN: [&[&str]; 3] = [OF_HEAD, OF_PROCESS, OF_FIELDS];

/// Whether a name belongs to the fixed part of an event or to its process.
pub(crate) fn is_fixed(name: &str) -> bool {
    OF_HEAD.contains(&name) || OF_PROCESS.contains(&name)
}

/// Families of names: whatever begins with one of these is ode's.
pub(crate) const FAMILIES: &[&str] = &[
    "build.",
    "cancelled.",
    "change.",
    "declined.",
    "did.",
    "error.",
    "experiment.",
    "field.",
    "flag.",
    "ode.",
    "sample.",
    "timed.",
    "would.",
];

/// Where a user's value goes whose key is reserved.
pub(crate) const MOVED_PREFIX: &str = "field.";

/// Whether a name is ode's, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    No,
    /// ode writes this key, or its whole family.
    Written,
    /// ode writes keys below it.
    Parent,
}

/// The one rule about names: a user's key may not be one of ode's, nor below one of ode's values,
/// nor a parent of one.
pub(crate) const fn reserved(name: &str) -> Reserved {
    let mut families = FAMILIES;
    while let [family, rest @ ..] = families {
        if starts_with(name, family) {
            return Reserved::Written;
        }
        if is_parent(name, family) {
            return Reserved::Parent;
        }
        families = rest;
    }
    reserved_among(name, WRITTEN.as_slice())
}

const fn reserved_among(name: &str, tables: &[&[&str]]) -> Reserved {
    let [first, tables @ ..] = tables else {
        return Reserved::No;
    };
    let mut written = *first;
    while let [ours, rest @ ..] = written {
        if starts_with(name, ours) && (name.len() == ours.len() || is_parent(ours, name)) {
            return Reserved::Written;
        }
        if is_parent(name, ours) {
            return Reserved::Parent;
        }
        written = rest;
    }
    reserved_among(name, tables)
}

/// [`reserved`] behind two quick looks, for keys made at run time: at the first two letters, and at
/// the first segment.
#[inline]
pub(crate) fn reserved_at_run_time(name: &str) -> Reserved {
    if begins_as_ours(name) { reserved_by_segment(name) } else { Reserved::No }
}

/// Whether any of ode's names begins with the same two letters.
#[inline]
fn begins_as_ours(name: &str) -> bool {
    let [first, second, ..] = name.as_bytes() else { return false };
    let seconds = BEGINNINGS.get(usize::from(first.wrapping_sub(b'a'))).copied().unwrap_or(0);
    seconds & bit_of(*second) != 0
}

/// For each letter that one of ode's names begins with, which ones follow it there.
static BEGINNINGS: [u32; 26] = {
    let mut seconds = [0; 26];
    let mut tables = &[OF_HEAD, OF_PROCESS, OF_FIELDS, FAMILIES] as &[&[&str]];
    while let [names, more @ ..] = tables {
        let mut names = *names;
        while let [name, rest @ ..] = names {
            let [first, second, ..] = name.as_bytes() else { panic_beginning() };
            if !first.is_ascii_lowercase() || !second.is_ascii_lowercase() {
                panic_beginning();
            }
            set_bit(&mut seconds, *first, *second);
            names = rest;
        }
        tables = more;
    }
    seconds
};

#[expect(clippy::indexing_slicing, reason = "runs in const evaluation only")]
const fn set_bit(seconds: &mut [u32; 26], first: u8, second: u8) {
    seconds[(first - b'a') as usize] |= bit_of(second);
}

#[expect(clippy::panic, reason = "runs in const evaluation only: this is the compile error")]
const fn panic_beginning() -> ! {
    panic!("a name of ode's begins with two letters")
}

/// One bit for a letter, none for anything else.
#[inline]
const fn bit_of(letter: u8) -> u32 {
    if letter.is_ascii_lowercase() { 1 << (letter - b'a') } else { 0 }
}

fn reserved_by_segment(name: &str) -> Reserved {
    // Keys are short: a loop beats a searcher.
    let root = name.bytes().position(|byte| byte == b'.').and_then(|dot| name.get(..dot));
    let root = root.unwrap_or(name);
    match root {
        "build" | "build_id" | "cancelled" | "change" | "declined" | "deployment" | "did"
        | "duration_ns" | "error" | "event_id" | "experiment" | "field" | "flag" | "held_ns"
        | "host" | "incomplete" | "links" | "name" | "ode" | "outcome" | "parent_span_id"
        | "process" | "sample" | "sample_rate" | "service" | "span_id" | "timed" | "timestamp"
        | "trace_id" | "trace_state" | "vcs" | "would" => reserved(name),
        _ => Reserved::No,
    }
}

const fn starts_with(text: &str, prefix: &str) -> bool {
    let (mut text, mut prefix) = (text.as_bytes(), prefix.as_bytes());
    loop {
        match (text, prefix) {
            (_, []) => return true,
            ([a, text_rest @ ..], [b, prefix_rest @ ..]) if *a == *b => {
                text = text_rest;
                prefix = prefix_rest;
            }
            _ => return false,
        }
    }
}

/// Whether `child` is `parent` followed by a dot and more (or by the dot that ends a family).
const fn is_parent(parent: &str, child: &str) -> bool {
    let (mut parent, mut child) = (parent.as_bytes(), child.as_bytes());
    loop {
        match (parent, child) {
            ([], [b'.', ..]) => return true,
            ([a, parent_rest @ ..], [b, child_rest @ ..]) if *a == *b => {
                parent = parent_rest;
                child = child_rest;
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> impl Iterator<Item = &'static str> {
        WRITTEN.into_iter().flatten().copied()
    }

    #[test]
    fn no_name_of_ours_is_both_a_value_and_a_prefix() {
        for value in written() {
            for other in written().chain(FAMILIES.iter().copied()) {
                assert!(!other.starts_with(&format!("{value}.")), "{value} is a prefix of {other}");
            }
            assert!(!FAMILIES.contains(&format!("{value}.").as_str()), "{value}");
        }
    }

    #[test]
    fn reserved_names() {
        for ours in written() {
            assert_eq!(reserved(ours), Reserved::Written, "{ours}");
        }
        for family in FAMILIES {
            assert_eq!(reserved(&format!("{family}x")), Reserved::Written, "{family}");
            assert_eq!(reserved(family.trim_end_matches('.')), Reserved::Parent, "{family}");
        }
        for below in ["name.first", "outcome.kind", "timestamp.ms", "service.name.short"] {
            assert_eq!(reserved(below), Reserved::Written, "{below}");
        }
        for parent in ["host", "service", "vcs", "vcs.ref", "process", "deployment.environment"] {
            assert_eq!(reserved(parent), Reserved::Parent, "{parent}");
        }
        for free in
            ["user.id", "names", "host.arch", "service.instance.id", "errors", "app.name", "timeds"]
        {
            assert_eq!(reserved(free), Reserved::No, "{free}");
        }
    }

    #[test]
    fn the_quick_look_knows_every_root() {
        for ours in written().chain(FAMILIES.iter().copied()) {
            let name = if ours.ends_with('.') { format!("{ours}x") } else { ours.to_owned() };
            assert_eq!(reserved_at_run_time(&name), reserved(&name), "{name}");
            let root = name.split('.').next().unwrap();
            assert_eq!(reserved_at_run_time(root), reserved(root), "{root}");
        }
    }

    #[test]
    fn names_of_every_length_have_hashes_of_their_own() {
        let name = "abcdefghijklmnopqrstuvwxyz.0123456789";
        let mut hashes: Vec<u32> =
            (0..=name.len()).map(|length| hash(name.get(..length).unwrap())).collect();
        // The same letters in another order, or with another ending.
        hashes.extend(["ab", "ba", "abc", "acb", "abcdefhg", "a\0", "a\0\0"].map(hash));
        let made = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        // "ab" and "abc" are beginnings, too.
        assert_eq!(hashes.len(), made - 2);
    }

    #[test]
    fn hashes_spread() {
        let mut low: Vec<u32> =
            (0..1_024).map(|n| hash(&format!("field_{n:04}")) & 0xfff).collect();
        low.sort_unstable();
        low.dedup();
        assert!(low.len() > 850, "{} of 1024 distinct in 12 bits", low.len());
    }
}
