//! Lists children of objects.

use crate::client::answers::answer;
use crate::client::calls::methods;
use crate::client::child_list::{ChildEvent, ChildList, Children, bad};
use crate::client::events::EventSink;
use crate::client::reading::ChainReader;
use crate::client::schema::{child_position, children_request, children_response};
use crate::crypto::merkle::TreeHead;
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};

impl ChainReader {
    /// Lists children into a sink.
    pub async fn children(&self, of: &Children, sink: &EventSink<ChildEvent>) -> Result<()> {
        if of.parent.is_none() && of.collection.is_none() {
            return Err(Error::invalid("parent", "a parent or a collection is required"));
        }
        if of.limit == Some(0) {
            return Ok(());
        }
        let genesis = self.genesis()?;
        let mut request = FieldWriter::new()
            .bytes(children_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
            .bytes(children_request::CHAIN_ID, &genesis.chain_id)
            .maybe(children_request::PARENT, of.parent)
            .maybe(children_request::COLLECTION, of.collection);
        if let Some((collection, key)) = of.after {
            let position = FieldWriter::new().maybe(child_position::COLLECTION, collection);
            let position = position.bytes(child_position::PRIMARY_KEY, &key).finish();
            request = request.message(children_request::AFTER, &position);
        }
        let request = request.varint(children_request::LIMIT, of.limit.unwrap_or(0));
        let mut known = Some(self.known()?);
        let mut list = ChildList::new(genesis, *of);
        let mut answers = self.calls.answers(methods::LIST_CHILDREN, request.finish(), None).await?;
        loop {
            let message = answers.next().await?.ok_or_else(|| bad("it ends without saying so"))?;
            let message = answer(message)?;
            for child in self.children_in(&mut list, &message, known.take()).await? {
                sink.give(child).await?;
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

    /// The children of the next message, verified and opened. `known`: the head that the first one's is compared with.
    async fn children_in(
        &self,
        list: &mut ChildList,
        message: &Message,
        known: Option<TreeHead>,
    ) -> Result<Vec<ChildEvent>> {
        let (head, singles) = list.batches_in(message)?;
        if let Some(known) = known {
            self.tie(&head, &known).await?;
        }
        let mut batches = Vec::with_capacity(singles.len());
        for single in singles {
            let strangers = self.find_keys(&single.strangers()).await?;
            batches.push(single.verify(&strangers)?);
        }
        if let Some(newest) = batches.last() {
            let header = &newest.commit.header;
            self.check_allowed(header.next_sequence(), header.commit, &head).await?;
        }
        let mut children = list.children_in(message, batches)?;
        for child in &mut children {
            self.check_gone(&child.event, true).await?;
            child.event = self.opened(child.event.clone()).await?;
        }
        Ok(children)
    }
}
