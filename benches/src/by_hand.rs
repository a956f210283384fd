//! The limits: what the same event costs when everything is written for it by hand.

use std::hint::black_box;
use std::io::Write;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::cart::Cart;

/// A captured value, beside its key.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "the limit is to capture the values; nobody reads them")]
enum Slot {
    U64(u64),
    I64(i64),
    F64(f64),
    Bool(bool),
    Str(u32, u32),
}

/// The capture limit: the same values copied into a reused typed buffer, with clocks and ids.
#[derive(Debug, Default)]
pub struct Capture {
    slots: Vec<(&'static str, Slot)>,
    text: String,
    ids: [u64; 5],
    wall: u64,
    duration: u64,
}

impl Capture {
    fn text(&mut self, key: &'static str, value: &str) {
        let start = u32::try_from(self.text.len()).unwrap_or(0);
        self.text.push_str(value);
        self.slots.push((key, Slot::Str(start, u32::try_from(value.len()).unwrap_or(0))));
    }

    /// One checkout.
    #[inline(never)]
    pub fn checkout(&mut self, cart: &Cart) {
        self.slots.clear();
        self.text.clear();
        self.ids = [(); 5].map(|()| fastrand::u64(..));
        self.wall = unix_nanos();
        let start = Instant::now();
        self.text("cart.id", &cart.id);
        self.text("user.id", &cart.user);
        self.text("user.country", &cart.country);
        self.slots.push(("user.returning", Slot::Bool(cart.returning)));
        self.text("http.route", "POST /cart/{id}/checkout");
        self.text("http.version", "1.1");
        self.slots.push(("cart.items", Slot::U64(cart.items)));
        self.slots.push(("cart.total_cents", Slot::I64(cart.total_cents)));
        self.price(cart);
        self.slots.push(("order.id", Slot::U64(black_box(77_123))));
        self.text("order.state", "paid");
        self.slots.push(("order.lines", Slot::U64(cart.items)));
        self.slots.push(("payment.attempts", Slot::U64(black_box(1))));
        self.slots.push(("payment.captured", Slot::Bool(true)));
        self.slots.push(("payment.total_cents", Slot::I64(cart.total_cents)));
        self.duration = nanos(start);
        black_box(&*self);
    }

    #[inline(never)]
    fn price(&mut self, cart: &Cart) {
        self.text("price.currency", &cart.currency);
        self.text("price.coupon", &cart.coupon);
        self.slots.push(("price.rate", Slot::F64(cart.rate)));
        self.slots.push(("price.discount", Slot::F64(cart.discount)));
        self.text("price.model", "v3-gradient");
        self.slots.push(("risk.score", Slot::F64(cart.risk)));
        self.slots.push(("risk.blocked", Slot::Bool(black_box(false))));
        self.slots.push(("ship.weight_g", Slot::U64(cart.weight)));
        self.text("ship.shard", &cart.shard);
        self.slots.push(("ship.parcels", Slot::I64(i64::from(black_box(2_i32)))));
    }
}

pub(crate) fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The JSON limit: a writer for this one event into a reused buffer.
#[derive(Debug)]
pub struct Json {
    /// The lines written so far.
    pub out: Vec<u8>,
    process: String,
}

impl Json {
    /// A writer that puts these constant process fields on every line.
    pub fn new(process: String) -> Self {
        Self { out: Vec::with_capacity(1 << 20), process }
    }

