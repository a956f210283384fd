//! [`Encoder`]: fills a request with as many events as fit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ode_core::{Event, Process};

use crate::otlp::encode::attributes::Target;
use crate::otlp::encode::envelope::{Envelope, FRAME, close_frame};
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
use crate::write::room::{Buffer, Room};

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
        let mut request = Buffer::reusing(std::mem::take(out));
        let max_bytes = max_bytes.min(MAX_REQUEST_BYTES);
        let mut encoded = Encoded::default();
        let (mut known, mut open): (Option<&Process>, Option<&Process>) = (None, None);
        for event in events {
            let process = event.process();
            // While events are borrowed no other process can take the address of theirs.
            if !known.is_some_and(|known| std::ptr::eq(known, process)) {
                if self.envelope.set_process(process) {
                    self.keys.forget_process();
                }
                known = Some(process);
            }
            let same = open.is_some_and(|open| std::ptr::eq(open, process) || open == process);
            let start = request.length();
            // Behind an event of its process it is written where it stays.
            let stays = same && self.format == Format::Protobuf;
            let Some(bytes) = self.put_event(signal, event, stays.then_some(&mut request)) else {
                encoded.failed += 1;
                encoded.taken += 1;
                continue;
            };
            let length = if stays {
                close_frame(start, &mut request);
                request.length()
            } else {
                self.envelope.with(signal, start, same, bytes)
            };
            if length > max_bytes {
                request.truncate(start);
                if self.envelope.alone(signal, bytes) <= max_bytes {
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
                    request.truncate(start);
                    break;
                }
            }
            if !stays {
                self.envelope.append(signal, same, self.event.bytes(), &mut request);
            }
            if evaluated {
                encoded.evaluations += self.append_evaluations(&mut request);
            }
            open = Some(process);
            encoded.events += 1;
            encoded.taken += 1;
        }
        self.envelope.close(&mut request);
        *out = request.into();
        encoded
    }

    /// Encodes an event: behind a frame at the end of a request, or on its own. Gives its length;
    /// `None`, and nothing is left of it, if that failed.
    fn put_event(
        &mut self,
        signal: Signal,
        event: &Event,
        request: Option<&mut Buffer>,
    ) -> Option<usize> {
        let target = Target { signal, shape: &self.shape, resource: self.envelope.overhead() };
        let (format, scratch, keys) = (self.format, &mut self.scratch, &mut self.keys);
        let expected = 512 + event.size_hint() * 2;
        let (buffer, framed) = if let Some(request) = request {
            (request, true)
        } else {
            self.event.clear(KEPT_BYTES);
            (&mut self.event, false)
        };
        let start = buffer.length();
        let frame = |room: &mut Room<'_>| if framed { room.put_array(&FRAME) } else { Some(()) };
        let done = match (format, signal) {
            (Format::Protobuf, Signal::Spans) => append(buffer, expected, |room| {
                frame(room)?;
                let writer = &mut Protobuf::with_keys(room, keys);
                span::put(writer, event, &target, &mut scratch.text)
            }),
            (Format::Protobuf, Signal::Logs) => append(buffer, expected, |room| {
                frame(room)?;
                log::put(&mut Protobuf::with_keys(room, keys), event, &target, scratch)
            }),
            (Format::Json, Signal::Spans) => append(buffer, expected, |room| {
                Json::whole(room, |w| span::put(w, event, &target, &mut scratch.text))
            }),
            (Format::Json, Signal::Logs) => append(buffer, expected, |room| {
                Json::whole(room, |w| log::put(w, event, &target, scratch))
            }),
        };
        let before = if framed { FRAME.len() } else { 0 };
        done.then(|| buffer.length() - start - before)
    }

    /// Encodes what the event's flags were; `false`, and nothing, where there is too little room. An
    /// event that is alone goes without them.
    #[inline(never)]
    fn put_evaluations(&mut self, event: &Event, room: usize) -> bool {
        let (format, text, ends) = (self.format, &mut self.scratch.text, &mut self.ends);
        let max_length = self.shape.max_value_length;
        self.evaluations.clear(KEPT_BYTES);
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
    fn append_evaluations(&mut self, out: &mut Buffer) -> usize {
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

/// Appends a message; `false`, and nothing of it, if that panicked.
#[inline]
fn append(
    buffer: &mut Buffer,
    expected: usize,
    write: impl FnMut(&mut Room<'_>) -> Option<()>,
) -> bool {
    written(buffer, |buffer| buffer.append(expected, write))
}

/// Writes to the end of a buffer; `false`, and nothing more in it, if that panicked. Nothing here is
/// known to panic. If something does, it is that one event that is lost, and it is counted.
fn written(buffer: &mut Buffer, write: impl FnOnce(&mut Buffer)) -> bool {
    let before = buffer.length();
    let done = catch_unwind(AssertUnwindSafe(|| write(buffer))).is_ok();
    if !done {
        buffer.truncate(before);
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
        assert_eq!(buffer.bytes(), b"one");
        assert!(written(&mut buffer, |buffer| buffer.append(1, |room| room.put_array(b" two"))));
        assert_eq!(buffer.bytes(), b"one two");
    }
}
