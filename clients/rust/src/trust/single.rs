//! One batch by itself, verified without what comes before it.

use std::sync::Arc;

use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::Result;
use crate::events::commit::StoredBatch;
use crate::events::genesis::Genesis;
use crate::trust::check_batch::genesis_keys;
use crate::trust::check_gone::LeftOut;
use crate::trust::from_server::{claimed_server, verify_held};
use crate::trust::key_ring::KeyRing;
use crate::trust::prepared::{PreparedBatch, check_redactions, prepare_batch};
use crate::trust::replay::{VerifiedBatch, at, violation};
use crate::trust::signers::{Keys, keys_of_signers, signers_of, verify_signatures, vouched_by};

/// One batch by itself that is to be verified: `strangers` are to be found first.
pub(crate) struct SingleBatch {
    genesis: Arc<Genesis>,
    prepared: PreparedBatch,
    /// None: a genesis, or a batch of the server's own, whose keys aren't to be found.
    signers: Option<Vec<Fingerprint>>,
}

impl SingleBatch {
    /// Looks at form and hashes. Fails with VERIFICATION_FAILED.
    ///
    /// `left_out`: what data was asked to be left out.
    pub fn new(genesis: Arc<Genesis>, stored: StoredBatch, left_out: LeftOut) -> Result<Self> {
        let prepared = prepare_batch(stored, left_out)?;
        let batch = &prepared.batch;
        let has_signers = !batch.is_genesis() && !batch.is_from_server();
        let signers = has_signers.then(|| signers_of(batch)).transpose();
        let signers = signers.map_err(|error| at(&prepared.commit, &error))?;
        Ok(SingleBatch { genesis, prepared, signers })
    }

    /// The signers that are no roots of the genesis.
    pub fn strangers(&self) -> Vec<Fingerprint> {
        let known = KeyRing::of(&self.genesis);
        self.signers.iter().flatten().filter(|signer| known.find(signer).is_none()).copied().collect()
    }

    /// Verifies who vouches for it, and that its commit is of it.
    ///
    /// Its place, which an inclusion proof shows, its writer's other batches, and that it is allowed are not checked.
    pub fn verify(self, strangers: &[PublicKey]) -> Result<VerifiedBatch> {
        let PreparedBatch { batch, commit, .. } = &self.prepared;
        let verified = (|| {
            check_redactions(batch, commit.header.first_sequence)?;
            let vouched_by = vouched_by(batch, self.genesis.trust_mode)?;
            verify_signatures(&batch.seal, &self.keys(strangers)?)?;
            verify_held(batch, &self.genesis)?;
            let header = &commit.header;
            let fits = header.seal_hash == batch.seal.hash
                && header.events == batch.seal.events
                && batch.is_genesis() == (header.commit == 0)
                && batch.seal.chain_id == self.genesis.chain_id;
            if fits { Ok(vouched_by) } else { Err(violation("its commit or its chain is another")) }
        })();
        let vouched_by = verified.map_err(|error| at(commit, &error))?;
        let PreparedBatch { gap, batch, commit } = self.prepared;
        Ok(VerifiedBatch { gap, batch, commit, vouched_by })
    }

    fn keys(&self, strangers: &[PublicKey]) -> Result<Keys> {
        let batch = &self.prepared.batch;
        match &self.signers {
            None if batch.is_genesis() => Ok(genesis_keys(&self.genesis)),
            None => {
                let server = claimed_server(batch, &self.genesis)?;
                Ok([(server.fingerprint(), server)].into())
            }
            Some(signers) => {
                let mut ring = KeyRing::of(&self.genesis);
                for stranger in strangers {
                    ring.add(stranger)?;
                }
                keys_of_signers(batch, signers, &ring)
            }
        }
    }
}
