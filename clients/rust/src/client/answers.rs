//! What is common to the answers of a server: nothing of them is believed by itself.

use bytes::Bytes;

use crate::client::schema::tree_head;
use crate::crypto::array;
use crate::crypto::hashes::Hash;
use crate::crypto::merkle::TreeHead;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::reason::Reason;

/// The failure of an answer that can't be.
pub(crate) fn untrue(what: impl std::fmt::Display) -> Error {
    Error::new(Reason::VerificationFailed, format!("the server's answer can't be true: {what}"))
}

/// Takes an answer apart. Fails with VERIFICATION_FAILED.
pub(crate) fn answer(data: Bytes) -> Result<Message> {
    Message::parse(data).map_err(|error| untrue(format_args!("it can't be read: {}", error.message())))
}

/// A message within an answer; an empty one where it is absent.
pub(crate) fn part(message: &Message, number: u32) -> Result<Message> {
    answer(message.bytes(number))
}

/// A hash within an answer.
pub(crate) fn hash_in(message: &Message, number: u32) -> Result<Hash> {
    array(&message.bytes(number)).ok_or_else(|| untrue("a hash or an id has another length than 32 bytes"))
}

/// The hashes of a proof.
pub(crate) fn hashes_in(message: &Message, number: u32) -> Result<Vec<Hash>> {
    let hashes: Option<Vec<Hash>> = message.all(number).map(|one| array(&one)).collect();
    hashes.ok_or_else(|| untrue("a hash of a proof has another length than 32 bytes"))
}

/// A head within an answer.
pub(crate) fn head_in(message: &Message, number: u32) -> Result<TreeHead> {
    let head = part(message, number)?;
    Ok(TreeHead { size: head.number(tree_head::SIZE), root: hash_in(&head, tree_head::ROOT)? })
}