    /// One checkout.
    #[inline(never)]
    pub fn checkout(&mut self, cart: &Cart) {
        let (trace, span) = ([fastrand::u64(..), fastrand::u64(..)], fastrand::u64(..));
        let event = [fastrand::u64(..), fastrand::u64(..)];
        let wall = unix_nanos();
        let start = Instant::now();
        let mut line = Line { out: &mut self.out };
        line.out.extend_from_slice(b"{\"timestamp\":\"");
        timestamp(line.out, wall);
        line.out.extend_from_slice(b"\",\"name\":\"cart.checkout\",\"outcome\":\"ok\"");
        line.out.extend_from_slice(b",\"event_id\":\"");
        hex(line.out, event[0]);
        hex(line.out, event[1]);
        line.out.extend_from_slice(b"\",\"trace_id\":\"");
        hex(line.out, trace[0]);
        hex(line.out, trace[1]);
        line.out.extend_from_slice(b"\",\"span_id\":\"");
        hex(line.out, span);
        line.out.extend_from_slice(b"\",");
        line.out.extend_from_slice(self.process.as_bytes());
        line.text(",\"cart.id\":", &cart.id);
        line.text(",\"user.id\":", &cart.user);
        line.text(",\"user.country\":", &cart.country);
        line.bool(",\"user.returning\":", cart.returning);
        line.text(",\"http.route\":", "POST /cart/{id}/checkout");
        line.text(",\"http.version\":", "1.1");
        line.int(",\"cart.items\":", cart.items);
        line.int(",\"cart.total_cents\":", cart.total_cents);
        price(&mut line, cart);
        line.int(",\"order.id\":", black_box(77_123_u64));
        line.text(",\"order.state\":", "paid");
        line.int(",\"order.lines\":", cart.items);
        line.int(",\"payment.attempts\":", black_box(1_u32));
        line.bool(",\"payment.captured\":", true);
        line.int(",\"payment.total_cents\":", cart.total_cents);
        line.int(",\"duration_ns\":", nanos(start));
        self.out.extend_from_slice(b"}\n");
    }

    /// Writes what there is and forgets it.
    pub fn write(&mut self, to: &mut impl Write) {
        to.write_all(&self.out).expect("the file takes it");
        self.out.clear();
    }
}

#[inline(never)]
fn price(line: &mut Line<'_>, cart: &Cart) {
    line.text(",\"price.currency\":", &cart.currency);
    line.text(",\"price.coupon\":", &cart.coupon);
    line.float(",\"price.rate\":", cart.rate);
    line.float(",\"price.discount\":", cart.discount);
    line.text(",\"price.model\":", "v3-gradient");
    line.float(",\"risk.score\":", cart.risk);
    line.bool(",\"risk.blocked\":", black_box(false));
    line.int(",\"ship.weight_g\":", cart.weight);
    line.text(",\"ship.shard\":", &cart.shard);
    line.int(",\"ship.parcels\":", black_box(2_i32));
}

struct Line<'o> {
    out: &'o mut Vec<u8>,
}

impl Line<'_> {
    fn text(&mut self, key: &str, value: &str) {
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'"');
        let bytes = value.as_bytes();
        let mut from = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if *byte < 0x20 || matches!(byte, b'"' | b'\\') {
                self.out.extend_from_slice(&bytes[from..at]);
                write!(self.out, "\\u{byte:04x}").expect("a vector takes it");
                from = at + 1;
            }
        }
        self.out.extend_from_slice(&bytes[from..]);
        self.out.push(b'"');
    }

    fn int(&mut self, key: &str, value: impl itoa::Integer) {
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn float(&mut self, key: &str, value: f64) {
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(ryu::Buffer::new().format(value).as_bytes());
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }
}

fn hex(out: &mut Vec<u8>, value: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (pair, byte) in text.chunks_exact_mut(2).zip(value.to_be_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out.extend_from_slice(&text);
}

fn timestamp(out: &mut Vec<u8>, unix_nanos: u64) {
    let (seconds, nanos) = (unix_nanos / 1_000_000_000, unix_nanos % 1_000_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * day_of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day_of_year - (153 * march + 2) / 5 + 1);
    digits(&mut text[11..13], second / 3_600);
    digits(&mut text[14..16], second / 60 % 60);
    digits(&mut text[17..19], second % 60);
    digits(&mut text[20..29], nanos);
    out.extend_from_slice(&text);
}

fn digits(places: &mut [u8], mut value: u64) {
    for place in places.iter_mut().rev() {
        *place = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}
