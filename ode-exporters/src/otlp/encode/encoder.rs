//! [`Encoder`]: fills a request with as many events as fit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ode_core::{Event, Process};

use crate::otlp::encode::attributes::Target;
use crate::otlp::encode::envelope::Envelope;
use crate::otlp::encode::evaluation;
use crate::otlp::encode::json::Json;
use crate::otlp::encode::log::{self, Scratch};
use crate::otlp::encode::prepared::Keys;
use crate::otlp::encode::protobuf::Protobuf;
use crate::otlp::encode::resource::Resource;
use crate::otlp::encode::shape::Shape;
use crate::otlp::encode::signal::{Format, Signal, Signals};
use crate::otlp::encode::span;
use crate::otlp::encode::writer::Writer;
use crate::write::room::Buffer;

/// The largest request that may be sent at all, before and after compression.
pub const MAX_REQUEST_BYTES: usize = 64 << 20;

/// The largest request unless told otherwise: what common servers take, 4 MiB, less a margin.
pub const DEFAULT_REQUEST_BYTES: usize = (4 << 20) - (64 << 10);

/// How much memory is kept for the next event.
const KEPT_BYTES: usize = 1 << 20;

/// Writes requests. It keeps its memory, so that at steady state it allocates nothing, but for an
/// event that was sampled and came with a trace state.
#[derive(Debug)]
pub struct Encoder {
    signals: Signals,
    shape: Shape,
    format: Format,
    envelope: Envelope,
    /// One event, encoded.
    event: Buffer,
    scratch: Scratch,
    keys: Keys,
    /// What its flags were, one record each, and where these end.
    evaluations: Buffer,
    ends: Vec<usize>,
}

/// What a request holds, and what became of the events before its end.
#[expect(clippy::exhaustive_structs, reason = "for the transports of this crate")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// How many events are done with: the next request begins behind them.
    pub taken: usize,
    /// How many of these are in the request. Without any the request is empty: not to be sent.
    pub events: usize,
    /// How many were left out because even alone they exceed the limit.
    pub too_large: usize,
    /// How many were left out because encoding them failed.
    pub failed: usize,
    /// How many more records there are in the request: each says how a flag was evaluated.
    pub evaluations: usize,
}

impl Encoder {
    /// An encoder for one destination.
    pub fn new(signals: Signals, shape: Shape, format: Format, resource: Resource) -> Self {
        Self {
            signals,
            shape,
            format,
            envelope: Envelope::new(format, resource),
            event: Buffer::default(),
            scratch: Scratch::default(),
            keys: Keys::default(),
            evaluations: Buffer::default(),
            ends: Vec::new(),
        }
    }

    /// What events are sent as.
    pub fn signals(&self) -> Signals {
        self.signals
    }

