//! What allows data to be gone, where a reading has come to the head and has not seen it.

use crate::client::answers::{answer, part, untrue};
use crate::client::follower::Follower;
use crate::client::range::Range;
use crate::client::reading::{ChainReader, is_end_of};
use crate::client::schema::read_response;
use crate::crypto::merkle::TreeHead;
use crate::error::Result;
use crate::trust::replay::ReplayVerifier;
use crate::trust::retention::EventPlace;

/// A chain that grows and is compacted without an end is given up on.
const READINGS_MAX: usize = 16;

impl ChainReader {
    /// Reads on from the end of a range, since data in it is gone and what allows that may have been appended while it was read.
    ///
    /// Nothing of that is handed on. Gives the head that was read up to. Fails with VERIFICATION_FAILED where it isn't there.
    pub(super) async fn settle(&self, follower: &mut Follower) -> Result<TreeHead> {
        for _ in 0..READINGS_MAX {
            let before = follower.verifier.next_commit();
            Box::pin(self.read_on(follower)).await?;
            if follower.verifier.next_commit() == before || !follower.verifier.owed().is_owed() {
                break;
            }
        }
        self.settle_expired(&mut follower.verifier).await?;
        follower.verifier.owed().check_nothing_left()?;
        Ok(follower.verifier.head())
    }

    /// Reads from where a replay stands to the chain's end, and has it replayed.
    async fn read_on(&self, follower: &mut Follower) -> Result<()> {
        let range = Range { data_up_to: follower.data_up_to, ..Range::default() };
        let known = self.known()?;
        let from = follower.verifier.next_sequence();
        let (mut answers, said) = self.ask_range(Some(&follower.verifier), &range).await?;
        let head = self.check_start(Some(&follower.verifier), &said, &known, Some(from)).await?.head;
        while let Some(message) = answers.next().await? {
            let answer = answer(message)?;
            if let Some(log) = answer.get(read_response::LOG) {
                follower.feed(self, &log).await?;
                continue;
            }
            let reached = follower.verifier.head();
            let is_end =
                answer.has(read_response::END) && is_end_of(&reached, &head, &part(&answer, read_response::END)?)?;
            return if is_end && reached.size == head.size {
                Ok(())
            } else {
                Err(untrue("the end of a range is not that of the head that its start names"))
            };
        }
        Err(untrue("a range ends without saying so"))
    }

    /// Sees whether what a replay was told to have expired has, where it doesn't know the rules itself.
    ///
    /// Fails with VERIFICATION_FAILED, HEAD_CONFLICT where the history that was verified for that is another.
    pub(super) async fn settle_expired(&self, verifier: &mut ReplayVerifier) -> Result<()> {
        let Some(expired) = verifier.owed().expired().filter(|_| !verifier.checks_rules()) else {
            return Ok(());
        };
        if !self.has_expired(expired).await? {
            return Ok(());
        }
        let found = self.with_place(|place| place.map(|place| (place.head(), *place.retained())));
        if let Some((reached, floor)) = found {
            self.tie(&reached, &verifier.head()).await?;
            verifier.settle_below(&floor);
        }
        Ok(())
    }

    /// Whether the chain's rules for retention have let go the data of an event.
    ///
    /// Which rules those were follows from its history, so that is verified from its first event on, as far as it hasn't been: also by
    /// who takes the server's word for who may do what, since else a server could withhold whatever it likes.
    pub(super) async fn has_expired(&self, event: EventPlace) -> Result<bool> {
        let is_known = || self.with_place(|place| place.is_some_and(|place| place.retained().covers(event)));
        if is_known() {
            return Ok(true);
        }
        Box::pin(self.reach(None)).await?;
        Ok(is_known())
    }
}
