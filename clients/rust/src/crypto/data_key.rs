//! How data is sealed: a key for each datum, a commitment to it, and padding (docs/format.md, "How data is sealed").

use zeroize::Zeroizing;

use crate::crypto::domains::{HASH_READ_KEY, INFO_DATA_KEY};
use crate::crypto::hashes::{Hash, tagged_hash, tagged_info};
use crate::crypto::hpke::{hkdf_expand, hkdf_extract};

/// A read key: who has it reads what is sealed under it.
pub(crate) type ReadKey = Zeroizing<[u8; 32]>;

/// Names a read key, and tells nothing of it.
pub(crate) fn read_key_id(read_key: &[u8; 32]) -> Hash {
    tagged_hash(HASH_READ_KEY, &[read_key])
}

/// The key of one datum, which seals once, and the commitment to it, which all may know.
pub(crate) fn derive_data_key(read_key: &[u8; 32], random: &[u8; 32], context: &[u8]) -> (Zeroizing<[u8; 32]>, Hash) {
    let extracted = hkdf_extract(random, read_key);
    let output = hkdf_expand::<64>(&extracted, &tagged_info(INFO_DATA_KEY, &[context]));
    let (mut key, mut commitment) = (Zeroizing::new([0; 32]), [0; 32]);
    key.copy_from_slice(&output[..32]);
    commitment.copy_from_slice(&output[32..]);
    (key, commitment)
}

/// How far a text is padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    /// By the mark alone.
    Mark,
    /// Also to a length that many others share.
    Padme,
}

/// The length that PADMÉ makes of one (Nikitin et al., 2019): at most 12 % longer.
pub(crate) fn padme_length(length: u64) -> u64 {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let digits = exponent.checked_ilog2().map_or(0, |log| log + 1);
    let step = 1_u64 << exponent.saturating_sub(digits);
    length.div_ceil(step).saturating_mul(step)
}

/// Pads as ISO/IEC 7816-4 has it: a byte 80, then zeros.
pub(crate) fn add_padding(text: &[u8], padding: Padding) -> Zeroizing<Vec<u8>> {
    let least = text.len() + 1;
    let length = match padding {
        Padding::Mark => least,
        Padding::Padme => usize::try_from(padme_length(least as u64)).unwrap_or(least),
    };
    let mut padded = Zeroizing::new(Vec::with_capacity(length));
    padded.extend_from_slice(text);
    padded.push(0x80);
    padded.resize(length, 0);
    padded
}

/// The text; None where there is no padding.
pub(crate) fn remove_padding(mut padded: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let mark = padded.iter().rposition(|byte| *byte != 0)?;
    if padded[mark] != 0x80 {
        return None;
    }
    padded.truncate(mark);
    Some(padded)
}
