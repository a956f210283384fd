//! Tests of the ELF reader: made-up files of every layout, this test binary, and mutations of it.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::process::Command;

use proptest::prelude::*;

use super::elf::build_id_note;
use super::exe::Fingerprint;

const ID: [u8; 20] =
    *b"\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67";

#[derive(Clone, Copy, Debug)]
struct Layout {
    wide: bool,
    big_endian: bool,
}

impl Layout {
    const ALL: [Self; 4] = [
        Self { wide: true, big_endian: false },
        Self { wide: true, big_endian: true },
        Self { wide: false, big_endian: false },
        Self { wide: false, big_endian: true },
    ];

    fn number(self, value: u64, width: usize) -> Vec<u8> {
        let mut bytes = value.to_le_bytes()[..width].to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    fn address(self, value: u64) -> Vec<u8> {
        self.number(value, if self.wide { 8 } else { 4 })
    }

    fn note(self, name: &[u8], kind: u64, value: &[u8], alignment: usize) -> Vec<u8> {
        let mut note = [name.len() as u64, value.len() as u64, kind]
            .map(|number| self.number(number, 4))
            .concat();
        for part in [name, value] {
            note.extend(part);
            note.resize(note.len().next_multiple_of(alignment), 0);
        }
        note
    }

    fn segment(self, kind: u64, offset: impl Into<u64>, size: u64, alignment: u64) -> Vec<u8> {
        let [kind, flags] = [kind, 4].map(|number| self.number(number, 4));
        let [offset, address, size, alignment] =
            [offset.into(), 0, size, alignment].map(|number| self.address(number));
        if self.wide {
            [kind, flags, offset, address.clone(), address, size.clone(), size, alignment].concat()
        } else {
            [kind, offset, address.clone(), address, size.clone(), size, flags, alignment].concat()
        }
    }

    fn section(self, kind: u64, offset: impl Into<u64>, size: u64, alignment: u64) -> Vec<u8> {
        let [name, kind, link, info] = [1, kind, 0, 0].map(|number| self.number(number, 4));
        let [flags, address, offset, size, alignment, entry_size] =
            [2, 0, offset.into(), size, alignment, 0].map(|number| self.address(number));
        [name, kind, flags, address, offset, size, link, info, alignment, entry_size].concat()
    }

    /// A file whose one note segment or section lies at [`NOTES_AT`], behind an unrelated entry.
    fn file(self, table: Place, notes: &[u8], alignment: u64) -> Vec<u8> {
        let size = notes.len() as u64;
        let (segments, sections) = match table {
            Place::Segment => (
                vec![self.segment(1, 0u8, 64, 4096), self.segment(4, NOTES_AT, size, alignment)],
                vec![],
            ),
            Place::Section => (
                vec![],
                vec![self.section(0, 0u8, 0, 0), self.section(7, NOTES_AT, size, alignment)],
            ),
        };
        self.assemble(&segments, &sections, notes)
    }

    fn assemble(self, segments: &[Vec<u8>], sections: &[Vec<u8>], notes: &[u8]) -> Vec<u8> {
        let (file_header, segment, section) = if self.wide { (64, 56, 64) } else { (52, 32, 40) };
        let sections_at = file_header + segment * segments.len() as u64;
        let mut file = b"\x7fELF".to_vec();
        file.extend([1 + u8::from(self.wide), 1 + u8::from(self.big_endian), 1]);
        file.resize(16, 0);
        for (number, width) in [(3, 2), (62, 2), (1, 4)] {
            file.extend(self.number(number, width));
        }
        for number in [0, file_header, sections_at] {
            file.extend(self.address(number));
        }
        file.extend(self.number(0, 4));
        let counts = [segments.len() as u64, sections.len() as u64];
        for number in [file_header, segment, counts[0], section, counts[1], 0] {
            file.extend(self.number(number, 2));
        }
        assert_eq!(file.len() as u64, file_header);
        file.extend(segments.concat());
        file.extend(sections.concat());
        file.resize(usize::from(NOTES_AT), 0xee);
        file.extend(notes);
        file
    }
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Segment,
    Section,
}

const NOTES_AT: u16 = 512;

/// A small sound file whose build-id note holds `id`.
pub(super) fn fixture(id: &[u8]) -> Vec<u8> {
    let layout = Layout::ALL[0];
    layout.file(Place::Segment, &layout.note(b"GNU\0", 3, id, 4), 4)
}

fn find(file: &[u8]) -> Option<Vec<u8>> {
    build_id_note(&mut Cursor::new(file))
}

#[test]
fn finds_the_note_in_every_layout() {
    for layout in Layout::ALL {
        for place in [Place::Segment, Place::Section] {
            for alignment in [0, 1, 4, 8] {
                let padding = if alignment == 8 { 8 } else { 4 };
                let note =
                    |name: &[u8], kind, value: &[u8]| layout.note(name, kind, value, padding);
                let notes = [
                    note(b"GNU\0", 5, b"property of six"),
                    note(b"stapsdt\0", 3, b"not the linker's"),
                    note(b"", 3, b""),
                    note(b"GNU\0", 3, b"short"),
                    note(b"GNU\0", 3, &[0; 20]),
                    note(b"GNU\0", 3, &ID),
                    note(b"GNU\0", 3, b"a later one"),
                ]
                .concat();
                let file = layout.file(place, &notes, alignment);
                let case = format!("{layout:?} {place:?} {alignment}");
                assert_eq!(find(&file).as_deref(), Some(ID.as_slice()), "{case}");
            }
        }
    }
}

#[test]
fn sections_are_asked_when_no_segment_has_the_note() {
    for layout in Layout::ALL {
        let note = layout.note(b"GNU\0", 3, &ID, 4);
        let size = note.len() as u64;
        let section = [layout.section(7, NOTES_AT, size, 4)];
        for segment in [
            layout.segment(4, NOTES_AT, 8, 4),
            layout.segment(4, u64::MAX, u64::MAX, 4),
            layout.segment(4, 0u8, u64::MAX, 4),
        ] {
            let file = layout.assemble(&[segment], &section, &note);
            assert_eq!(find(&file).as_deref(), Some(ID.as_slice()), "{layout:?}");
        }
    }
}

#[test]
fn what_is_not_sound_elf_has_no_note() {
    let good = fixture(&ID);
    assert!(find(&good).is_some());
    for file in
        [&b""[..], b"\x7fELF", b"#!/bin/sh\n", b"MZ\x90\0", &good[..usize::from(NOTES_AT) + 20]]
    {
        assert_eq!(find(file), None);
    }
    for (at, value) in [(0, 0), (4, 0), (4, 3), (5, 0), (5, 3), (54, 55), (56, 0)] {
        let mut file = good.clone();
        file[at] = value;
        assert_eq!(find(&file), None, "byte {at} = {value}");
    }
}

#[test]
fn promised_lengths_and_counts_cost_nothing() {
    let layout = Layout::ALL[0];
    let endless = [layout.number(0xffff_ffff, 4), layout.number(0xffff_ffff, 4)].concat();
    let segment = layout.segment(4, NOTES_AT, u64::MAX, 4);
    let mut file = layout.assemble(&[segment], &[], &endless);
    file[56..58].fill(0xff);
    file[60..62].fill(0xff);
    file.resize(1024 * 1024, 0);

    let mut counted = Counted { file: Cursor::new(&file), reads: 0, bytes: 0 };
    assert_eq!(build_id_note(&mut counted), None);
    assert!(counted.reads < 10_000, "{} reads", counted.reads);
    assert!(counted.bytes < 256 * 1024, "{} bytes", counted.bytes);

    file[32..40].copy_from_slice(&layout.number(u64::MAX - 64, 8));
    assert_eq!(find(&file), None, "a table at the end of all offsets");
}

struct Counted<'a> {
    file: Cursor<&'a Vec<u8>>,
    reads: usize,
    bytes: usize,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        self.reads += 1;
        self.bytes += read;
        Ok(read)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

fn own_bytes() -> Vec<u8> {
    let mut bytes = Vec::new();
    super::exe::open().and_then(|mut file| file.read_to_end(&mut bytes)).expect("own executable");
    bytes
}

#[test]
fn agrees_with_readelf_about_this_test_binary() {
    let path = std::env::current_exe().expect("a path");
    let output = match Command::new("readelf").arg("-n").arg(path).env("LC_ALL", "C").output() {
        Ok(output) if output.status.success() => output,
        other => {
            let what = format!("SKIPPED: comparison with `readelf -n`: {other:?}\n");
            // Past the capture of the test harness.
            return drop(io::stderr().write_all(what.as_bytes()));
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let expected = text.lines().find_map(|line| line.trim().strip_prefix("Build ID: "));
    let found = match super::exe::fingerprint(Cursor::new(own_bytes())) {
        Some(Fingerprint::Note(hex)) => Some(hex),
        _ => None,
    };
    assert_eq!(found.as_deref(), expected);
}

/// A file with some bytes replaced and its end cut off, without a copy of it.
struct Patched<'a> {
    file: Cursor<&'a [u8]>,
    patches: &'a BTreeMap<u64, u8>,
}

impl Read for Patched<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let start = self.file.position();
        let read = self.file.read(out)?;
        for (at, byte) in self.patches.range(start..start + read as u64) {
            out[usize::try_from(at - start).expect("within a buffer")] = *byte;
        }
        Ok(read)
    }
}

