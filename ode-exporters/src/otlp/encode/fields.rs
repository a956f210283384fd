//! The fields of OTLP's messages: number, wire type and JSON name of each that is written.

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Number and wire type, as protobuf puts them together.
    pub(crate) tag: u16,
    /// `"name":`
    pub(crate) json: &'static str,
}

const VARINT: u16 = 0;
const I64: u16 = 1;
const LEN: u16 = 2;
const I32: u16 = 5;

macro_rules! fields {
    ($($konst:ident = $number:literal, $wire:ident, $json:literal;)*) => {
        $(pub(crate) const $konst: Field =
            Field { tag: $number << 3 | $wire, json: concat!("\"", $json, "\":") };)*
    };
}

pub(crate) mod request {
    use super::{Field, LEN};
    fields! {
        RESOURCE = 1, LEN, "resource";
        SCOPE = 1, LEN, "scope";
    }
}

pub(crate) mod resource {
    use super::{Field, LEN};
    fields! { ATTRIBUTES = 1, LEN, "attributes"; }
}

pub(crate) mod scope {
    use super::{Field, LEN};
    fields! {
        NAME = 1, LEN, "name";
        VERSION = 2, LEN, "version";
    }
}

pub(crate) mod span {
    use super::{Field, I32, I64, LEN, VARINT};
    fields! {
        TRACE_ID = 1, LEN, "traceId";
        SPAN_ID = 2, LEN, "spanId";
        TRACE_STATE = 3, LEN, "traceState";
        PARENT_SPAN_ID = 4, LEN, "parentSpanId";
        NAME = 5, LEN, "name";
        KIND = 6, VARINT, "kind";
        START = 7, I64, "startTimeUnixNano";
        END = 8, I64, "endTimeUnixNano";
        ATTRIBUTES = 9, LEN, "attributes";
        DROPPED_ATTRIBUTES = 10, VARINT, "droppedAttributesCount";
        EVENTS = 11, LEN, "events";
        DROPPED_EVENTS = 12, VARINT, "droppedEventsCount";
        LINKS = 13, LEN, "links";
        DROPPED_LINKS = 14, VARINT, "droppedLinksCount";
        STATUS = 15, LEN, "status";
        FLAGS = 16, I32, "flags";
    }
}

pub(crate) mod span_event {
    use super::{Field, I64, LEN, VARINT};
    fields! {
        TIME = 1, I64, "timeUnixNano";
        NAME = 2, LEN, "name";
        ATTRIBUTES = 3, LEN, "attributes";
        DROPPED_ATTRIBUTES = 4, VARINT, "droppedAttributesCount";
    }
}

pub(crate) mod link {
    use super::{Field, I32, LEN};
    fields! {
        TRACE_ID = 1, LEN, "traceId";
        SPAN_ID = 2, LEN, "spanId";
        FLAGS = 6, I32, "flags";
    }
}

pub(crate) mod status {
    use super::{Field, LEN, VARINT};
    fields! {
        MESSAGE = 2, LEN, "message";
        CODE = 3, VARINT, "code";
    }
}

pub(crate) mod log_record {
    use super::{Field, I32, I64, LEN, VARINT};
    fields! {
        TIME = 1, I64, "timeUnixNano";
        SEVERITY_NUMBER = 2, VARINT, "severityNumber";
        SEVERITY_TEXT = 3, LEN, "severityText";
        BODY = 5, LEN, "body";
        ATTRIBUTES = 6, LEN, "attributes";
        DROPPED_ATTRIBUTES = 7, VARINT, "droppedAttributesCount";
        FLAGS = 8, I32, "flags";
        TRACE_ID = 9, LEN, "traceId";
        SPAN_ID = 10, LEN, "spanId";
        OBSERVED_TIME = 11, I64, "observedTimeUnixNano";
        EVENT_NAME = 12, LEN, "eventName";
    }
}

pub(crate) mod any_value {
    use super::{Field, LEN};
    fields! { STRING = 1, LEN, "stringValue"; }
}
