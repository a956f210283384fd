//! What stands around the events of a request: resource and scope, once for each process.

use ode_core::Process;

use crate::otlp::encode::budget::Overhead;
use crate::otlp::encode::json::Json;
use crate::otlp::encode::protobuf::{Protobuf, padded, varint_below_57_bits, varint_length};
use crate::otlp::encode::resource::{Resource, put_scope};
use crate::otlp::encode::signal::{Format, Signal};
use crate::otlp::encode::writer::Writer;
use crate::write::room::Buffer;

/// Puts events together to a request.
#[derive(Debug)]
pub(crate) struct Envelope {
    format: Format,
    resource: Resource,
    process: Option<Process>,
    overhead: Overhead,
    /// The fields `resource` and `scope`, as they stand in their messages.
    resource_bytes: Buffer,
    scope_bytes: Buffer,
    /// Where the open messages of protobuf begin, behind their lengths.
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    resource: usize,
    scope: usize,
}

/// The tags of the messages around events; both signals have the same numbers.
const RESOURCE_EVENTS: u8 = 1 << 3 | 2;
const SCOPE_EVENTS: u8 = 2 << 3 | 2;
const EVENT: u8 = 2 << 3 | 2;
/// A tag and a length that is filled in later.
const PADDED: usize = 5;

/// The brackets and names of JSON.
struct Names {
    request: &'static [u8],
    scope: &'static [u8],
    events: &'static [u8],
}

const SPANS: Names = Names {
    request: b"{\"resourceSpans\":[{",
    scope: b",\"scopeSpans\":[{",
    events: b",\"spans\":[",
};
const LOGS: Names = Names {
    request: b"{\"resourceLogs\":[{",
    scope: b",\"scopeLogs\":[{",
    events: b",\"logRecords\":[",
};
/// Between two resources, and at the end.
const NEXT: &[u8] = b"]}]},{";
const END: &[u8] = b"]}]}]}";

fn names(signal: Signal) -> &'static Names {
    match signal {
        Signal::Spans => &SPANS,
        Signal::Logs => &LOGS,
    }
}

impl Envelope {
    pub(crate) fn new(format: Format, resource: Resource) -> Self {
        let mut scope_bytes = Buffer::default();
        scope_bytes.append(64, |room| match format {
            Format::Protobuf => Protobuf::whole(room, put_scope),
            Format::Json => Json::whole(room, put_scope),
        });
        Self {
            format,
            resource,
            process: None,
            overhead: Overhead::default(),
            resource_bytes: Buffer::default(),
            scope_bytes,
            open: None,
        }
    }

    /// What a receiver counts of the resource with every record.
    pub(crate) fn overhead(&self) -> Overhead {
        self.overhead
    }

    /// The events to come are of this process. Whether it is another one than before.
    pub(crate) fn set_process(&mut self, process: &Process) -> bool {
        if self.process.as_ref() == Some(process) {
            return false;
        }
        let (format, resource) = (self.format, &self.resource);
        self.resource_bytes.clear(usize::MAX);
        self.resource_bytes.append(512, |room| match format {
            Format::Protobuf => Protobuf::whole(room, |w| resource.put(process, w)),
            Format::Json => Json::whole(room, |w| resource.put(process, w)),
        });
        self.overhead = resource.overhead(process);
        self.process = Some(process.clone());
        true
    }

    /// The fields of the resource's message; JSON without the braces around them.
    fn resource_fields(&self) -> &[u8] {
        inner(self.format, self.resource_bytes.bytes())
    }

    fn scope_fields(&self) -> &[u8] {
        inner(self.format, self.scope_bytes.bytes())
    }

    /// The bytes up to the first event of a process, where it is not the first of the request.
    fn head_length(&self, signal: Signal) -> usize {
        let fields = self.resource_fields().len() + self.scope_fields().len();
        let names = names(signal);
        fields
            + match self.format {
                Format::Protobuf => 2 * PADDED,
                Format::Json => NEXT.len() + names.scope.len() + names.events.len(),
            }
    }

    /// The bytes of an event with what is around it.
    pub(crate) fn framed(&self, event: usize) -> usize {
        match self.format {
            Format::Protobuf => 1 + varint_length(event as u64) + event,
            Format::Json => event + 1,
        }
    }

