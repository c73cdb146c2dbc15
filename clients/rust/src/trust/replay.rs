//! Verifies a replay by itself, trusting nobody.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::crypto::merkle::{Frontier, TreeHead};
use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::commit::{Commit, split_slice};
use crate::events::gap::Gap;
use crate::events::genesis::Genesis;
use crate::events::seal::{Precondition, SealView};
use crate::reason::Reason;
use crate::trust::authority::Authority;
use crate::trust::check_batch::genesis_keys;
use crate::trust::check_gone::LeftOut;
use crate::trust::decide::Taking;
use crate::trust::delegation_path::{issuer_of_shown, verify_path};
use crate::trust::forgotten::Reached;
use crate::trust::from_server::{claimed_server, verify_held};
use crate::trust::owed_data::OwedData;
use crate::trust::prepared::{PreparedBatch, check_redactions, prepare_batch};
use crate::trust::recent::{Latest, Objects, RecentRoots};
use crate::trust::replay_writers::ReplayWriters;
use crate::trust::retention::{EventPlace, RetentionFloor};
use crate::trust::signers::{Keys, VouchedBy, keys_of_signers, signers_of, verify_signatures, vouched_by};

/// A batch that was verified, with its commit.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedBatch {
    /// What is gone of it, or before it.
    pub gap: Option<Gap>,
    pub batch: Arc<Batch>,
    pub commit: Commit,
    pub vouched_by: VouchedBy,
}

impl VerifiedBatch {
    /// Sequence of its first event, or of the first that is gone right before it.
    pub fn begins_at(&self) -> u64 {
        self.commit.header.first_sequence - self.gap.as_ref().map_or(0, |gap| gap.events)
    }
}

/// Where a replay starts: the tree of the commits before.
#[derive(Clone)]
pub(crate) struct ReplayStart {
    pub sequence: u64,
    pub frontier: Frontier,
}

/// What a batch is in the chain, but for its signatures.
struct Step {
    vouched_by: VouchedBy,
    keys: Keys,
    /// The key that the delegations begin with that its seal shows.
    issuer: Option<PublicKey>,
    /// Whether the batch before of its writer, as it came, is right before it: so that its signature covers that, too.
    covers_last: bool,
}

impl Step {
    /// Verifies all that is signed in a batch: the delegations that its seal shows, and its seal. Fails with DELEGATION_INVALID,
    /// SIGNATURE_INVALID.
    fn verify(&self, batch: &Batch) -> Result<()> {
        if let Some(issuer) = &self.issuer {
            verify_path(batch.delegations()?, issuer)?;
        }
        verify_signatures(&batch.seal, &self.keys)
    }
}

/// Verifies slices of the log, in order: the strict form, hashes, the chain of seals, counters, signatures, rights, conditions,
/// sequences, times and the tree.
///
/// A replay that starts in the middle takes each writer's first batch there as it comes, and leaves it to the server that events
/// are allowed; the tree ties it to the history before, which is the caller's to check. After a failure it is not to be used.
#[derive(Clone)]
pub(crate) struct ReplayVerifier {
    pub genesis: Arc<Genesis>,
    authority: Authority,
    is_whole: bool,
    roots: RecentRoots,
    writers: ReplayWriters,
    latest: Latest,
    objects: Objects,
    owed: OwedData,
    /// What the chain's rules for retention have let go, as far as it is known who may do what.
    retained: RetentionFloor,
    next_sequence: u64,
    time_unix_ms: u64,
}

impl ReplayVerifier {
    /// From the chain's first batch on.
    pub fn new(genesis: Arc<Genesis>) -> Self {
        let start = ReplayStart { sequence: 0, frontier: Frontier::default() };
        ReplayVerifier::starting(genesis, start)
    }

