//! Data of events that is sealed, and read keys that are handed out.

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::crypto::data_key::{Padding, ReadKey, add_padding, derive_data_key, read_key_id, remove_padding};
use crate::crypto::domains::INFO_WRAPPED_KEY;
use crate::crypto::hashes::Hash;
use crate::crypto::hpke::{ZERO_NONCE, aes_gcm_open, aes_gcm_seal};
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::crypto::{array, random};
use crate::encoding::fields::fields;
use crate::error::Result;
use crate::events::rules::{Confidentiality, WrappedKey};

const DATA_HASH_FIELD: u32 = 30;

/// Seals the data of one event: under a key that is derived for it alone, bound to the chain and to all of the header but hash
/// and size of the data. So it can't be moved to another event, or chain.
pub(crate) struct EventSealer {
    pub confidentiality: Confidentiality,
    key: Zeroizing<[u8; 32]>,
    chain_id: Hash,
    padding: Padding,
}

impl EventSealer {
    /// Makes one, for one use.
    pub fn new(read_key: &[u8; 32], chain_id: Hash, padding: Padding) -> Result<Self> {
        let (random, id) = (random()?, read_key_id(read_key));
        let (key, commitment) = derive_data_key(read_key, &random, &[chain_id, id].concat());
        let confidentiality = Confidentiality { read_key_id: id, random, commitment };
        Ok(EventSealer { confidentiality, key, chain_id, padding })
    }

    /// Makes of the data and the header's bytes before the data's hash what is stored.
    pub fn seal(&self, data: &[u8], header: &[u8]) -> Result<Vec<u8>> {
        let aad = [self.chain_id.as_slice(), header].concat();
        aes_gcm_seal(self.key.as_ref(), &ZERO_NONCE, &aad, &add_padding(data, self.padding))
    }
}

/// Opens sealed data; None where it was made with another key, of another event or chain, or was changed.
pub(crate) fn open_sealed_data(
    read_key: &[u8; 32],
    chain_id: &Hash,
    header: &[u8],
    sealed: &Confidentiality,
    data: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    if read_key_id(read_key) != sealed.read_key_id {
        return None;
    }
    let context = [*chain_id, sealed.read_key_id].concat();
    let (key, commitment) = derive_data_key(read_key, &sealed.random, &context);
    // Before anything is opened: AES-GCM by itself opens one ciphertext under two keys, if somebody has made it so. Neither
    // commitment is a secret.
    if commitment != sealed.commitment {
        return None;
    }
    let aad = [chain_id.as_slice(), header_before(header)].concat();
    remove_padding(aes_gcm_open(key.as_ref(), &ZERO_NONCE, &aad, data)?)
}

/// A header up to the hash of its data.
fn header_before(header: &[u8]) -> &[u8] {
    let found = fields(header).flatten().find(|field| field.number == DATA_HASH_FIELD);
    &header[..found.map_or(header.len(), |field| field.tag_start)]
}

fn aad_of(chain_id: &Hash, read_key_id: &Hash, recipient: &Hash) -> Vec<u8> {
    [*chain_id, *read_key_id, *recipient].concat()
}

/// Encrypts a read key for a reader. Fails with REQUEST_INVALID for a key that can only sign.
pub(crate) fn wrap_read_key(chain_id: &Hash, read_key: &[u8; 32], reader: &PublicKey) -> Result<WrappedKey> {
    let (read_key_id, recipient) = (read_key_id(read_key), reader.fingerprint());
    let aad = aad_of(chain_id, &read_key_id, &recipient);
    let wrapped = Bytes::from(reader.seal_to(INFO_WRAPPED_KEY.as_bytes(), &aad, read_key)?);
    Ok(WrappedKey { read_key_id, recipient, wrapped })
}

/// Opens a read key that was handed out. Whoever has done so may have handed out another: the id says which it is.
pub(crate) fn unwrap_read_key(chain_id: &Hash, wrapped: &WrappedKey, key: &KeyPair) -> Option<ReadKey> {
    let aad = aad_of(chain_id, &wrapped.read_key_id, &wrapped.recipient);
    let opened = key.open_sealed(INFO_WRAPPED_KEY.as_bytes(), &aad, &wrapped.wrapped)?;
    let read_key = Zeroizing::new(array::<32>(&opened)?);
    (read_key_id(&read_key) == wrapped.read_key_id).then_some(read_key)
}
