//! Finished records packed one behind the other: what travels from the recording thread to the
//! worker.

use std::sync::Arc;

use crate::event::array::{ArrayData, Element, elements};
use crate::event::entries::MARGIN;
use crate::event::finished::{Event, Head, push_notes};
use crate::event::ids::EventId;
use crate::record::buffer::{Buffer, CLEARED, Field, Kind, TRUNCATED, name_at, unrange};
use crate::record::resolve::{Raw, Resolved, Resolver, entry_key};
use crate::record::sequence::Sequence;

/// Records in four arrays; each record is a range of three of them.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    records: Vec<Record>,
    fields: Vec<Field>,
    text: String,
    blob: Vec<u8>,
    /// Records before this one were dropped by `drop_oldest`.
    cursor: usize,
    bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    head: Head,
    fields: (usize, usize),
    text: (usize, usize),
    blob: (usize, usize),
}

impl Record {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.fields.1 * size_of::<Field>() + self.text.1 + self.blob.1
    }
}

/// How much a batch holds, and may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    pub(crate) max_events: usize,
    pub(crate) max_bytes: usize,
}

impl Room {
    /// Whether a record of so many bytes goes in. The first one does, however large.
    fn fits(&self, bytes: usize) -> bool {
        self.events == 0 || self.events < self.max_events && self.bytes + bytes <= self.max_bytes
    }
}

/// What a record takes in a chunk: the measure of every byte bound.
#[inline]
pub(crate) fn record_bytes(buffer: &Buffer) -> usize {
    size_of::<Record>() + buffer.bytes()
}

/// Half of the events of a full chunk.
const SLACK_AT: usize = 256;
/// A recycled chunk larger than this gives its memory back.
const KEEP_BYTES: usize = 2 << 20;

impl Chunk {
    /// Records that are still to be exported.
    pub(crate) fn len(&self) -> usize {
        self.records.len() - self.cursor
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the records still to be exported.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(crate) fn append(&mut self, head: &Head, buffer: &Buffer) {
        if self.records.len() == SLACK_AT {
            self.make_slack();
        }
        self.records.push(Record {
            head: *head,
            fields: (self.fields.len(), buffer.fields.len()),
            text: (self.text.len(), buffer.text.len()),
            blob: (self.blob.len(), buffer.blob.len()),
        });
        self.fields.extend_from_slice(&buffer.fields);
        self.text.push_str(&buffer.text);
        if !buffer.blob.is_empty() {
            self.blob.extend_from_slice(&buffer.blob);
        }
        self.bytes += record_bytes(buffer);
    }

    /// Forgets the oldest record; says how many bytes that freed.
    pub(crate) fn drop_oldest(&mut self) -> Option<usize> {
        let bytes = self.records.get(self.cursor)?.bytes();
        self.cursor += 1;
        self.bytes -= bytes;
        Some(bytes)
    }

    /// Memory held, used or not.
    pub(crate) fn held(&self) -> usize {
        self.fields.capacity() * size_of::<Field>()
            + self.text.capacity()
            + self.blob.capacity()
            + self.records.capacity() * size_of::<Record>()
    }

    /// Room for half as much again as a full chunk of such records: doubling would stop exactly at
    /// the full chunk, and one that waits for the backlog would grow.
    #[cold]
    fn make_slack(&mut self) {
        self.records.reserve_exact(self.records.len() * 2);
        self.fields.reserve_exact(self.fields.len() * 2);
        self.text.reserve_exact(self.text.len() * 2);
        self.blob.reserve_exact(self.blob.len() * 2);
    }

    /// Empties the chunk for reuse; keeps its memory unless that is out of proportion.
    pub(crate) fn recycle(&mut self) {
        if self.held() > KEEP_BYTES {
            *self = Self::default();
            return;
        }
        self.records.clear();
        self.fields.clear();
        self.text.clear();
        self.blob.clear();
        (self.cursor, self.bytes) = (0, 0);
    }

    /// Takes the oldest records out, as many as a batch has room for, and resolves each into an
    /// event of `events` from the batch's end on; the memory there is reused. Each event is handed to
    /// `ready` while it is at hand, with what is known about its keys.
    pub(crate) fn unpack(
        &mut self,
        resolver: &mut Resolver,
        events: &mut Vec<Event>,
        batch: &mut Room,
        mut ready: impl FnMut(&mut Event, Option<&mut Sequence>),
    ) {
        while let Some(record) = self.records.get(self.cursor) {
            let bytes = record.bytes();
            if !batch.fits(bytes) {
                return;
            }
            let at = batch.events;
            if events.len() == at {
                let process = events.first().map(|event| Arc::clone(&event.process));
                events.push(Event::empty(process.unwrap_or_default()));
            }
            if let Some(event) = events.get_mut(at) {
                let sequence = unpack(&record.head, self.raw(record), resolver, event);
                ready(event, sequence);
                event.text.push_str(MARGIN);
            }
            self.cursor += 1;
            self.bytes -= bytes;
            batch.events += 1;
            batch.bytes += bytes;
        }
    }

    fn raw(&self, record: &Record) -> Raw<'_> {
        let end = |(start, length): (usize, usize)| start..start + length;
        Raw {
            fields: self.fields.get(end(record.fields)).unwrap_or_default(),
            text: self.text.get(end(record.text)).unwrap_or_default(),
            // Most records have none.
            blob: match record.blob {
                (_, 0) => &[],
                blob => self.blob.get(end(blob)).unwrap_or_default(),
            },
        }
    }
}

