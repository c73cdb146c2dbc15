//! Verifies a replay by itself, trusting nobody.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::crypto::merkle::{Frontier, TreeHead};
use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::commit::{Commit, StoredBatch, split_slice};
use crate::events::event::EventKind;
use crate::events::genesis::Genesis;
use crate::events::rules::Redaction;
use crate::events::seal::{Precondition, SealView};
use crate::reason::Reason;
use crate::trust::authority::Authority;
use crate::trust::check_batch::{Provenance, check_batch};
use crate::trust::key_ring::KeyRing;
use crate::trust::owed_data::OwedData;
use crate::trust::recent::{Latest, Objects};
use crate::trust::signers::{Keys, VouchedBy, keys_of_signers, signers_of, verify_signatures, vouched_by};

const ROOTS_KEPT_MAX: usize = 65_536;

/// A batch that was verified, with its commit.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedBatch {
    pub batch: Arc<Batch>,
    pub commit: Commit,
    pub vouched_by: VouchedBy,
}

/// Where a replay starts: the tree of the commits before.
#[derive(Clone)]
pub(crate) struct ReplayStart {
    pub sequence: u64,
    pub frontier: Frontier,
}

#[derive(Clone, Copy)]
struct WriterStanding {
    next_counter: u64,
    last_seal_hash: Hash,
    as_of: Option<TreeHead>,
}