    /// From where somebody says.
    pub fn starting(genesis: Arc<Genesis>, start: ReplayStart) -> Self {
        let ReplayStart { sequence, frontier } = start;
        ReplayVerifier {
            authority: Authority::of(&genesis),
            owed: OwedData::beginning(sequence, 0),
            is_whole: frontier.size() == 0,
            roots: RecentRoots::new(frontier),
            writers: ReplayWriters::default(),
            latest: Latest::default(),
            objects: Objects::default(),
            retained: RetentionFloor::default(),
            next_sequence: sequence,
            time_unix_ms: 0,
            genesis,
        }
    }

    /// The same replay for a reading that begins where it stands: nothing is asked any more of what this one was owed.
    pub fn anew(&self) -> Self {
        let owed = OwedData::beginning(self.next_sequence, self.owed.forgotten.missing_below());
        ReplayVerifier { owed, ..self.clone() }
    }

    /// Number of the commit that comes next.
    pub fn next_commit(&self) -> u64 {
        self.roots.head().size
    }

    /// Sequence of the event that comes next.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Whether it is checked that events are allowed: from the chain's first batch on.
    pub fn checks_rules(&self) -> bool {
        self.is_whole
    }

    /// Who may do what after all that was verified; of a replay from the middle only the keys that were shown.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The head of all that was verified.
    pub fn head(&self) -> TreeHead {
        self.roots.head()
    }

    /// What is still to come, since data is gone. Who comes to the head with something left was lied to.
    pub fn owed(&self) -> &OwedData {
        &self.owed
    }

    /// What the chain's rules for retention have let go so far, where all was verified from the first batch on.
    pub fn retained(&self) -> &RetentionFloor {
        &self.retained
    }

    /// So much was let go, as was verified elsewhere of the same history.
    pub fn settle_below(&mut self, floor: &RetentionFloor) {
        self.owed.settle_below(floor);
    }

