//! The GNU build-id note of an ELF file, read in safe code.
//!
//! ```text
//! file header ─┬─ program headers ── PT_NOTE  ─┐
//!              └─ section headers ── SHT_NOTE ─┴─ notes: name size, value size, type, name, value
//! ```
//!
//! Program headers come first because the loader needs them: they survive any `strip`. Section
//! headers are asked when those name no usable note.
//!
//! The file is not trusted. Every number is read through a checked lookup, tables and notes have an
//! upper bound that no header can raise, and buffers grow with the bytes that are there, not with the
//! length that was promised.

use std::io::{Read, Seek, SeekFrom};
use std::ops::RangeInclusive;

/// `NT_GNU_BUILD_ID`, meaningful under the name [`OWNER`].
const BUILD_ID: u64 = 3;
const OWNER: &[u8] = b"GNU\0";

/// What linkers compute has 8 (`fast`), 16 (`md5`, `uuid`) or 20 bytes (`sha1`). Shorter notes are
/// constants from a linker script, the same for every build.
const USABLE_LENGTHS: RangeInclusive<usize> = 8..=64;

const FILE_HEADER_SIZE: u64 = 64;
const NOTE_HEADER_SIZE: usize = 12;

/// Entries looked at in each table; an executable has a dozen segments and a few dozen sections.
const MOST_ENTRIES: u64 = 1024;
/// Bytes read of one segment or section of notes.
const MOST_NOTES: u64 = 64 * 1024;

/// Finds the value of the build-id note; nothing if there is none, or the file is not sound ELF.
pub(super) fn build_id_note(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let header = read_at(file, 0, FILE_HEADER_SIZE)?;
    if !header.starts_with(b"\x7fELF") {
        return None;
    }
    let (address_size, tables) = match header.get(4)? {
        1 => (4, [SEGMENTS_32, SECTIONS_32]),
        2 => (8, [SEGMENTS_64, SECTIONS_64]),
        _ => return None,
    };
    let big_endian = match header.get(5)? {
        1 => false,
        2 => true,
        _ => return None,
    };
    let numbers = Numbers { address_size, big_endian };
    tables.iter().find_map(|table| table.search(file, &header, numbers))
}

/// How this file writes numbers.
#[derive(Clone, Copy)]
struct Numbers {
    /// Bytes of an address, offset or size.
    address_size: usize,
    big_endian: bool,
}

impl Numbers {
    fn address(self, bytes: &[u8], at: usize) -> Option<u64> {
        self.number(bytes, at, self.address_size)
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u64> {
        self.number(bytes, at, 4)
    }

    fn u16(self, bytes: &[u8], at: usize) -> Option<u64> {
        self.number(bytes, at, 2)
    }

    fn number(self, bytes: &[u8], at: usize, width: usize) -> Option<u64> {
        let digits = bytes.get(at..at.checked_add(width)?)?.iter();
        let add = |value: u64, digit: &u8| (value << 8) | u64::from(*digit);
        Some(if self.big_endian { digits.fold(0, add) } else { digits.rev().fold(0, add) })
    }

    /// Looks through consecutive notes. Every round drops at least a note's header from `notes`.
    fn find_build_id(self, mut notes: &[u8], alignment: usize) -> Option<Vec<u8>> {
        loop {
            let name_size = usize::try_from(self.u32(notes, 0)?).ok()?;
            let value_size = usize::try_from(self.u32(notes, 4)?).ok()?;
            let kind = self.u32(notes, 8)?;

            let name_end = NOTE_HEADER_SIZE.checked_add(name_size)?;
            let value_start = name_end.checked_next_multiple_of(alignment)?;
            let value_end = value_start.checked_add(value_size)?;
            let name = notes.get(NOTE_HEADER_SIZE..name_end)?;
            let value = notes.get(value_start..value_end)?;
            if kind == BUILD_ID && name == OWNER && is_usable(value) {
                return Some(value.to_vec());
            }
            notes = notes.get(value_end.checked_next_multiple_of(alignment)?..)?;
        }
    }
}

fn is_usable(value: &[u8]) -> bool {
    USABLE_LENGTHS.contains(&value.len()) && value.iter().any(|byte| *byte != 0)
}

/// A table of headers: where the file header describes it, and where an entry keeps what is needed.
struct Table {
    start_at: usize,
    entry_size_at: usize,
    count_at: usize,

    entry_size: u64,
    kind_at: usize,
    note_kind: u64,
    offset_at: usize,
    size_at: usize,
    alignment_at: usize,
}

const SEGMENTS_32: Table = Table {
    start_at: 28,
    entry_size_at: 42,
    count_at: 44,
    entry_size: 32,
    kind_at: 0,
    note_kind: 4,
    offset_at: 4,
    size_at: 16,
    alignment_at: 28,
};

const SEGMENTS_64: Table = Table {
    start_at: 32,
    entry_size_at: 54,
    count_at: 56,
    entry_size: 56,
    kind_at: 0,
    note_kind: 4,
    offset_at: 8,
    size_at: 32,
    alignment_at: 48,
};

const SECTIONS_32: Table = Table {
    start_at: 32,
    entry_size_at: 46,
    count_at: 48,
    entry_size: 40,
    kind_at: 4,
    note_kind: 7,
    offset_at: 16,
    size_at: 20,
    alignment_at: 32,
};

const SECTIONS_64: Table = Table {
    start_at: 40,
    entry_size_at: 58,
    count_at: 60,
    entry_size: 64,
    kind_at: 4,
    note_kind: 7,
    offset_at: 24,
    size_at: 32,
    alignment_at: 48,
};

impl Table {
    fn search(
        &self,
        file: &mut (impl Read + Seek),
        header: &[u8],
        numbers: Numbers,
    ) -> Option<Vec<u8>> {
        let start = numbers.address(header, self.start_at)?;
        let stride = numbers.u16(header, self.entry_size_at)?;
        let count = numbers.u16(header, self.count_at)?;
        if stride < self.entry_size {
            return None;
        }
        (0..count.min(MOST_ENTRIES)).find_map(|index| {
            let entry = read_at(file, start.checked_add(index * stride)?, self.entry_size)?;
            if numbers.u32(&entry, self.kind_at)? != self.note_kind {
                return None;
            }
            let offset = numbers.address(&entry, self.offset_at)?;
            let size = numbers.address(&entry, self.size_at)?;
            // Notes are padded to 4 bytes whatever their header says, unless it says 8.
            let alignment = if numbers.address(&entry, self.alignment_at)? == 8 { 8 } else { 4 };
            let notes = read_at(file, offset, size.min(MOST_NOTES))?;
            numbers.find_build_id(&notes, alignment)
        })
    }
}

/// Up to `limit` bytes from `offset`, fewer at the end of the file.
fn read_at(file: &mut (impl Read + Seek), offset: u64, limit: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
