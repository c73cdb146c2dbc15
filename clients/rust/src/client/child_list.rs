//! A list of children as it comes, verified: that each event is in the chain, has its object where it was asked for, and the order.

use std::sync::Arc;

use crate::client::answers::{answer, hashes_in, head_in};
use crate::client::chain_event::{ChainEvent, events_of};
use crate::client::get::event_at;
use crate::client::schema::{child, children_response, inclusion};
use crate::crypto::array;
use crate::crypto::merkle::{TreeHead, verify_consistency, verify_inclusion};
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::commit::split_slice;
use crate::events::event::{DataState, EventKind};
use crate::events::genesis::Genesis;
use crate::events::primary_key::PrimaryKey;
use crate::reason::Reason;
use crate::trust::check_gone::LeftOut;
use crate::trust::replay::VerifiedBatch;
use crate::trust::single::SingleBatch;

/// Which children are listed. One of parent and collection has to be named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Children {
    /// Whose. None: those at the root of the chain.
    pub parent: Option<PrimaryKey>,
    /// Only those in this collection. None: of all, and those in none.
    pub collection: Option<PrimaryKey>,
    /// Only those behind this one, which came before: its collection and its key.
    pub after: Option<(Option<PrimaryKey>, PrimaryKey)>,
    /// How many at most. None: all.
    pub limit: Option<u64>,
}

/// The newest event of a child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildEvent {
    /// The event. What it says of where its object is may have been true only then.
    pub event: ChainEvent,
    /// Sequence of the event of rules that has moved the object since. None: none has.
    pub moved_by: Option<u64>,
    /// Where the object is.
    pub parent: Option<PrimaryKey>,
    /// The collection that it is in.
    pub collection: Option<PrimaryKey>,
}

/// Collection (zeros for none), then key: what children of one parent are ordered by.
pub(crate) fn order_of(collection: Option<PrimaryKey>, key: PrimaryKey) -> [u8; 32] {
    let mut order = [0; 32];
    order[..16].copy_from_slice(&collection.unwrap_or_default());
    order[16..].copy_from_slice(&key);
    order
}

/// A list as far as it has come. It asks nobody for anything: that its heads are of the chain that is known, that events were allowed,
/// and that data which is gone may be, is its caller's to see.
pub(crate) struct ChildList {
    genesis: Arc<Genesis>,
    of: Children,
    /// Of the message before.
    head: Option<TreeHead>,
    /// Of the child before, or what all are behind.
    order: Option<[u8; 32]>,
    count: u64,
    /// Batches of the message before, which named no child.
    carried: Vec<VerifiedBatch>,
}

impl ChildList {
    pub fn new(genesis: Arc<Genesis>, of: Children) -> Self {
        let order = of.after.map(|(collection, key)| order_of(collection, key));
        ChildList { genesis, of, head: None, order, count: 0, carried: Vec::new() }
    }

    /// Looks at the next message: its head, which goes on that of the one before, and its batches, which are in that one's tree.
    pub fn batches_in(&mut self, message: &Message) -> Result<(TreeHead, Vec<SingleBatch>)> {
        let head = head_in(message, children_response::HEAD)?;
        if let Some(before) = self.head.replace(head) {
            let consistency = hashes_in(message, children_response::CONSISTENCY)?;
            if !verify_consistency(&before, &head, &consistency) {
                return Err(bad("its heads do not follow one another"));
            }
        }
        let stored = split_slice(&message.bytes(children_response::LOG)).map_err(|error| bad(error.message()))?;
        let inclusions: Vec<_> = message.all(children_response::INCLUSIONS).collect();
        if stored.len() != inclusions.len() {
            return Err(bad("it has other proofs than batches"));
        }
        let mut next_commit = 0;
        let mut singles = Vec::with_capacity(stored.len());
        for (one, shown) in stored.into_iter().zip(inclusions) {
            let (leaf, commit) = (one.commit.leaf, one.commit.header.commit);
            if commit < next_commit {
                return Err(bad("its batches are in another order"));
            }
            next_commit = commit + 1;
            let proof = hashes_in(&answer(shown)?, inclusion::HASHES)?;
            if !verify_inclusion(&leaf, commit, head.size, &proof, &head.root) {
                return Err(bad(format_args!("commit {commit} is not in the tree of the head that the server names")));
            }
            singles.push(SingleBatch::new(Arc::clone(&self.genesis), one, LeftOut::Any)?);
        }
        Ok((head, singles))
    }

