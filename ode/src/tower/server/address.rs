//! Addresses as text, made on the stack: two of them stand on every request's event.

use std::fmt::Write;
use std::net::IpAddr;

/// The longest: an IPv6 address that ends in an IPv4 one.
const LONGEST: usize = 45;

/// Runs with the text of an address.
pub(super) fn with_text<R>(address: IpAddr, f: impl FnOnce(&str) -> R) -> R {
    let mut text = Text { bytes: [0; LONGEST], length: 0 };
    match address {
        IpAddr::V4(address) => {
            for (at, byte) in address.octets().into_iter().enumerate() {
                if at > 0 {
                    text.push(b'.');
                }
                text.push_number(byte);
            }
        }
        // Rare enough, and not simple enough, to be left to the standard library.
        IpAddr::V6(address) => drop(write!(text, "{address}")),
    }
    f(text.bytes.get(..text.length).and_then(|b| str::from_utf8(b).ok()).unwrap_or_default())
}

struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Text {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn push_number(&mut self, number: u8) {
        if number >= 100 {
            self.push(b'0' + number / 100);
        }
        if number >= 10 {
            self.push(b'0' + number / 10 % 10);
        }
        self.push(b'0' + number % 10);
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        text.bytes().for_each(|byte| self.push(byte));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_the_standard_library_writes_them() {
        for text in [
            "0.0.0.0",
            "127.0.0.1",
            "9.10.99.100",
            "255.255.255.255",
            "::1",
            "2001:db8::ff00:42:8329",
            "2001:db8:1111:2222:3333:4444:5555:6666",
            "::ffff:255.255.255.255",
        ] {
            let address: IpAddr = text.parse().unwrap();
            with_text(address, |written| assert_eq!(written, address.to_string()));
        }
    }
}
