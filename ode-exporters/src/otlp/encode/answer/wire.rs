//! Protobuf, read field by field: enough of it for answers.

/// A value by its wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire<'b> {
    Varint(u64),
    I64,
    Len(&'b [u8]),
    I32,
}

/// Calls `each` with number and value of every field, as they stand; `None` if the bytes are no
/// message.
pub(super) fn read<'b>(
    mut bytes: &'b [u8],
    mut each: impl FnMut(u64, Wire<'b>) -> Option<()>,
) -> Option<()> {
    while !bytes.is_empty() {
        let (tag, rest) = varint(bytes)?;
        let (number, kind) = (tag >> 3, tag & 7);
        if number == 0 {
            return None;
        }
        let (wire, rest) = match kind {
            0 => {
                let (number, rest) = varint(rest)?;
                (Wire::Varint(number), rest)
            }
            1 => (Wire::I64, rest.get(8..)?),
            2 => {
                let (length, rest) = varint(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Wire::Len(bytes), rest)
            }
            5 => (Wire::I32, rest.get(4..)?),
            _ => return None,
        };
        each(number, wire)?;
        bytes = rest;
    }
    Some(())
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f).checked_shl(u32::try_from(at).ok()? * 7)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Option<Vec<(u64, Wire<'_>)>> {
        let mut all = Vec::new();
        read(bytes, |number, wire| {
            all.push((number, wire));
            Some(())
        })?;
        Some(all)
    }

    #[test]
    fn messages_and_no_messages() {
        assert_eq!(fields(b""), Some(vec![]));
        assert_eq!(fields(b"\x08\x96\x01"), Some(vec![(1, Wire::Varint(150))]));
        assert_eq!(fields(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), {
            Some(vec![(1, Wire::Varint(u64::MAX))])
        });
        assert_eq!(fields(b"\x12\x02ab\x1d1234"), {
            Some(vec![(2, Wire::Len(b"ab")), (3, Wire::I32)])
        });
        for bad in [
            &b"\x08"[..],
            b"\x08\x80",
            b"\x12\x03ab",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x09123",
            b"\x0b",
            b"\x00\x00",
            b"OK",
            b"<html>",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert_eq!(fields(bad), None, "{bad:?}");
        }
    }
}
