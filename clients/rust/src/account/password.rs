//! What follows from a password: a key that signs logins, and those of vaults. The server sees neither.

use zeroize::Zeroizing;

use crate::account::act_forms;
use crate::account::roles::pair_of_seeds;
use crate::crypto::composite::Suite;
use crate::crypto::domains::{AAD_VAULT, INFO_LOGIN_SEED, INFO_LOGIN_VAULT};
use crate::crypto::hpke::{ZERO_NONCE, aes_gcm_open, hkdf_expand};
use crate::crypto::key_file::{PassphraseCosts, derive_passphrase_key};
use crate::crypto::keys::KeyPair;
use crate::encoding::fields::fields;
use crate::encoding::strict::check_strict;
use crate::error::{Error, Result};
use crate::reason::Reason;

/// The least that making keys of a password may cost: what OWASP asks of Argon2id. A server that asks for less could guess cheaply.
const MEMORY_KIB_MIN: u64 = 19_456;
const PASSES_MIN: u64 = 2;

/// What opens an account.
pub(crate) struct Opening {
    /// It signs logins.
    pub signer: KeyPair,
    /// Of the vault with the user's key.
    pub(super) vault_key: Zeroizing<[u8; 32]>,
}

impl Opening {
    /// Makes keys of a password, as the account has it: Argon2id, then HKDF for each. It blocks for as long as the costs say.
    ///
    /// Fails with VERIFICATION_FAILED for costs that are below what is done, or that nobody pays.
    pub fn new(password: &str, account: &str, salt: &[u8], costs: PassphraseCosts) -> Result<Self> {
        if costs.memory_kib < MEMORY_KIB_MIN || costs.passes < PASSES_MIN || !costs.are_payable() {
            let (memory, passes) = (costs.memory_kib, costs.passes);
            let message = format!(
                "the server wants the password to be hashed with {memory} KiB in {passes} passes, and {MEMORY_KIB_MIN} KiB in \
                 {PASSES_MIN} passes are the least that is done: it is misconfigured, or wants to guess the password. Nothing was \
                 made of it"
            );
            return Err(Error::new(Reason::VerificationFailed, message));
        }
        let secret = derive_passphrase_key(password, salt, costs)?;
        let seed = hkdf_expand::<64>(&secret, [INFO_LOGIN_SEED, account].join("\0").as_bytes());
        let vault_key = hkdf_expand::<32>(&secret, [INFO_LOGIN_VAULT, "key", account].join("\0").as_bytes());
        Ok(Opening { signer: KeyPair::from_seeds(Suite::MlDsa65Ed25519, (seed, None))?, vault_key })
    }

    /// Opens the vault with the user's key: that one, then those that the user had before. None where it was sealed with another key,
    /// for another account or as another vault, or was changed.
    pub fn open_vault(&self, account: &str, sealed: &[u8]) -> Option<Vec<KeyPair>> {
        let aad = [AAD_VAULT, "key", account].join("\0");
        let opened = aes_gcm_open(self.vault_key.as_ref(), &ZERO_NONCE, aad.as_bytes(), sealed)?;
        check_strict(&act_forms::VAULT_KEYS, &opened).ok()?;
        let keys = fields(&opened).flatten().filter(|field| field.number == 2);
        keys.map(|field| pair_of_seeds(opened.get(field.start..field.end)?)).collect()
    }
}