/// A batch that is good by itself, and not yet compared with what comes before.
pub(crate) struct PreparedBatch {
    batch: Arc<Batch>,
    commit: Commit,
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
    frontier: Frontier,
    /// The roots of the last trees; the first is of a tree of `first_root_size`.
    roots: VecDeque<Hash>,
    first_root_size: u64,
    writers: HashMap<Hash, WriterStanding>,
    latest: Latest,
    objects: Objects,
    owed: OwedData,
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
            is_whole: frontier.size() == 0,
            roots: VecDeque::from([frontier.root()]),
            first_root_size: frontier.size(),
            writers: HashMap::new(),
            latest: Latest::default(),
            objects: Objects::default(),
            owed: OwedData::default(),
            next_sequence: sequence,
            time_unix_ms: 0,
            frontier,
            genesis,
        }
    }

    /// Number of the commit that comes next.
    pub fn next_commit(&self) -> u64 {
        self.frontier.size()
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
        TreeHead { size: self.frontier.size(), root: self.frontier.root() }
    }

    /// Refuses data that is gone, and that nothing has allowed to go. To be asked where all there is was read.
    ///
    /// Fails with VERIFICATION_FAILED, naming the event's sequence.
    pub fn check_nothing_owed(&self) -> Result<()> {
        self.owed.check_nothing_left()
    }

    #[cfg(test)]
    pub fn owed(&self) -> Vec<u64> {
        self.owed.left()
    }

    /// The root that the tree had at a size; None for one before the start, to come, or too long ago.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        let place = usize::try_from(size.checked_sub(self.first_root_size)?).ok()?;
        self.roots.get(place).copied()
    }

    /// Looks at the next slice, whole batches with their commits: whether each is good by itself.
    pub fn prepare(data: &Bytes) -> Result<Vec<PreparedBatch>> {
        let stored = split_slice(data).map_err(|error| {
            if error.reason() == Reason::Unsupported {
                return error;
            }
            let why = format!("a slice of the log is not valid: {}. Nothing of it was used", error.message());
            Error::new(Reason::VerificationFailed, why)
        })?;
        stored.into_iter().map(prepare_batch).collect()
    }

    /// The signers whose keys a replay from the middle has to be told, see `learn`.
    pub fn strangers(&self, prepared: &[PreparedBatch]) -> Result<Vec<Fingerprint>> {
        let mut strangers = Vec::new();
        if self.is_whole {
            return Ok(strangers);
        }
        for one in prepared {
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
    /// Fails with VERIFICATION_FAILED, saying which commit and what is wrong with it; UNSUPPORTED for what this version doesn't
    /// carry out.
    #[cfg(test)]
    pub fn verify(&mut self, data: &Bytes) -> Result<Vec<VerifiedBatch>> {
        self.verify_prepared(ReplayVerifier::prepare(data)?)
    }

    /// Verifies the next batches, as `verify`.
    pub fn verify_prepared(&mut self, prepared: Vec<PreparedBatch>) -> Result<Vec<VerifiedBatch>> {
        let mut verified = Vec::with_capacity(prepared.len());
        // A writer's signature covers all its batches before, through the chain of seals: its last one here is enough.
        let mut last_signed: HashMap<Hash, (usize, Keys)> = HashMap::new();
        for (place, PreparedBatch { batch, commit }) in prepared.into_iter().enumerate() {
            let stepped = self.step(&batch, &commit).and_then(|(vouched_by, keys)| {
                if batch.seal.signatures.len() > 1 {
                    verify_signatures(&batch.seal, &keys)?;
                }
                Ok((vouched_by, keys))
            });
            let (vouched_by, keys) = stepped.map_err(|error| at(&commit, &error))?;
            if !batch.seal.signatures.is_empty() {
                last_signed.insert(batch.seal.writer_id, (place, keys));
            }
            // Not of this commit alone: what it says is told as it is.
            self.owed.add(&batch, commit.header.first_sequence)?;
            verified.push(VerifiedBatch { batch, commit, vouched_by });
        }
        for (place, keys) in last_signed.values() {
            let one: &VerifiedBatch = &verified[*place];
            verify_signatures(&one.batch.seal, keys).map_err(|error| at(&one.commit, &error))?;
        }
        Ok(verified)
    }

    /// Decides what a batch is in this chain; its signatures are still to be verified.
    fn step(&mut self, batch: &Batch, commit: &Commit) -> Result<(VouchedBy, Keys)> {
        let is_genesis = batch.is_genesis();
        let vouched_by = vouched_by(batch, self.genesis.trust_mode)?;
        let keys = if is_genesis {
            root_keys(&self.genesis)
        } else if self.is_whole {
            self.authority.keys_of(batch)?
        } else {
            keys_of_signers(batch, &signers_of(batch)?, &self.authority.keys)?
        };
        self.check_place(batch, commit)?;
        let seal = &batch.seal;
        self.check_writer(seal)?;
        self.check_preconditions(seal, commit)?;
        check_redactions(batch, commit.header.first_sequence)?;
        if self.is_whole && !is_genesis {
            self.authority.decide(batch)?;
        }
        self.append_leaf(commit)?;
        let standing = WriterStanding { next_counter: seal.counter + 1, last_seal_hash: seal.hash, as_of: seal.as_of };
        self.writers.insert(seal.writer_id, standing);
        self.next_sequence = commit.header.next_sequence();
        self.objects.add(batch, commit.header.first_sequence);
        self.latest.wrote(seal.writer_id, self.next_sequence);
        self.time_unix_ms = commit.header.time_unix_ms;
        Ok((vouched_by, keys))
    }

    fn check_place(&self, batch: &Batch, commit: &Commit) -> Result<()> {
        let header = &commit.header;
        for (what, found, due) in [
            ("number", header.commit, self.frontier.size()),
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

    fn check_writer(&self, seal: &SealView) -> Result<()> {
        let counter = seal.counter;
        let writer = self.writers.get(&seal.writer_id);
        match writer {
            None if self.is_whole && counter != 0 => {
                return Err(violation(format_args!("its writer starts at counter {counter}")));
            }
            Some(known) if counter != known.next_counter || seal.previous != Some(known.last_seal_hash) => {
                return Err(violation(format_args!("counter {counter} doesn't continue its writer's chain of seals")));
            }
            _ => {}
        }
        let before = writer.and_then(|known| known.as_of);
        let size = seal.as_of.map_or(0, |head| head.size);
        if size < before.map_or(0, |head| head.size) {
            return Err(violation("its writer names an older head than before"));
        }
        if size > self.frontier.size() {
            return Err(violation("its writer names a head that is to come"));
        }
        let Some(head) = seal.as_of else {
            return Ok(());
        };
        // The server need not have said its root: so a history that leaves out what a writer has seen doesn't fit what that
        // writer signed.
        let same_as_before = before.filter(|before| before.size == size).map(|before| before.root);
        if same_as_before.or_else(|| self.root_at(size)).is_some_and(|known| known != head.root) {
            return Err(violation(format_args!("its writer has seen another head of {size} commits")));
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

    fn append_leaf(&mut self, commit: &Commit) -> Result<()> {
        self.frontier.append(commit.leaf);
        let root = self.frontier.root();
        if commit.tree_root.is_some_and(|said| said != root) {
            return Err(violation("its tree root is another than computed"));
        }
        self.roots.push_back(root);
        if self.roots.len() > ROOTS_KEPT_MAX {
            self.roots.pop_front();
            self.first_root_size += 1;
        }
        Ok(())
    }
}

/// Checks that the redactions of a batch name only what comes before it.
fn check_redactions(batch: &Batch, first_sequence: u64) -> Result<()> {
    for (index, _) in batch.events.iter().enumerate().filter(|(_, event)| event.kind == EventKind::Redaction) {
        let end = batch.authority_of(index)?.redaction.as_ref().map_or(0, Redaction::end);
        if end > first_sequence {
            let why = format!("event {index}: a redaction names only what is before its batch");
            return Err(Error::new(Reason::RedactionInvalid, why).with("event_index", index));
        }
    }
    Ok(())
}

fn root_keys(genesis: &Genesis) -> Keys {
    genesis.roots.iter().map(|root| (root.fingerprint(), root.clone())).collect()
}

fn prepare_batch(stored: StoredBatch) -> Result<PreparedBatch> {
    let StoredBatch { run, commit } = stored;
    let checked = Batch::parse(&run).and_then(|batch| check_batch(&batch, Provenance::Stored).map(|_| batch));
    match checked {
        Ok(batch) => Ok(PreparedBatch { batch: Arc::new(batch), commit }),
        Err(error) => Err(at(&commit, &error)),
    }
}

fn violation(why: impl std::fmt::Display) -> Error {
    Error::new(Reason::VerificationFailed, why.to_string())
}

/// Says which commit it is that something is wrong with.
fn at(commit: &Commit, error: &Error) -> Error {
    let number = commit.header.commit;
    let why = error.message();
    if error.reason() == Reason::Unsupported {
        return Error::new(Reason::Unsupported, format!("commit {number}: {why}")).with("commit", number);
    }
    let message = format!(
        "commit {number} does not verify: {why}. Nothing of it was used; the server, or its copy of the chain, can't be trusted"
    );
    Error::new(Reason::VerificationFailed, message).with("commit", number)
}

/// One batch by itself that is to be verified: `strangers` are to be found first.
pub(crate) struct SingleBatch {
    genesis: Arc<Genesis>,
    prepared: PreparedBatch,
    signers: Vec<Fingerprint>,
}

impl SingleBatch {
    /// Looks at form and hashes. Fails with VERIFICATION_FAILED.
    pub fn new(genesis: Arc<Genesis>, stored: StoredBatch) -> Result<Self> {
        let prepared = prepare_batch(stored)?;
        let signers = if prepared.batch.is_genesis() { Ok(Vec::new()) } else { signers_of(&prepared.batch) };
        let signers = signers.map_err(|error| at(&prepared.commit, &error))?;
        Ok(SingleBatch { genesis, prepared, signers })
    }

    /// The signers that are no roots of the genesis.
    pub fn strangers(&self) -> Vec<Fingerprint> {
        let keys = root_keys(&self.genesis);
        self.signers.iter().filter(|signer| !keys.contains_key(*signer)).copied().collect()
    }

    /// Verifies who vouches for it, and that its commit is of it.
    ///
    /// Its place, which an inclusion proof shows, its writer's other batches, and that it is allowed are not checked.
    pub fn verify(self, strangers: &[PublicKey]) -> Result<VerifiedBatch> {
        let PreparedBatch { batch, commit } = self.prepared;
        let verified = (|| {
            let vouched_by = vouched_by(&batch, self.genesis.trust_mode)?;
            let keys = if batch.is_genesis() {
                root_keys(&self.genesis)
            } else {
                keys_of_signers(&batch, &self.signers, &KeyRing::new(&self.genesis.roots, strangers))?
            };
            verify_signatures(&batch.seal, &keys)?;
            let header = &commit.header;
            let fits = header.seal_hash == batch.seal.hash
                && header.events == batch.seal.events
                && batch.is_genesis() == (header.commit == 0)
                && batch.seal.chain_id == self.genesis.chain_id;
            if fits { Ok(vouched_by) } else { Err(violation("its commit or its chain is another")) }
        })();
        match verified {
            Ok(vouched_by) => Ok(VerifiedBatch { batch, commit, vouched_by }),
            Err(error) => Err(at(&commit, &error)),
        }
    }
}
