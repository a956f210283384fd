//! [`Delivery`]: a batch in parts that fit into requests, and an exact account of what became of each
//! event.

use std::collections::VecDeque;

use ode_core::{Batch, Diagnostic, DropReason, EventId, ExportError, integration};

use crate::otlp::config::Compression;
use crate::otlp::encode::{Answer, Encoder, Resource, Signal, Signals};
use crate::otlp::transport::compress::{Message, Press};
use crate::otlp::transport::failure::{Failure, Sent, Verdict};
use crate::otlp::transport::target::Target;

/// Sends one request, once.
pub(crate) trait Post {
    /// What the receiver says to a request that holds so many records.
    fn post(
        &mut self,
        signal: Signal,
        message: &Message,
        records: usize,
    ) -> Result<Answer, Failure>;
}

/// Sends batches part by part. What did not arrive is kept as it was encoded, so that trying again
/// costs nothing but sending; and a signal that did arrive is not sent again because of the other.
#[derive(Debug)]
pub(crate) struct Delivery {
    lines: Vec<Line>,
    max_bytes: usize,
    kept: Kept,
    warned: Warned,
}

/// Whether it was said that records of flags are rejected.
#[derive(Debug, Default)]
struct Warned(bool);

impl Warned {
    fn say(&mut self, task: &str, rejected: usize) {
        if !std::mem::replace(&mut self.0, true) {
            let text = format!(
                "{task}: the receiver rejected {rejected} log records; they may be those that say \
                 how flags were evaluated, so the events count as delivered"
            );
            integration::tell_later(Diagnostic::configuration(text));
        }
    }
}

/// What makes the requests of one signal.
#[derive(Debug)]
struct Line {
    signal: Signal,
    /// What is being done, for messages.
    task: String,
    encoder: Encoder,
    press: Press,
    compression: Compression,
}

/// What is known about a batch that will be handed in again.
#[derive(Debug, Default)]
struct Kept {
    /// Its first event and how many it has; nothing where nothing is kept.
    of: Option<(EventId, usize)>,
    /// What became of its first events, where that is not accounted for yet.
    fates: VecDeque<(Fate, usize)>,
    /// The events behind these, encoded.
    part: Option<Part>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Delivered,
    Rejected,
    Dropped(DropReason),
}

/// Events that travel together: one request for each signal.
#[derive(Debug)]
struct Part {
    /// How many events these are, with those that were left out.
    taken: usize,
    too_large: usize,
    failed: usize,
    requests: Vec<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    line: usize,
    events: usize,
    /// Records in it that are no events.
    evaluations: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting(Message),
    /// The receiver took it, but for so many of its events.
    Taken {
        rejected: usize,
    },
    /// It will not be sent again.
    Refused(DropReason),
}

impl Delivery {
    pub(crate) fn new(
        signals: Signals,
        target: impl Fn(Signal) -> Target,
        resource: &Resource,
        max_bytes: usize,
    ) -> Self {
        let line = |signal| {
            let target = target(signal);
            Line {
                signal,
                task: target.task(signal),
                encoder: Encoder::new(signals, target.shape, target.format(), resource.clone()),
                press: Press::default(),
                compression: target.compression,
            }
        };
        Self {
            lines: signals.each().map(line).collect(),
            max_bytes,
            kept: Kept::default(),
            warned: Warned::default(),
        }
    }

    /// Sends a batch. The error says what became of its first events, and what of the rest.
    pub(crate) fn deliver(
        &mut self,
        batch: &Batch,
        post: &mut impl Post,
    ) -> Result<(), ExportError> {
        let mut kept = std::mem::take(&mut self.kept);
        if kept.of != identity(batch, 0) {
            // That batch was given up.
            kept = Kept::default();
        }
        let mut account = Account::default();
        loop {
            while let Some((fate, events)) = kept.fates.pop_front() {
                if !account.note(fate, events) {
                    kept.fates.push_front((fate, events));
                    return Err(self.pause(batch, kept, account, None));
                }
            }
            let settled = account.settled();
            if settled >= batch.len() {
                return account.end();
            }
            let mut part = kept.part.take().unwrap_or_else(|| self.encode(batch, settled));
            if let Err((line, failure)) = self.send(&mut part, post, &mut account) {
                let verdict = failure.verdict;
                account.cause = Some(failure.named(self.task(line)));
                kept.part = Some(part);
                return Err(self.pause(batch, kept, account, Some(verdict)));
            }
            kept.fates.extend(part.fates());
        }
    }