    /// The children of a message, whose batches were verified. Sealed data is as it is stored.
    pub fn children_in(&mut self, message: &Message, batches: Vec<VerifiedBatch>) -> Result<Vec<ChildEvent>> {
        let fresh = batches.len();
        let mut all = std::mem::take(&mut self.carried);
        let has_carried = !all.is_empty();
        all.extend(batches);
        let children: Vec<_> = message.all(children_response::CHILDREN).collect();
        if children.is_empty() && !message.bool(children_response::IS_LAST) {
            if fresh == 0 || has_carried {
                return Err(bad("a message of it names no children"));
            }
            self.carried = all;
            return Ok(Vec::new());
        }
        let mut is_used = vec![false; all.len()];
        let mut events = Vec::with_capacity(children.len());
        for named in children {
            let named = answer(named)?;
            let (sequence, moved_by) = (named.number(child::SEQUENCE), named.present_number(child::MOVED_BY));
            events.push(self.child(sequence, moved_by, &all, &mut is_used)?);
        }
        if is_used.iter().all(|is_used| *is_used) { Ok(events) } else { Err(bad("it comes with batches of no child")) }
    }

    /// One child, from the batches that its events are in.
    fn child(
        &mut self,
        sequence: u64,
        moved_by: Option<u64>,
        batches: &[VerifiedBatch],
        is_used: &mut [bool],
    ) -> Result<ChildEvent> {
        let mut holder_of = |sequence: u64| {
            let found = batches.iter().position(|batch| event_at(batch, sequence).is_some());
            let place = found.ok_or_else(|| bad(format_args!("the batch of sequence {sequence} is not there")))?;
            is_used[place] = true;
            Ok(&batches[place])
        };
        let own = holder_of(sequence)?;
        let event = events_of(own, sequence, Some(sequence + 1))?.pop();
        let event = event.ok_or_else(|| bad(format_args!("sequence {sequence} is not in its batch")))?;
        let Some(key) = event.primary_key.filter(|_| event.kind == EventKind::Data) else {
            return Err(bad(format_args!("the event at sequence {sequence} has no object there")));
        };
        if event.data_state == Some(DataState::Omitted) {
            return Err(bad(format_args!("the data of the event at sequence {sequence} is left out")));
        }
        let (parent, collection) = match moved_by {
            None => (event.parent, event.collection),
            Some(moved_by) => place_of_move(holder_of(moved_by)?, moved_by, sequence, &key)?,
        };
        if parent != self.of.parent || self.of.collection.is_some_and(|asked| collection != Some(asked)) {
            return Err(bad(format_args!("the object of sequence {sequence} is elsewhere")));
        }
        self.comes_next(order_of(collection, key))?;
        Ok(ChildEvent { event, moved_by, parent, collection })
    }

    fn comes_next(&mut self, order: [u8; 32]) -> Result<()> {
        if self.order.is_some_and(|before| order <= before) {
            return Err(bad("the children are in another order, or one comes twice"));
        }
        self.order = Some(order);
        self.count += 1;
        if self.of.limit.is_some_and(|limit| self.count > limit) {
            return Err(bad("it has more than was asked for"));
        }
        Ok(())
    }
}

/// Where an event of rules has moved an object.
fn place_of_move(
    batch: &VerifiedBatch,
    moved_by: u64,
    sequence: u64,
    key: &PrimaryKey,
) -> Result<(Option<PrimaryKey>, Option<PrimaryKey>)> {
    if let Some((index, event)) = event_at(batch, moved_by) {
        let moves = event.kind == EventKind::Rules && batch.batch.authority_of(index)?.moves;
        if moves && moved_by > sequence && event.primary_key.as_ref() == Some(key) {
            let collection = Message::parse(event.header.clone())?.get(5).and_then(|one| array(&one));
            return Ok((event.parent, collection));
        }
    }
    Err(bad(format_args!(
        "the object of sequence {sequence} is said to be moved by sequence {moved_by}, which doesn't do that"
    )))
}

/// What a server has sent is not a list of the children that were asked for.
pub(crate) fn bad(why: impl std::fmt::Display) -> Error {
    let message = format!(
        "the list of children that the server sent does not verify: {why}. What was handed on before is part of the chain and verified"
    );
    Error::new(Reason::VerificationFailed, message)
}
