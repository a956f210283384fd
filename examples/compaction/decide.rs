//! Whether a chunk is worth compressing: three questions, asked when their answer is cheapest.

use crate::codec::saves_enough;
use crate::values::Values;

/// Below this a codec's own overhead and one more decompression per read outweigh the saving.
pub(crate) const DEFAULT_MIN_BYTES: usize = 512;

/// Of 8 bits. Bytes that use nearly all of them look random, and a codec would waste its time.
const RANDOM_FROM_BITS: f64 = 7.2;

/// Asked of the values, before anything is encoded.
pub(crate) fn decline_values(
    values: &Values<'_>,
    bytes: usize,
    min: usize,
) -> Option<&'static str> {
    match values {
        _ if values.len() == 0 => Some("empty"),
        Values::Bools(_) => Some("already_dense"), // One bit each, and read without decoding.
        _ if bytes < min => Some("too_small"),
        _ => None,
    }
}

/// Asked of the encoded bytes: whether a codec is worth trying at all.
pub(crate) fn looks_random(entropy_bits: f64) -> bool {
    entropy_bits >= RANDOM_FROM_BITS
}

/// Asked of the result, which a layout without a codec may have made small enough.
pub(crate) fn decline_result(before: usize, after: usize, random: bool) -> Option<&'static str> {
    match saves_enough(before, after) {
        true => None,
        false if random => Some("high_entropy"),
        false => Some("not_worth_it"),
    }
}

/// Shannon entropy: how many bits a byte of this chunk carries, from 0 (all equal) to 8 (random).
pub(crate) fn entropy_bits(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = f64::from(counts.iter().sum::<u32>());
    let present = counts.into_iter().filter(|count| *count > 0);
    present.map(|count| f64::from(count) / total).map(|share| share * share.recip().log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_declined_for_the_first_reason_that_holds() {
        let texts = Values::Texts(vec!["a"]);
        assert_eq!(decline_values(&Values::Texts(vec![]), 0, 10), Some("empty"));
        assert_eq!(decline_values(&Values::Bools(vec![true]), 1, 10), Some("already_dense"));
        assert_eq!(decline_values(&texts, 9, 10), Some("too_small"));
        assert_eq!(decline_values(&texts, 10, 10), None);
    }

    #[test]
    fn entropy_runs_from_equal_to_random() {
        let random: Vec<u8> = (0..=255).collect();
        assert!((entropy_bits(&random) - 8.0).abs() < 1e-9);
        assert!((entropy_bits(b"abababab") - 1.0).abs() < 1e-9);
        assert!(entropy_bits(b"aaaa").abs() < 1e-9);
        assert!(entropy_bits(b"").abs() < 1e-9);
        assert!(looks_random(7.2) && !looks_random(7.1));
    }

    #[test]
    fn a_result_has_to_save_a_tenth() {
        assert_eq!(decline_result(1_000, 900, true), None);
        assert_eq!(decline_result(1_000, 901, false), Some("not_worth_it"));
        assert_eq!(decline_result(1_000, 1_200, true), Some("high_entropy"));
    }
}
