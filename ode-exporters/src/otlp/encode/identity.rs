//! The attributes that say how an event ended and of which build it is, as protobuf has them: the
//! same for all events of a process that ended alike, so they are written once and then copied.

use ode_core::Outcome;

use crate::otlp::encode::fields::Field;
use crate::write::room::Buffer;

/// What was written so far, for the process whose events are encoded.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    tag: u16,
    outcome: Outcome,
    bytes: Buffer,
}

impl Identities {
    /// The events to come are of another process.
    pub(crate) fn forget(&mut self) {
        self.rows.clear();
    }

    /// The attributes of events that ended like this; `write` writes them where they are not known.
    #[inline]
    pub(crate) fn of(
        &mut self,
        field: Field,
        outcome: Outcome,
        write: impl FnOnce(&mut Buffer),
    ) -> &[u8] {
        let is_it = |row: &Row| row.tag == field.tag && row.outcome == outcome;
        match self.rows.iter().position(is_it) {
            Some(at) => self.rows.get(at).map_or(&[], |row| row.bytes.bytes()),
            None => self.add(field, outcome, write),
        }
    }

    #[inline(never)]
    fn add(&mut self, field: Field, outcome: Outcome, write: impl FnOnce(&mut Buffer)) -> &[u8] {
        let mut bytes = Buffer::default();
        write(&mut bytes);
        let row = Row { tag: field.tag, outcome, bytes };
        self.rows.push(row);
        self.rows.last().map_or(&[], |row| row.bytes.bytes())
    }
}
