//! The read key of a group's chain follows who is in the group.

use crate::account::opened::OpenedGroup;
use crate::client::new_event::AppendOptions;
use crate::client::reader_changes::Change;
use crate::client::sealing_writer::{Assumptions, SealingWriter};
use crate::client::sharing::SharedObject;
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::rules::ReadRule;
use crate::reason::Reason;
use crate::trust::authority::Authority;

impl SealingWriter {
    /// Has a new read key handed out to the keys that the roles of the chain's group have now, where the one that there is was given to
    /// one that a role had before.
    ///
    /// What the roles' keys are, the group's acts say, and never the server's answers in the chain, which anybody who has the server
    /// could have it sign.
    pub(super) async fn renew(&self, assumptions: &mut Assumptions) -> Result<()> {
        let Some(group) = self.own_key.current_group().await? else {
            return Ok(());
        };
        let version = group.group.version();
        if assumptions.renewed_for == Some(version) {
            return Ok(());
        }
        if self.is_due(assumptions, &group).await? {
            let (change, options) = (Change::Renew(&group), AppendOptions::default());
            let changed = self.change_holding(assumptions, &SharedObject::default(), &change, &options).await;
            // Somebody else may have been faster.
            if let Err(error) = changed
                && self.is_due(assumptions, &group).await.unwrap_or(true)
            {
                return Err(error);
            }
        }
        assumptions.renewed_for = Some(version);
        Ok(())
    }

    async fn is_due(&self, assumptions: &mut Assumptions, group: &OpenedGroup) -> Result<bool> {
        assumptions.has_reached = false;
        self.reach(assumptions).await?;
        let holders = |id: &Hash| self.reader.with_read_keys(|read_keys| read_keys.holders_of(id));
        let readers = self.reader.with_rules(|authority, _| renewed_readers(authority, group, holders))??;
        Ok(readers.is_some())
    }
}

/// Who is to read a chain, where its read key was handed out to keys that roles of its group have no more: the keys that these have now,
/// and all others that count; None where nothing is to be changed.
pub(super) fn renewed_readers(
    authority: &Authority,
    group: &OpenedGroup,
    holders_of: impl Fn(&Hash) -> Vec<Fingerprint>,
) -> Result<Option<Vec<PublicKey>>> {
    let Some(ReadRule::ReadKey(id)) = authority.read_rule_for(None, None, false) else {
        return Ok(None);
    };
    let holders = holders_of(&id);
    if holders.iter().all(|one| group.successor_of(one).is_none()) {
        return Ok(None);
    }
    let mut staying = Vec::new();
    for one in &holders {
        let key = match group.successor_of(one) {
            Some(successor) => successor,
            None if authority.keys.is_changed(one) => continue,
            None => authority.keys.find(one).ok_or_else(|| {
                let name = hex(one);
                let why = format!("the chain doesn't know the public key {name} of a reader. Set all readers instead");
                Error::new(Reason::KeyUnknown, why).with("fingerprint", name)
            })?,
        };
        staying.push(key.clone());
    }
    Ok(Some(staying))
}
