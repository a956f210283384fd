//! The OTLP limit: a writer for this one event, as a span in protobuf.

use std::hint::black_box;
use std::time::Instant;

use crate::by_hand::{nanos, unix_nanos};
use crate::cart::Cart;

/// Field 9 of a span, with a length.
const ATTRIBUTE: u8 = 9 << 3 | 2;

/// Writes requests into a reused buffer: the values and the clocks, ids and automatic attributes
/// of the event that ode sends, each tag and length by hand.
#[derive(Debug)]
pub struct Otlp {
    /// The request so far.
    pub out: Vec<u8>,
    build_id: String,
    /// The fields `resource` and `scope`, written once.
    resource: Vec<u8>,
    scope: Vec<u8>,
    scope_at: usize,
}

impl Otlp {
    /// A writer that puts these attributes of the process on every request.
    pub fn new(build_id: &str, process: &[(&str, &str)]) -> Self {
        let mut attributes = Vec::new();
        for (key, value) in process {
            let (keys, values) = (length(key.len()), length(value.len()));
            attributes.extend_from_slice(&[0x0a, keys + values + 6, 0x0a, keys]);
            attributes.extend_from_slice(key.as_bytes());
            attributes.extend_from_slice(&[0x12, values + 2, 0x0a, values]);
            attributes.extend_from_slice(value.as_bytes());
        }
        let mut resource = vec![0x0a];
        varint(&mut resource, attributes.len() as u64);
        resource.extend_from_slice(&attributes);
        let scope = b"\x0a\x0c\x0a\x03ode\x12\x050.1.0".to_vec();
        let out = Vec::with_capacity(1 << 20);
        Self { out, build_id: build_id.to_owned(), resource, scope, scope_at: 0 }
    }

    /// Begins a request in the place of the one before.
    pub fn begin(&mut self) {
        self.out.clear();
        self.out.extend_from_slice(&[0x0a, 0, 0, 0, 0]);
        self.out.extend_from_slice(&self.resource);
        self.out.extend_from_slice(&[0x12, 0, 0, 0, 0]);
        self.scope_at = self.out.len();
        self.out.extend_from_slice(&self.scope);
    }

    /// Ends the request: fills in the lengths.
    pub fn end(&mut self) {
        let end = self.out.len();
        for at in [5, self.scope_at] {
            let length = u32::try_from(end - at).expect("a request is small");
            let part = |n: u32| (length >> (7 * n)).to_le_bytes()[0] & 0x7f;
            let bytes = [part(0) | 0x80, part(1) | 0x80, part(2) | 0x80, part(3)];
            self.out[at - 4..at].copy_from_slice(&bytes);
        }
    }

    /// One checkout.
    #[inline(never)]
    pub fn checkout(&mut self, cart: &Cart) {
        let (trace, span) = ([fastrand::u64(..), fastrand::u64(..)], fastrand::u64(..));
        let event = [fastrand::u64(..), fastrand::u64(..)];
        let wall = unix_nanos();
        let start = Instant::now();
        let at = self.out.len();
        // The span's length takes two bytes.
        self.out.extend_from_slice(&[0x12, 0, 0, 0x0a, 16]);
        self.out.extend_from_slice(&trace[0].to_be_bytes());
        self.out.extend_from_slice(&trace[1].to_be_bytes());
        self.out.extend_from_slice(&[0x12, 8]);
        self.out.extend_from_slice(&span.to_be_bytes());
        self.out.extend_from_slice(b"\x2a\x0dcart.checkout\x39");
        self.out.extend_from_slice(&wall.to_le_bytes());
        let mut line = Attributes { out: &mut self.out };
        line.event_id(wall, event);
        line.text("outcome", "ok");
        line.text("build_id", &self.build_id);
        line.text("cart.id", &cart.id);
        line.text("user.id", &cart.user);
        line.text("user.country", &cart.country);
        line.bool("user.returning", cart.returning);
        line.text("http.route", "POST /cart/{id}/checkout");
        line.text("http.version", "1.1");
        line.int("cart.items", cart.items);
        line.int("cart.total_cents", cart.total_cents.cast_unsigned());
        price(&mut line, cart);
        line.int("order.id", black_box(77_123_u64));
        line.text("order.state", "paid");
        line.int("order.lines", cart.items);
        line.int("payment.attempts", black_box(1_u32).into());
        line.bool("payment.captured", true);
        line.int("payment.total_cents", cart.total_cents.cast_unsigned());
        self.out.push(0x41);
        self.out.extend_from_slice(&(wall + nanos(start)).to_le_bytes());
        // Its kind, and the flags: sampled, of a random trace id.
        self.out.extend_from_slice(&[0x30, 1, 0x85, 0x01, 3, 0, 0, 0]);
        let length = self.out.len() - at - 3;
        assert!(length < 1 << 14, "two bytes");
        let [low, _] = u16::try_from(length).unwrap_or(0).to_le_bytes();
        let [high, _] = u16::try_from(length >> 7).unwrap_or(0).to_le_bytes();
        self.out[at + 1..at + 3].copy_from_slice(&[low | 0x80, high]);
    }
}

