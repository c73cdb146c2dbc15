//! Public keys as lines of text, for one person to hand to another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::hex;
use crate::crypto::key_file::decode_base64;
use crate::crypto::keys::PublicKey;
use crate::encoding::forms;
use crate::encoding::strict::check_strict;
use crate::error::{Error, Result};
use crate::reason::Reason;

const MARK: &str = "atedb-public-key-1";

impl PublicKey {
    /// The line that one person hands to another, without its end: the mark, the fingerprint in hexadecimal, the key in base64.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{MARK} {} {}", hex(&self.fingerprint()), STANDARD.encode(self.message()))
    }

    /// Reads the line; space around it doesn't matter. Fails with REQUEST_INVALID, UNSUPPORTED.
    pub fn from_text(text: &str) -> Result<Self> {
        let refused =
            |reason, why: String| Error::new(reason, format!("the text is no public key that can be used: {why}"));
        let invalid = |why: &str| refused(Reason::RequestInvalid, why.to_owned());
        let words: Vec<&str> = text.split_whitespace().collect();
        let [MARK, fingerprint, encoded] = words[..] else {
            return Err(invalid("it is not a line of atedb-public-key-1, a fingerprint and a key"));
        };
        let message = decode_base64(encoded).ok_or_else(|| invalid("its key is not in base64"))?;
        let parsed = check_strict(&forms::PUBLIC_KEY, &message).and_then(|()| PublicKey::parse(message.into()));
        let key = parsed.map_err(|error| {
            let is_unsupported = error.reason() == Reason::Unsupported;
            let reason = if is_unsupported { Reason::Unsupported } else { Reason::RequestInvalid };
            refused(reason, format!("its key is damaged, or no key: {}", error.message()))
        })?;
        if hex(&key.fingerprint()) != fingerprint {
            return Err(invalid("its key has another fingerprint than it says"));
        }
        Ok(key)
    }
}
