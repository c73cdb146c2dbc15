//! Events that say who reads: read keys that are made and handed out, and who is let into a private chain.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::client::new_event::{IdentifiedEvent, NewEvent};
use crate::crypto::data_key::{ReadKey, read_key_id};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::crypto::{hex, random};
use crate::error::{Error, Result};
use crate::events::event::EventKind;
use crate::events::primary_key::PrimaryKey;
use crate::events::rules::{Authorisation, ReadRule};
use crate::events::sealed_data::wrap_read_key;
use crate::limits::ADMITTED_KEYS_MAX;
use crate::reason::Reason;
use crate::trust::authority::Authority;

/// A key that is shown, and a read key that is wrapped for it, take 4.5 KiB of the 64 KiB that the header of an event may have.
const READERS_AN_EVENT_MAX: usize = 12;

/// An object whose data is shared. None of these: the root of the chain, and so all that inherits from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedObject {
    /// Its key.
    pub primary_key: Option<PrimaryKey>,
    /// Names the object instead: among the children of its parent, or in the chain.
    pub name: Option<String>,
    /// What its key is made from, with its parent, if that is how it came about.
    pub label: Option<[u8; 16]>,
    /// Its parent. None: the root of the chain.
    pub parent: Option<PrimaryKey>,
}

impl SharedObject {
    /// An event that is about its rules.
    pub(crate) fn event(&self) -> Result<IdentifiedEvent> {
        IdentifiedEvent::new(NewEvent {
            kind: EventKind::Rules,
            primary_key: self.primary_key,
            name: self.name.clone(),
            label: self.label,
            parent: self.parent,
            ..NewEvent::default()
        })
    }
}

/// Events that change who reads, and the read key that they hand out, if it is a new one.
pub(crate) struct ReaderChange {
    pub events: Vec<IdentifiedEvent>,
    pub read_key: Option<ReadKey>,
}

/// Makes a new read key, handed out to these and to nobody else. What was written before stays under the key of before.
pub(crate) fn set_readers(chain_id: &Hash, shared: &SharedObject, readers: &[PublicKey]) -> Result<ReaderChange> {
    let read_key = Zeroizing::new(random()?);
    let mut events = hand_out(chain_id, shared, &read_key, readers)?;
    if let Some(first) = events.first_mut() {
        let read = Some(ReadRule::ReadKey(read_key_id(&read_key)));
        first.event.rules = Some(Authorisation { read, ..Authorisation::default() });
    }
    Ok(ReaderChange { events, read_key: Some(read_key) })
}

/// Hands out a read key, to as many readers an event as fit.
pub(crate) fn hand_out(
    chain_id: &Hash,
    shared: &SharedObject,
    read_key: &[u8; 32],
    readers: &[PublicKey],
) -> Result<Vec<IdentifiedEvent>> {
    let mut once: Vec<PublicKey> = Vec::new();
    for reader in readers {
        if !once.contains(reader) {
            once.push(reader.clone());
        }
    }
    let about = shared.event()?;
    let mut events = Vec::new();
    for some in once.chunks(READERS_AN_EVENT_MAX) {
        let mut event = about.clone();
        event.event.public_keys = some.to_vec();
        event.wrapped_keys =
            some.iter().map(|reader| wrap_read_key(chain_id, read_key, reader)).collect::<Result<_>>()?;
        events.push(event);
    }
    Ok(events)
}

/// The read key that an object's data is sealed with. Fails with REQUEST_INVALID where it is in clear.
pub(crate) fn sealed_by(authority: &Authority, shared: &SharedObject) -> Result<Hash> {
    let event = shared.event()?.event;
    match authority.read_rule_for(event.primary_key, event.parent, false) {
        Some(ReadRule::ReadKey(id)) => Ok(id),
        _ => {
            let why = "its data is not sealed, so there is no read key to hand out or take back: set its readers first";
            Err(Error::invalid("object", why))
        }
    }
}

