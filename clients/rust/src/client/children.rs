//! Lists of children, verified: that each event is in the chain, has its object where it was asked for, and the order.

use std::sync::Arc;

use crate::client::answers::{answer, hashes_in, head_in};
use crate::client::calls::methods;
use crate::client::chain_event::{ChainEvent, events_of};
use crate::client::events::EventSink;
use crate::client::get::event_at;
use crate::client::reading::ChainReader;
use crate::client::schema::{child, child_position, children_request, children_response, inclusion};
use crate::crypto::array;
use crate::crypto::merkle::{TreeHead, verify_consistency, verify_inclusion};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::commit::split_slice;
use crate::events::event::{DataState, EventKind};
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
type Order = (PrimaryKey, PrimaryKey);

/// A list as far as it has come.
struct Listing<'a> {
    reader: &'a ChainReader,
    of: &'a Children,
    known_before: TreeHead,
    /// Of the message before.
    head: Option<TreeHead>,
    /// Of the child before, or what all are behind.
    order: Option<Order>,
    count: u64,
    /// Batches of the message before, which named no child.
    carried: Vec<VerifiedBatch>,
}

impl ChainReader {
    /// Lists children into a sink.
    pub async fn children(&self, of: &Children, sink: &EventSink<ChildEvent>) -> Result<()> {
        if of.parent.is_none() && of.collection.is_none() {
            return Err(Error::invalid("parent", "a parent or a collection is required"));
        }
        if of.limit == Some(0) {
            return Ok(());
        }
        let after = of.after.map(|(collection, key)| {
            let position = FieldWriter::new().maybe(child_position::COLLECTION, collection);
            position.bytes(child_position::PRIMARY_KEY, &key).finish()
        });
        let mut request = FieldWriter::new()
            .bytes(children_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
            .bytes(children_request::CHAIN_ID, &self.genesis()?.chain_id)
            .maybe(children_request::PARENT, of.parent)
            .maybe(children_request::COLLECTION, of.collection);
        if let Some(after) = after {
            request = request.message(children_request::AFTER, &after);
        }
        let request = request.varint(children_request::LIMIT, of.limit.unwrap_or(0));
        let order = of.after.map(|(collection, key)| (collection.unwrap_or_default(), key));
        let known_before = self.known()?;
        let mut listing = Listing { reader: self, of, known_before, head: None, order, count: 0, carried: Vec::new() };
        let mut answers = self.calls.answers(methods::LIST_CHILDREN, request.finish(), None).await?;
        loop {
            let message = answers.next().await?.ok_or_else(|| bad("it ends without saying so"))?;
            let message = answer(message)?;
            for found in listing.take(&message).await? {
                sink.give(found).await?;
            }
            if message.bool(children_response::IS_LAST) {
                break;
            }
        }
        if answers.next().await?.is_some() {
            return Err(bad("something follows its end"));
        }
        Ok(())
    }
}

impl Listing<'_> {
    /// The children of the next message.
    async fn take(&mut self, message: &Message) -> Result<Vec<ChildEvent>> {
        let head = head_in(message, children_response::HEAD)?;
        self.go_on(head, message).await?;
        let batches = self.batches_of(&head, message).await?;
        if let Some(newest) = batches.last() {
            let header = &newest.commit.header;
            self.reader.check_allowed(header.next_sequence(), header.commit, &head).await?;
        }
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
            events.push(self.child(sequence, moved_by, &all, &mut is_used).await?);
        }
        if is_used.iter().all(|is_used| *is_used) { Ok(events) } else { Err(bad("it comes with batches of no child")) }
    }

    /// Checks that the head of a message goes on that of the one before.
    async fn go_on(&mut self, head: TreeHead, message: &Message) -> Result<()> {
        match self.head.replace(head) {
            None => self.reader.tie(&head, &self.known_before).await,
            Some(before) => {
                let consistency = hashes_in(message, children_response::CONSISTENCY)?;
                let follows = verify_consistency(&before, &head, &consistency);
                if follows { Ok(()) } else { Err(bad("its heads do not follow one another")) }
            }
        }
    }

    /// The batches of a message, verified.
    async fn batches_of(&self, head: &TreeHead, message: &Message) -> Result<Vec<VerifiedBatch>> {
        let stored = split_slice(&message.bytes(children_response::LOG)).map_err(|error| bad(error.message()))?;
        let inclusions: Vec<_> = message.all(children_response::INCLUSIONS).collect();
        if stored.len() != inclusions.len() {
            return Err(bad("it has other proofs than batches"));
        }
        let mut verified: Vec<VerifiedBatch> = Vec::with_capacity(stored.len());
        for (one, shown) in stored.into_iter().zip(inclusions) {
            let (leaf, commit) = (one.commit.leaf, one.commit.header.commit);
            if verified.last().is_some_and(|before| commit <= before.commit.header.commit) {
                return Err(bad("its batches are in another order"));
            }
            let proof = hashes_in(&answer(shown)?, inclusion::HASHES)?;
            if !verify_inclusion(&leaf, commit, head.size, &proof, &head.root) {
                return Err(bad(format_args!("commit {commit} is not in the tree of the head that the server names")));
            }
            let single = SingleBatch::new(Arc::clone(&self.reader.genesis()?), one, LeftOut::Any)?;
            let strangers = self.reader.find_keys(&single.strangers()).await?;
            verified.push(single.verify(&strangers)?);
        }
        Ok(verified)
    }

    /// One child, from the batches that its events are in.
    async fn child(
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
        self.comes_next((collection.unwrap_or_default(), key))?;
        self.reader.check_gone(&event, true).await?;
        Ok(ChildEvent { event: self.reader.opened(event).await?, moved_by, parent, collection })
    }

    fn comes_next(&mut self, order: Order) -> Result<()> {
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
fn bad(why: impl std::fmt::Display) -> Error {
    let message = format!(
        "the list of children that the server sent does not verify: {why}. What was handed on before is part of the chain and verified"
    );
    Error::new(Reason::VerificationFailed, message)
}