    /// How requests are written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Writes one request into `out`, in the place of what is there: as many of the events as fit
    /// into `max_bytes`, from the first. Requests are never larger.
    ///
    /// Call it again with the events behind those that were [taken](Encoded::taken) until there
    /// are none.
    pub fn encode<'e>(
        &mut self,
        signal: Signal,
        events: impl IntoIterator<Item = &'e Event>,
        max_bytes: usize,
        out: &mut Vec<u8>,
    ) -> Encoded {
        out.clear();
        let max_bytes = max_bytes.min(MAX_REQUEST_BYTES);
        let mut encoded = Encoded::default();
        let (mut known, mut open): (Option<&Process>, Option<&Process>) = (None, None);
        for event in events {
            let process = event.process();
            // While events are borrowed no other process can take the address of theirs.
            if !known.is_some_and(|known| std::ptr::eq(known, process)) {
                self.envelope.set_process(process);
                known = Some(process);
            }
            if !self.put_event(signal, event) {
                encoded.failed += 1;
                encoded.taken += 1;
                continue;
            }
            let same = open.is_some_and(|open| std::ptr::eq(open, process) || open == process);
            let length = self.envelope.with(signal, out.len(), same, self.event.length());
            if length > max_bytes {
                if self.envelope.alone(signal, self.event.length()) <= max_bytes {
                    break;
                }
                encoded.too_large += 1;
                encoded.taken += 1;
                continue;
            }
            let evaluated = signal == Signal::Logs && self.scratch.evaluated;
            if evaluated {
                let room = max_bytes - length;
                if !self.put_evaluations(event, room) && encoded.events > 0 {
                    break;
                }
            }
            self.envelope.append(signal, same, self.event.bytes(), out);
            if evaluated {
                encoded.evaluations += self.append_evaluations(out);
            }
            open = Some(process);
            encoded.events += 1;
            encoded.taken += 1;
        }
        self.envelope.close(out);
        encoded
    }

    /// Encodes an event on its own; `false` if that failed.
    fn put_event(&mut self, signal: Signal, event: &Event) -> bool {
        let target = Target { signal, shape: &self.shape, resource: self.envelope.overhead() };
        let (format, scratch, keys) = (self.format, &mut self.scratch, &mut self.keys);
        let expected = 512 + event.size_hint() * 2;
        written(&mut self.event, |buffer| {
            buffer.append(expected, |room| match (format, signal) {
                (Format::Protobuf, Signal::Spans) => {
                    let writer = &mut Protobuf::with_keys(room, keys);
                    span::put(writer, event, &target, &mut scratch.text)
                }
                (Format::Protobuf, Signal::Logs) => {
                    log::put(&mut Protobuf::with_keys(room, keys), event, &target, scratch)
                }
                (Format::Json, Signal::Spans) => {
                    Json::whole(room, |w| span::put(w, event, &target, &mut scratch.text))
                }
                (Format::Json, Signal::Logs) => {
                    Json::whole(room, |w| log::put(w, event, &target, scratch))
                }
            });
        })
    }

    /// Encodes what the event's flags were; `false`, and nothing, where there is too little room. An
    /// event that is alone goes without them.
    #[inline(never)]
    fn put_evaluations(&mut self, event: &Event, room: usize) -> bool {
        let (format, text, ends) = (self.format, &mut self.scratch.text, &mut self.ends);
        let max_length = self.shape.max_value_length;
        let done = written(&mut self.evaluations, |buffer| {
            for flag in evaluation::evaluated(event) {
                buffer.append(512, |room| match format {
                    Format::Protobuf => {
                        Protobuf::whole(room, |w| evaluation::put(w, event, flag, max_length, text))
                    }
                    Format::Json => {
                        Json::whole(room, |w| evaluation::put(w, event, flag, max_length, text))
                    }
                });
                ends.push(buffer.length());
            }
        });
        let needed: usize = records(&self.evaluations, &self.ends)
            .map(|record| self.envelope.framed(record.len()))
            .sum();
        let fits = done && needed <= room;
        if !fits {
            self.ends.clear();
        }
        fits
    }

    /// Adds the records behind their event; how many there were.
    #[inline(never)]
    fn append_evaluations(&mut self, out: &mut Vec<u8>) -> usize {
        for record in records(&self.evaluations, &self.ends) {
            self.envelope.append(Signal::Logs, true, record, out);
        }
        let count = self.ends.len();
        self.ends.clear();
        count
    }
}

/// What stands one behind the other in a buffer.
fn records<'b>(buffer: &'b Buffer, ends: &'b [usize]) -> impl Iterator<Item = &'b [u8]> {
    let mut start = 0;
    ends.iter().map(move |end| {
        let record = buffer.bytes().get(start..*end).unwrap_or_default();
        start = *end;
        record
    })
}

/// Writes to an empty buffer; `false`, and nothing in it, if that panicked. Nothing here is known to
/// panic. If something does, it is that one event that is lost, and it is counted.
fn written(buffer: &mut Buffer, write: impl FnOnce(&mut Buffer)) -> bool {
    buffer.clear(KEPT_BYTES);
    let done = catch_unwind(AssertUnwindSafe(|| write(buffer))).is_ok();
    if !done {
        buffer.clear(KEPT_BYTES);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_leaves_nothing_behind() {
        let mut buffer = Buffer::default();
        assert!(written(&mut buffer, |buffer| buffer.append(1, |room| room.put_array(b"one"))));
        assert_eq!(buffer.bytes(), b"one");
        let poisoned = written(&mut buffer, |buffer| {
            buffer.append(1, |room| room.put_array(b"half"));
            panic!("on purpose");
        });
        assert!(!poisoned);
        assert_eq!(buffer.bytes(), b"");
        assert!(written(&mut buffer, |buffer| buffer.append(1, |room| room.put_array(b"next"))));
        assert_eq!(buffer.bytes(), b"next");
    }
}