    /// The root that the tree had at a size; None for one before the start, to come, or too long ago.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.roots.root_at(size)
    }

    /// Looks at the next slice, whole batches with their commits: whether each is good by itself.
    ///
    /// `left_out`: what data was asked to be left out.
    pub fn prepare(data: &Bytes, left_out: LeftOut) -> Result<Vec<PreparedBatch>> {
        let stored = split_slice(data).map_err(|error| {
            let why = format!("a slice of the log is not valid: {}. Nothing of it was used", error.message());
            Error::new(Reason::VerificationFailed, why)
        })?;
        stored.into_iter().map(|stored| prepare_batch(stored, left_out)).collect()
    }

    /// The signers whose keys a replay from the middle has to be told, see `learn`.
    pub fn strangers(&self, prepared: &[PreparedBatch]) -> Result<Vec<Fingerprint>> {
        let mut strangers = Vec::new();
        if self.is_whole {
            return Ok(strangers);
        }
        for one in prepared.iter().filter(|one| !one.batch.is_from_server()) {
            let signers = signers_of(&one.batch).map_err(|error| at(&one.commit, &error))?;
            strangers.extend(signers.into_iter().filter(|signer| self.authority.keys.find(signer).is_none()));
        }
        strangers.sort_unstable();
        strangers.dedup();
        Ok(strangers)
    }

    /// Knows keys; their fingerprints tell that they are the right ones.
    pub fn learn(&mut self, keys: &[PublicKey]) -> Result<()> {
        keys.iter().try_for_each(|key| self.authority.keys.add(key).map(|_| ()))
    }

    /// Verifies the next slice. Nothing is given of one that doesn't verify whole.
    ///
    /// Fails with VERIFICATION_FAILED, saying which commit and what is wrong with it; HISTORY_COMPACTED where the chain was compacted
    /// since the reading began, so that it can't be gone on with; UNSUPPORTED for what this version doesn't carry out.
    #[cfg(test)]
    pub fn verify(&mut self, data: &Bytes) -> Result<Vec<VerifiedBatch>> {
        self.verify_prepared(ReplayVerifier::prepare(data, LeftOut::Nothing)?)
    }

    /// Verifies the next batches, as `verify`.
    pub fn verify_prepared(&mut self, prepared: Vec<PreparedBatch>) -> Result<Vec<VerifiedBatch>> {
        let mut verified = Vec::with_capacity(prepared.len());
        // A writer's signature covers all its batches before, through the chain of seals: its last one here is enough.
        let mut last_signed: HashMap<Hash, (usize, Step)> = HashMap::new();
        for (place, PreparedBatch { gap, batch, commit }) in prepared.into_iter().enumerate() {
            let passed = gap.as_ref().map_or(Ok(()), |gap| self.pass(gap));
            let stepped = passed.and_then(|()| self.step(&batch, &commit, gap.as_ref())).and_then(|step| {
                // What is said of keys is covered by no seal: each is verified.
                if batch.seal.signatures.len() > 1 || step.issuer.is_some() {
                    step.verify(&batch)?;
                }
                verify_held(&batch, &self.genesis)?;
                Ok(step)
            });
            let step = stepped.map_err(|error| at(&commit, &error))?;
            let vouched_by = step.vouched_by;
            if !step.covers_last
                && let Some((place, last)) = last_signed.remove(&batch.seal.writer_id)
            {
                let one: &VerifiedBatch = &verified[place];
                last.verify(&one.batch).map_err(|error| at(&one.commit, &error))?;
            }
            if !batch.seal.signatures.is_empty() {
                last_signed.insert(batch.seal.writer_id, (place, step));
            }
            // Not of this commit alone: what it says is told as it is.
            self.owed.add(&batch, &commit.header)?;
            self.owed.settle_below(&self.retained);
            self.note_reached();
            verified.push(VerifiedBatch { gap, batch, commit, vouched_by });
        }
        for (place, step) in last_signed.values() {
            let one: &VerifiedBatch = &verified[*place];
            step.verify(&one.batch).map_err(|error| at(&one.commit, &error))?;
        }
        Ok(verified)
    }

    /// Decides what a batch is in this chain; its signatures are still to be verified.
    fn step(&mut self, batch: &Batch, commit: &Commit, gap: Option<&Gap>) -> Result<Step> {
        let is_genesis = batch.is_genesis();
        let vouched_by = vouched_by(batch, self.genesis.trust_mode)?;
        let keys = if is_genesis { genesis_keys(&self.genesis) } else { self.keys_of(batch)? };
        self.check_place(batch, commit)?;
        let (seal, header) = (&batch.seal, &commit.header);
        self.owed.forgotten.note(batch, header.first_sequence, gap)?;
        let may_miss = self.owed.forgotten.missing_below() > self.next_commit();
        let covers_last = self.writers.check_counter(seal, self.is_whole, may_miss)?;
        self.writers.check_as_of(seal, &self.roots)?;
        if self.is_whole && !is_genesis {
            self.authority.check_fresh(batch)?;
        }
        self.check_preconditions(seal, commit)?;
        check_redactions(batch, header.first_sequence)?;
        let mut issuer = None;
        // Where it isn't known who may do what, what was delegated is not looked at either.
        if self.is_whole && is_genesis {
            self.authority.check_takes(header.time_unix_ms)?;
        } else if self.is_whole {
            issuer = issuer_of_shown(batch, &self.authority.keys)?;
            let chain_key = &self.genesis.chain_key.text;
            self.authority.decide(
                batch,
                Taking { time_unix_ms: header.time_unix_ms, first_sequence: header.first_sequence, chain_key },
            )?;
        }
        self.roots.append(commit)?;
        self.writers.wrote(seal);
        self.next_sequence = header.next_sequence();
        self.objects.add(batch, header.first_sequence);
        self.latest.wrote(seal.writer_id, self.next_sequence);
        self.time_unix_ms = header.time_unix_ms;
        if self.is_whole {
            let end = EventPlace { sequence: self.next_sequence, time_unix_ms: self.time_unix_ms };
            self.retained.raise(self.authority.retention(), end);
        }
        Ok(Step { vouched_by, keys, issuer, covers_last })
    }

    /// Goes on behind commits that are gone, or before a batch of which events are.
    fn pass(&mut self, gap: &Gap) -> Result<()> {
        let next_commit = self.next_commit();
        self.owed.forgotten.gap(gap, next_commit, self.next_sequence)?;
        self.roots.append_subtrees(&gap.subtrees(next_commit)?);
        self.next_sequence += gap.events;
        if gap.commits > 0 {
            self.note_reached();
        }
        Ok(())
    }

    /// It has come to a place between two commits.
    fn note_reached(&mut self) {
        let TreeHead { size, root } = self.head();
        let reached = Reached { size, root, next_sequence: self.next_sequence, time_unix_ms: self.time_unix_ms };
        let (writers, is_whole) = (&self.writers, self.is_whole);
        self.owed.forgotten.reached(&reached, || is_whole.then(|| writers.seals()));
    }

    /// The keys that a batch is signed by. Of the server's own, where it isn't known what came before, it is the one that it claims to
    /// have.
    fn keys_of(&self, batch: &Batch) -> Result<Keys> {
        if self.is_whole {
            return self.authority.keys_of(batch);
        }
        if batch.is_from_server() {
            let server = claimed_server(batch, &self.genesis)?;
            return Ok([(server.fingerprint(), server)].into());
        }
        keys_of_signers(batch, &signers_of(batch)?, &self.authority.keys)
    }

    fn check_place(&self, batch: &Batch, commit: &Commit) -> Result<()> {
        let header = &commit.header;
        for (what, found, due) in [
            ("number", header.commit, self.next_commit()),
            ("first sequence", header.first_sequence, self.next_sequence),
            ("count of events", header.events, batch.seal.events),
        ] {
            if found != due {
                return Err(violation(format_args!("its {what} is {found}, and {due} was due")));
            }
        }
        if header.time_unix_ms < self.time_unix_ms {
            return Err(violation("its time is before the last one"));
        }
        if header.seal_hash != batch.seal.hash {
            return Err(violation("it is of another seal"));
        }
        if batch.seal.chain_id != self.genesis.chain_id {
            return Err(violation("its batch is sealed for another chain"));
        }
        if batch.is_genesis() != (header.commit == 0) {
            return Err(violation("a genesis is the first batch of a chain, and the first only"));
        }
        Ok(())
    }

    fn check_preconditions(&self, seal: &SealView, commit: &Commit) -> Result<()> {
        for condition in &seal.preconditions {
            let holds = match condition {
                Precondition::ChainUnchanged { since } => self.latest.end_of_others(&seal.writer_id) <= *since,
                Precondition::LandsBefore { sequence } => commit.header.next_sequence() <= *sequence,
                Precondition::KeyUnchanged { primary_key, since } => {
                    self.objects.end_of_others_on(primary_key, &seal.writer_id) <= *since
                }
                // Only the server knows who holds what.
                Precondition::Fence { .. } => true,
            };
            if !holds {
                return Err(violation(format_args!("its condition {condition:?} does not hold")));
            }
        }
        Ok(())
    }
}

pub(super) fn violation(why: impl std::fmt::Display) -> Error {
    Error::new(Reason::VerificationFailed, why.to_string())
}

/// Says which commit it is that something is wrong with.
pub(super) fn at(commit: &Commit, error: &Error) -> Error {
    let number = commit.header.commit;
    let why = error.message();
    // Nothing is wrong with what was sent.
    if error.reason() == Reason::HistoryCompacted {
        return error.clone();
    }
    if error.reason() == Reason::Unsupported {
        return Error::new(Reason::Unsupported, format!("commit {number}: {why}")).with("commit", number);
    }
    let message = format!(
        "commit {number} does not verify: {why}. Nothing of it was used; the server, or its copy of the chain, can't be trusted"
    );
    Error::new(Reason::VerificationFailed, message).with("commit", number)
}