    fn task(&self, line: usize) -> String {
        self.lines.get(line).map_or_else(String::new, |line| line.task.clone())
    }

    /// Keeps what is known for the next time, and says what is settled already.
    fn pause(
        &mut self,
        batch: &Batch,
        kept: Kept,
        account: Account,
        verdict: Option<Verdict>,
    ) -> ExportError {
        self.kept = Kept { of: identity(batch, account.settled()), ..kept };
        let error = account.error(ExportError::retryable);
        match verdict {
            Some(Verdict::Retry(Some(delay))) => error.retry_after(delay),
            _ => error,
        }
    }

    /// Writes the next requests: as many events as fit, the same ones for each signal.
    fn encode(&mut self, batch: &Batch, from: usize) -> Part {
        let mut most = batch.len() - from;
        loop {
            let mut part = Part { taken: most, too_large: 0, failed: 0, requests: Vec::new() };
            for (at, line) in self.lines.iter_mut().enumerate() {
                let events = batch.events().skip(from).take(most);
                let plain = line.press.plain();
                let encoded = line.encoder.encode(line.signal, events, self.max_bytes, plain);
                // What one signal has no room for, the other keeps for later.
                part.taken = part.taken.min(encoded.taken.max(1));
                part.too_large = part.too_large.max(encoded.too_large);
                part.failed = part.failed.max(encoded.failed);
                part.requests.push(Outgoing {
                    line: at,
                    events: encoded.events,
                    evaluations: encoded.evaluations,
                    state: State::Refused(DropReason::RequestTooLarge),
                });
            }
            if part.taken < most && self.lines.len() > 1 {
                most = part.taken;
                continue;
            }
            for request in &mut part.requests {
                let Some(line) = self.lines.get_mut(request.line) else { continue };
                if let Ok(message) = line.press.press(line.compression) {
                    request.state = State::Waiting(message);
                }
            }
            return part;
        }
    }

    /// Sends what is waiting; the error is of a request that can be sent again.
    fn send(
        &mut self,
        part: &mut Part,
        post: &mut impl Post,
        account: &mut Account,
    ) -> Result<(), (usize, Failure)> {
        if part.too_large > 0 {
            let limit = self.max_bytes;
            let what = format!("an event is larger than a request may be, {limit} bytes");
            account.because(Failure::unsent(Verdict::REFUSED, what).named(self.task(0)));
        }
        if part.failed > 0 {
            let failure = Failure::unsent(Verdict::REFUSED, "an event could not be encoded");
            account.because(failure.named(self.task(0)));
        }
        for request in &mut part.requests {
            let Some(line) = self.lines.get_mut(request.line) else { continue };
            let State::Waiting(message) = &request.state else {
                if matches!(request.state, State::Refused(_)) {
                    let what = "a request is larger than any may be";
                    let failure = Failure::unsent(Verdict::REFUSED, what);
                    account.because(failure.named(line.task.clone()));
                }
                continue;
            };
            let mut state = State::Taken { rejected: 0 };
            if request.events > 0 {
                let sent = request.events + request.evaluations;
                match post.post(line.signal, message, sent) {
                    Ok(answer) => {
                        account.note_answer(&answer, sent, &line.task);
                        // Which records these were nobody says. So many at least were events.
                        let rejected = answer.rejected.saturating_sub(request.evaluations);
                        if rejected == 0 && answer.rejected > 0 {
                            self.warned.say(&line.task, answer.rejected);
                        }
                        state = State::Taken { rejected };
                    }
                    Err(failure) => match failure.verdict {
                        Verdict::Retry(_) => return Err((request.line, failure)),
                        Verdict::Drop(reason) => {
                            account.because(failure.named(line.task.clone()));
                            state = State::Refused(reason);
                        }
                    },
                }
            }
            if let State::Waiting(message) = std::mem::replace(&mut request.state, state) {
                line.press.recycle(message);
            }
        }
        Ok(())
    }
}