/// How many names of truncated fields an event lists.
const MAX_TRUNCATED_NAMES: usize = 16;

/// Makes the finished event of a record. Gives the sequence of its keys, if that is all there is and
/// was seen before.
pub(crate) fn unpack<'s>(
    head: &Head,
    raw: Raw<'_>,
    resolver: &'s mut Resolver,
    event: &mut Event,
) -> Option<&'s mut Sequence> {
    event.head = *head;
    event.id = EventId::from_parts(head.start.unix_millis(), head.random);
    event.own_name = None;
    event.entries.clear();
    event.text.clear();
    event.blob.clear();
    event.text.push_str(raw.text);
    if !raw.blob.is_empty() {
        event.blob.extend_from_slice(raw.blob);
    }
    if !event.arrays.is_empty() {
        event.arrays.clear();
    }
    let Some(plain) = resolver.run_plain(raw, &mut event.entries) else {
        unpack_lists(raw, resolver, event);
        return None;
    };
    if push_notes(event, &[]) { None } else { resolver.sequence(plain) }
}

/// As [`unpack`], for records with lists or with values that were cut.
#[cold]
fn unpack_lists(raw: Raw<'_>, resolver: &mut Resolver, event: &mut Event) {
    resolver.run(raw);
    event.entries.clear();
    let mut truncated = Vec::new();
    for resolved in &resolver.resolved {
        let first = raw.fields.get(resolved.key);
        let field = resolved.value.map_or(first, |at| raw.fields.get(at));
        let (Some(first), Some(field)) = (first, field) else { continue };
        if field.flags & CLEARED != 0 && resolved.head.is_none() {
            continue;
        }
        let key = entry_key(raw, resolved.key, first);
        let (kind, data) = if resolved.head.is_none() && field.kind != Kind::Array {
            (field.kind, field.data)
        } else {
            (Kind::Array, event.push_array(list(raw, resolver, resolved)))
        };
        event.push_entry(key, kind, data);
        let mut all = resolved.value.into_iter().chain(appended(resolver, resolved));
        let was_cut =
            all.any(|at| raw.fields.get(at).is_some_and(|field| field.flags & TRUNCATED != 0));
        if was_cut && truncated.len() < MAX_TRUNCATED_NAMES {
            truncated.push(name_at(raw.fields, raw.text, resolved.key).to_owned());
        }
    }
    push_notes(event, &truncated);
}

/// The elements appended to a field, by their positions.
fn appended(resolver: &Resolver, resolved: &Resolved) -> impl Iterator<Item = usize> {
    std::iter::successors(resolved.head, |at| resolver.next(*at))
}

/// A list: the elements of the value set last, if any, then those appended to it.
#[cold]
fn list(raw: Raw<'_>, resolver: &Resolver, resolved: &Resolved) -> ArrayData {
    let all = resolved.value.into_iter().chain(appended(resolver, resolved));
    let items: Vec<_> = all
        .filter_map(|at| raw.fields.get(at).filter(|field| field.flags & CLEARED == 0))
        .flat_map(|field| match field.kind {
            Kind::Array => elements(raw.blob.get(unrange(field.data)).unwrap_or_default()),
            Kind::Bool => vec![Element::Bool(field.data != 0)],
            Kind::I64 => vec![Element::I64(field.data.cast_signed())],
            Kind::U64 => vec![Element::U64(field.data)],
            Kind::F64 => vec![Element::F64(f64::from_bits(field.data))],
            Kind::Str => vec![Element::Str(raw.text.get(unrange(field.data)).unwrap_or_default())],
            Kind::Bytes => {
                vec![Element::Bytes(raw.blob.get(unrange(field.data)).unwrap_or_default())]
            }
            Kind::KeyText => Vec::new(),
        })
        .collect();
    ArrayData::of(&items)
}