    /// The length of a request with one event alone, at most.
    pub(crate) fn alone(&self, signal: Signal, event: usize) -> usize {
        self.with(signal, 0, false, event)
    }

    /// The length that a request of `length` bytes so far would have with this event, at most.
    /// `same` is whether its process is that of the event before.
    pub(crate) fn with(&self, signal: Signal, length: usize, same: bool, event: usize) -> usize {
        let head = if same { 0 } else { self.head_length(signal) };
        let (first, end) = match self.format {
            Format::Protobuf => (0, 0),
            Format::Json => (names(signal).request.len(), END.len()),
        };
        let first = if length == 0 { first } else { 0 };
        length + first + head + self.framed(event) + end
    }

    /// Appends an event.
    pub(crate) fn append(&mut self, signal: Signal, same: bool, event: &[u8], out: &mut Buffer) {
        match self.format {
            Format::Protobuf => {
                if !same {
                    self.close(out);
                    out.put(&[RESOURCE_EVENTS, 0, 0, 0, 0]);
                    let resource = out.length();
                    out.put(self.resource_fields());
                    out.put(&[SCOPE_EVENTS, 0, 0, 0, 0]);
                    self.open = Some(Open { resource, scope: out.length() });
                    out.put(self.scope_fields());
                }
                let (frame, length) = frame(event.len());
                out.put(frame.get(..length).unwrap_or_default());
            }
            Format::Json => {
                let names = names(signal);
                if same {
                    out.put(b",");
                } else {
                    out.put(if out.length() == 0 { names.request } else { NEXT });
                    out.put(self.resource_fields());
                    out.put(names.scope);
                    out.put(self.scope_fields());
                    out.put(names.events);
                }
            }
        }
        out.put(event);
    }

    /// Ends the request.
    pub(crate) fn close(&mut self, out: &mut Buffer) {
        if self.format == Format::Json && out.length() > 0 {
            out.put(END);
        }
        if let Some(open) = self.open.take() {
            for at in [open.resource, open.scope] {
                let length = padded(out.length() - at);
                let place = out.behind(at.saturating_sub(length.len()));
                if let Some(place) = place.first_chunk_mut() {
                    *place = length;
                }
            }
        }
    }
}

/// What stands before an event of protobuf that is written where it stays: its tag, and room for the
/// length that nearly every event has.
pub(crate) const FRAME: [u8; 3] = [EVENT, 0, 0];

/// Fills in the length of the event behind the [`FRAME`] at `start`.
#[inline]
pub(crate) fn close_frame(start: usize, out: &mut Buffer) {
    let event = out.length() - start - FRAME.len();
    if let (0x80..0x4000, Some([_, low, high])) = (event, out.behind(start).first_chunk_mut()) {
        ([*low, ..], [*high, ..]) = ((event | 0x80).to_le_bytes(), (event >> 7).to_le_bytes());
    } else {
        close_unusual_frame(start, out);
    }
}

#[inline(never)]
fn close_unusual_frame(start: usize, out: &mut Buffer) {
    let behind = start + FRAME.len();
    let event = out.length() - behind;
    let (frame, length) = frame(event);
    if length > FRAME.len() {
        out.put(&[0; 2]);
    }
    let framed = out.behind(start);
    if length != FRAME.len() {
        framed.copy_within(FRAME.len()..FRAME.len() + event, length);
    }
    framed.iter_mut().zip(frame).take(length).for_each(|(to, byte)| *to = byte);
    out.truncate(start + length + event);
}

/// The tag and the length of an event of protobuf, and how many bytes that is. Four bytes are enough
/// for the length of the largest request.
fn frame(event: usize) -> ([u8; PADDED], usize) {
    let (digits, length) = varint_below_57_bits(event as u64).unwrap_or_default();
    let [a, b, c, d, ..] = digits;
    ([EVENT, a, b, c, d], 1 + length)
}

/// Without the braces of JSON.
fn inner(format: Format, whole: &[u8]) -> &[u8] {
    match (format, whole) {
        (Format::Json, [_, fields @ .., _]) => fields,
        _ => whole,
    }
}
