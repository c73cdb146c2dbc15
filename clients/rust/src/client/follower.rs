//! A replay of what a server sends, compared with every head that is known or was named.

use bytes::Bytes;

use crate::client::answers::untrue;
use crate::client::reading::ChainReader;
use crate::crypto::merkle::TreeHead;
use crate::error::Result;
use crate::trust::checkpoints::SignedHead;
use crate::trust::replay::{ReplayVerifier, VerifiedBatch};

/// Heads that a server has named and not yet sent the history of.
const NAMED_MAX: usize = 16;

/// Verifies slices, and moves the known head on.
pub(crate) struct Follower {
    pub verifier: ReplayVerifier,
    pub start_head: TreeHead,
    pub known_before: TreeHead,
    /// Sequence up to which a replay without rules is of what was verified with them; None: it goes as far as it goes.
    covered: Option<u64>,
    /// Number of the commit that it began with.
    begun_at: u64,
    named: Vec<TreeHead>,
    /// Data of more bytes was asked to be left out; None: none was.
    pub data_up_to: Option<u64>,
}

impl Follower {
    /// `known_before`: the newest known head when the server was asked; `covered`: see there.
    pub fn new(
        verifier: ReplayVerifier,
        start_head: TreeHead,
        (known_before, covered): (TreeHead, Option<u64>),
        data_up_to: Option<u64>,
    ) -> Self {
        let begun_at = verifier.next_commit();
        Follower { verifier, start_head, known_before, covered, begun_at, named: vec![start_head], data_up_to }
    }

    /// Verifies the next slice.
    pub async fn feed(&mut self, reader: &ChainReader, data: &Bytes) -> Result<Vec<VerifiedBatch>> {
        let prepared = ReplayVerifier::prepare(data, self.data_up_to.into())?;
        let strangers = self.verifier.strangers(&prepared)?;
        if !strangers.is_empty() {
            let keys = reader.find_keys(&strangers).await?;
            self.verifier.learn(&keys)?;
        }
        if self.verifier.checks_rules() {
            let batches = self.verifier.verify_prepared(prepared)?;
            reader.learn(&batches)?;
            self.compare(reader).await?;
            return Ok(batches);
        }
        // Where something is asked for in between, and doesn't come, nothing of the slice was taken.
        let mut verifier = self.verifier.clone();
        let batches = verifier.verify_prepared(prepared)?;
        if self.covered.is_some_and(|covered| verifier.next_sequence() > covered) {
            // Behind what was verified: the rules for it are verified by a replay of their own.
            let (head, next) = Box::pin(reader.reach(Some(verifier.next_sequence()))).await?;
            reader.tie(&head, &verifier.head()).await?;
            self.covered = Some(next);
        }
        self.verifier = verifier;
        self.compare(reader).await?;
        Ok(batches)
    }

    /// Takes note of a head that the server names in between. Fails with HEAD_CONFLICT.
    pub async fn name(&mut self, reader: &ChainReader, head: TreeHead) -> Result<()> {
        if head.size < self.verifier.next_commit() {
            return Ok(());
        }
        if self.named.len() == NAMED_MAX {
            self.named.remove(0);
        }
        self.named.push(head);
        self.compare(reader).await
    }

    /// Compares a checkpoint of what was replayed, and keeps it. Fails with VERIFICATION_FAILED, HEAD_CONFLICT.
    pub async fn attested(&self, reader: &ChainReader, signed: SignedHead, before: Option<&SignedHead>) -> Result<()> {
        if signed.head.size > self.verifier.next_commit() {
            let size = signed.head.size;
            return Err(untrue(format_args!("it shows a checkpoint of {size} commits, and has sent fewer")));
        }
        let root = self.verifier.root_at(signed.head.size);
        reader.opener.keep_checkpoint(signed, root, before).await
    }

    /// Compares the tree with what is known and named, at every size that was passed; then moves the known head on.
    async fn compare(&mut self, reader: &ChainReader) -> Result<()> {
        let passed = self.verifier.next_commit();
        for head in self.named.iter().filter(|head| head.size <= passed) {
            let root = self.verifier.root_at(head.size);
            if let Some(root) = root.filter(|root| *root != head.root) {
                let known = TreeHead { size: head.size, root };
                return Err(reader.opener.conflict(
                    "it names another head than its own history has",
                    &known,
                    Some(head),
                ));
            }
        }
        self.named.retain(|head| head.size > passed);
        let Some(newest) = reader.opener.newest() else {
            return Ok(());
        };
        let Some(root) = self.verifier.root_at(newest.size) else {
            if self.begun_at < newest.size && newest.size < passed {
                // It lies within what is gone, so that it was passed without being compared.
                let head = self.verifier.head();
                reader.tie(&head, &newest).await?;
                reader.opener.advance(Some(newest), head);
            }
            return Ok(());
        };
        if root != newest.root {
            let served = TreeHead { size: newest.size, root };
            return Err(reader.opener.conflict("its chain has another history than it had", &newest, Some(&served)));
        }
        reader.opener.advance(Some(newest), self.verifier.head());
        Ok(())
    }
}