impl Seek for Patched<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

#[test]
fn no_mutation_of_this_test_binary_panics() {
    let own = own_bytes();
    let length = own.len() as u64;
    let sections_at = own
        .get(40..48)
        .map_or(0, |field| u64::from_le_bytes(field.try_into().expect("eight bytes")));
    let position = prop_oneof![
        4 => 4..64u64,
        4 => 64..2048u64,
        2 => sections_at..length.max(sections_at + 1),
        1 => 0..length,
    ];
    let byte = prop_oneof![Just(0), Just(1), Just(2), Just(0x7f), Just(0xff), any::<u8>()];
    let patches = proptest::collection::btree_map(position, byte, 1..24);
    let end = prop_oneof![4 => Just(length), 1 => 0..2048u64, 1 => 0..=length];
    proptest!(ProptestConfig::with_cases(4096), |(patches in patches, end in end)| {
        let end = usize::try_from(end).expect("within the file");
        let mut file = Patched { file: Cursor::new(&own[..end]), patches: &patches };
        let found = build_id_note(&mut file);
        prop_assert!(found.is_none_or(|id| (8..=64).contains(&id.len())));
    });
}

proptest! {
    #[test]
    fn no_file_panics(class in 1..=2u8, order in 1..=2u8, rest in proptest::collection::vec(any::<u8>(), 0..600)) {
        let file = [&[0x7f, b'E', b'L', b'F', class, order][..], &rest].concat();
        prop_assert!(find(&file).is_none_or(|id| (8..=64).contains(&id.len())));
    }
}