/// A batch from this event on.
fn identity(batch: &Batch, from: usize) -> Option<(EventId, usize)> {
    let first = batch.events().nth(from)?;
    Some((first.event_id(), batch.len() - from))
}

impl Part {
    /// What became of its events, in numbers. Delivered is what every signal's receiver took. That
    /// two receivers reject the same events is not known, so it is not assumed.
    fn fates(&self) -> impl Iterator<Item = (Fate, usize)> + use<> {
        let too_large = self.too_large.min(self.taken);
        let failed = self.failed.min(self.taken - too_large);
        let sent = self.taken - too_large - failed;
        let (mut rejected, mut refused) = (0, None);
        for request in &self.requests {
            match request.state {
                State::Taken { rejected: more } => rejected += more,
                State::Refused(reason) => refused = refused.or(Some(reason)),
                State::Waiting(_) => {}
            }
        }
        let rejected = if refused.is_some() { 0 } else { rejected.min(sent) };
        let rest = refused.map_or(Fate::Delivered, Fate::Dropped);
        [
            (Fate::Dropped(DropReason::EventTooLarge), too_large),
            (Fate::Dropped(DropReason::EncodeError), failed),
            (Fate::Rejected, rejected),
            (rest, sent - rejected),
        ]
        .into_iter()
        .filter(|(_, events)| *events > 0)
    }
}

/// What one call can say about the first events of its batch: numbers, and one reason to drop.
#[derive(Debug, Default)]
struct Account {
    delivered: usize,
    rejected: usize,
    dropped: Option<(DropReason, usize)>,
    /// The first thing that went wrong.
    cause: Option<Sent>,
}

impl Account {
    fn settled(&self) -> usize {
        self.delivered + self.rejected + self.dropped.map_or(0, |(_, events)| events)
    }

    /// Adds events; `false` if that would need a second reason.
    fn note(&mut self, fate: Fate, events: usize) -> bool {
        match (fate, &mut self.dropped) {
            (Fate::Delivered, _) => self.delivered += events,
            (Fate::Rejected, _) => self.rejected += events,
            (Fate::Dropped(reason), none @ None) => *none = Some((reason, events)),
            (Fate::Dropped(reason), Some((known, dropped))) if *known == reason => {
                *dropped += events;
            }
            (Fate::Dropped(_), Some(_)) => return false,
        }
        true
    }

    fn note_answer(&mut self, answer: &Answer, sent: usize, task: &str) {
        if answer.rejected > 0 || answer.nonsense {
            let nonsense = if answer.nonsense { ", a number that makes no sense" } else { "" };
            let what = format!("rejected {} of {sent}{nonsense}", answer.rejected);
            self.because(Failure::answered(Verdict::REFUSED, what).named(task.to_owned()));
        }
    }

    fn because(&mut self, cause: Sent) {
        self.cause.get_or_insert(cause);
    }

    /// The batch is done with.
    fn end(self) -> Result<(), ExportError> {
        match self.dropped {
            None if self.rejected == 0 => Ok(()),
            // The rest of the batch is what is dropped then.
            Some((DropReason::NonRetryable, _)) => {
                Err(Self { dropped: None, ..self }.error(ExportError::permanent))
            }
            _ => Err(self.error(|cause| ExportError::partial(0, cause))),
        }
    }

    fn error(self, kind: impl FnOnce(Sent) -> ExportError) -> ExportError {
        let unknown =
            || Failure::unsent(Verdict::REFUSED, "some were lost").named("send".to_owned());
        let cause = self.cause.unwrap_or_else(unknown);
        let error = kind(cause).delivered(self.delivered).rejected(self.rejected);
        match self.dropped {
            Some((reason, events)) => error.dropped(reason, events),
            None => error,
        }
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