/// Who stays: those who were given the read key, less these and less those that count no more.
///
/// A successor isn't taken in their place: roots, who may not read it, can replace keys. Fails with REQUEST_INVALID where one of
/// them doesn't read it; KEY_UNKNOWN.
pub(crate) fn readers_without(
    authority: &Authority,
    holders: &[Fingerprint],
    removed: &[Fingerprint],
    own: &PublicKey,
) -> Result<Vec<PublicKey>> {
    for fingerprint in removed {
        let name = hex(fingerprint);
        if *fingerprint == own.fingerprint() {
            let why = format!("{name} is the key that you write with, and who sets readers is one of them");
            return Err(Error::invalid("readers", why));
        }
        if !holders.contains(fingerprint) {
            let why = format!("{name} was not given the read key, so it can't be taken off");
            return Err(Error::invalid("readers", why));
        }
    }
    let staying = holders.iter().filter(|holder| !removed.contains(holder) && !authority.keys.is_changed(holder));
    staying
        .map(|holder| {
            authority.keys.find(holder).cloned().ok_or_else(|| {
                let name = hex(holder);
                let why = format!("the chain doesn't know the public key {name} of a reader. Set all readers instead");
                Error::new(Reason::KeyUnknown, why).with("fingerprint", name)
            })
        })
        .collect()
}

/// Whether what is shared is the whole chain, whose data is in clear: then there is no read key to hand out.
pub(crate) fn is_clear_chain(authority: &Authority, shared: &SharedObject) -> Result<bool> {
    let is_chain = shared.event()?.event.primary_key.is_none();
    Ok(is_chain && authority.read_rule_for(None, None, false) == Some(ReadRule::Everyone))
}

fn admit_event(admit: BTreeSet<Fingerprint>) -> Result<IdentifiedEvent> {
    let rules = Authorisation { admit: Some(admit.into_iter().collect()), ..Authorisation::default() };
    IdentifiedEvent::new(NewEvent { kind: EventKind::Rules, rules: Some(rules), ..NewEvent::default() })
}

/// Lets readers into a private chain; nothing where they may open it already. Only a root may append that.
pub(crate) fn admit(authority: &Authority, readers: &[PublicKey]) -> Result<Vec<IdentifiedEvent>> {
    let mut admitted: BTreeSet<Fingerprint> = authority.admitted().copied().collect();
    let before = admitted.len();
    admitted.extend(readers.iter().map(PublicKey::fingerprint).filter(|name| !authority.admits(name)));
    if admitted.len() == before {
        return Ok(Vec::new());
    }
    if admitted.len() > ADMITTED_KEYS_MAX {
        let message = format!(
            "the chain lets in {before} keys besides those that its other rules name, and {ADMITTED_KEYS_MAX} is the limit. Take \
             some off first"
        );
        return Err(Error::new(Reason::TooManyKeys, message).with("limit_keys", ADMITTED_KEYS_MAX));
    }
    // Named, not shown: an event shows few keys, and to be let in a key shows itself.
    Ok(vec![admit_event(admitted)?])
}

/// Lets keys into a private chain no more; nothing where they weren't let in by the rule for that.
pub(crate) fn keep_out(authority: &Authority, removed: &[Fingerprint]) -> Result<Vec<IdentifiedEvent>> {
    // A key that was replaced is named by the one of before.
    let is_removed = |name: &Fingerprint| {
        removed.contains(name) || authority.keys.current_of(name).is_some_and(|current| removed.contains(&current))
    };
    let staying: BTreeSet<Fingerprint> = authority.admitted().filter(|name| !is_removed(name)).copied().collect();
    if staying.len() == authority.admitted().count() {
        return Ok(Vec::new());
    }
    Ok(vec![admit_event(staying)?])
}

/// The failure of a read key that none of the client's keys was given.
pub(crate) fn read_key_missing(id: &Hash, holders: &[Fingerprint]) -> Error {
    let who: Vec<String> = holders.iter().map(|one| hex(one)).collect();
    let ask = if who.is_empty() {
        "nobody was given it, as far as is known".to_owned()
    } else {
        format!("these were: {}. Ask one of them who may change who reads to share it", who.join(", "))
    };
    let id = hex(id);
    let error =
        Error::new(Reason::ReadKeyMissing, format!("the read key {id} was not given to any of your keys; {ask}"));
    error.with("read_key_id", id).with("holders", who.join(","))
}