#[inline(never)]
fn price(line: &mut Attributes<'_>, cart: &Cart) {
    line.text("price.currency", &cart.currency);
    line.text("price.coupon", &cart.coupon);
    line.float("price.rate", cart.rate);
    line.float("price.discount", cart.discount);
    line.text("price.model", "v3-gradient");
    line.float("risk.score", cart.risk);
    line.bool("risk.blocked", black_box(false));
    line.int("ship.weight_g", cart.weight);
    line.text("ship.shard", &cart.shard);
    line.int("ship.parcels", i64::from(black_box(2_i32)).cast_unsigned());
}

struct Attributes<'o> {
    out: &'o mut Vec<u8>,
}

impl Attributes<'_> {
    /// Everything up to the value's own tag.
    #[expect(clippy::inline_always, reason = "keys and their lengths become constants")]
    #[inline(always)]
    fn key(&mut self, key: &'static str, value: u8) {
        self.out.extend_from_slice(&[ATTRIBUTE, length(key.len()) + value + 4, 0x0a]);
        self.out.push(length(key.len()));
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(&[0x12, value]);
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn text(&mut self, key: &'static str, value: &str) {
        let size = length(value.len());
        assert!(key.len() + value.len() < 120, "the lengths of this event take one byte");
        self.key(key, size + 2);
        self.out.extend_from_slice(&[0x0a, size]);
        self.out.extend_from_slice(value.as_bytes());
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn int(&mut self, key: &'static str, value: u64) {
        let size = length((value | 1).ilog2() as usize / 7 + 1);
        self.key(key, size + 1);
        self.out.push(0x18);
        varint(self.out, value);
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn float(&mut self, key: &'static str, value: f64) {
        self.key(key, 9);
        self.out.push(0x21);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn bool(&mut self, key: &'static str, value: bool) {
        self.key(key, 2);
        self.out.extend_from_slice(&[0x10, u8::from(value)]);
    }

    fn event_id(&mut self, wall: u64, random: [u64; 2]) {
        let text = event_id(wall, random);
        self.key("event_id", 38);
        self.out.extend_from_slice(&[0x0a, 36]);
        self.out.extend_from_slice(&text);
    }
}

/// A UUID of version 7: the milliseconds of a time in nanoseconds, then random bits.
pub fn event_id(wall: u64, random: [u64; 2]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let high = (wall / 1_000_000) << 16 | 0x7000 | random[0] & 0xfff;
    let low = random[1] >> 2 | 1 << 63;
    let mut text = [b'-'; 36];
    let bytes = high.to_be_bytes().into_iter().chain(low.to_be_bytes());
    for (place, byte) in PLACES.into_iter().zip(bytes) {
        text[place] = DIGITS[usize::from(byte >> 4)];
        text[place + 1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// A length that takes one byte.
const fn length(of: usize) -> u8 {
    assert!(of < 0x80, "one byte");
    of.to_le_bytes()[0]
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
