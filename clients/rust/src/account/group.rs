//! What a group is, by its acts: each is the next, is signed by those who may, and no others, and changes what can be changed so.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;

use crate::account::act::{Act, ActChange, Member, RoleChange, invalid};
use crate::account::act_forms::{MEMBERS_MAX, ROLES_MAX};
use crate::account::roles::{GROUP_ROLES, includes_role, is_role_name, role_above};
use crate::crypto::domains::CONTEXT_ACT;
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::reason::Reason;

/// Whoever reads a group has all of its acts. The last of each is left to owners, so that a delegate who uses them up can be removed.
const ACTS: Room = Room { max: 10_000, reserve: 1_000 };
const ACT_BYTES: Room = Room { max: 128 << 20, reserve: 32 << 20 };
const CHANGED_KEYS: Room = Room { max: 1_024, reserve: 256 };

/// How much there may be of something, and what of that only owners use.
struct Room {
    max: usize,
    reserve: usize,
}

impl Room {
    fn for_whom(&self, is_owners: bool) -> usize {
        if is_owners { self.max } else { self.max - self.reserve }
    }
}

/// A role, as it is.
#[derive(Clone, Debug)]
struct Role {
    key: PublicKey,
    members: HashMap<Fingerprint, Member>,
    /// The role's secret for each member, and for the role above.
    wraps: HashMap<Fingerprint, Bytes>,
}

type Roles = BTreeMap<String, Role>;

/// What a group is, after its acts.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    name: String,
    is_removed: bool,
    roles: Roles,
    /// Keys that count no more, with the role whose key it was; None: it was one that was delegated to.
    changed: Vec<(Fingerprint, Option<String>)>,
    /// Oldest first.
    acts: Vec<Act>,
    bytes: usize,
}

/// Who signs an act: one of some keys, where there are any, and all of others.
struct Signers {
    one_of: Vec<PublicKey>,
    all: Vec<PublicKey>,
}

impl Group {
    /// Verifies all acts of a group, from the keys that the first one names.
    ///
    /// Fails with ACT_INVALID, ACT_NOT_ALLOWED, SIGNATURE_INVALID, ACCOUNT_LIMIT, TOO_MANY_KEYS, GROUP_LIMIT.
    pub fn verify(name: &str, acts: Vec<Act>) -> Result<Self> {
        let mut group: Option<Group> = None;
        for act in acts {
            if !act.account.is_group || act.account.text != name {
                return Err(invalid("it is of another account"));
            }
            let (next, signers) = match group {
                None => Group::created(&act)?,
                Some(before) => before.changed(&act)?,
            };
            check_signed(&act, &signers)?;
            group = Some(next.with(act));
        }
        group.ok_or_else(|| invalid("there are no acts"))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn acts(&self) -> &[Act] {
        &self.acts
    }

    /// Of its last act.
    pub fn version(&self) -> u64 {
        self.acts.last().map_or(0, |act| act.version)
    }

    /// The hash of the act of a version; None: there is none.
    pub fn hash_of(&self, version: u64) -> Option<Hash> {
        usize::try_from(version).ok().and_then(|place| self.acts.get(place)).map(|act| act.hash)
    }

    /// The roles that there are, and their keys.
    pub fn role_keys(&self) -> impl Iterator<Item = (&str, &PublicKey)> {
        self.roles.iter().map(|(name, role)| (name.as_str(), &role.key))
    }

    /// The key that has the place of one that a role had; None: no role had this one, or still has it.
    pub fn successor_of(&self, key: &Fingerprint) -> Option<&PublicKey> {
        let (_, role) = self.changed.iter().find(|(changed, role)| changed == key && role.is_some())?;
        role.as_ref().and_then(|name| self.roles.get(name)).map(|role| &role.key)
    }

    fn with(mut self, act: Act) -> Self {
        self.bytes += act.bytes;
        self.acts.push(act);
        self
    }

    fn created(act: &Act) -> Result<(Self, Signers)> {
        let ActChange::Creation(changes) = &act.change else {
            return Err(invalid("the first act of a group creates it"));
        };
        if act.version != 0 {
            return Err(invalid("the first act of a group has the version 0"));
        }
        let mut group = Group {
            name: act.account.text.clone(),
            is_removed: false,
            roles: Roles::new(),
            changed: Vec::new(),
            acts: Vec::new(),
            bytes: 0,
        };
        group.change_roles(changes)?;
        if let Some(name) = GROUP_ROLES.iter().find(|name| !group.roles.contains_key(**name)) {
            return Err(invalid(format_args!("the group has no role {name}")));
        }
        let owners = group.members_of("owner");
        if owners.len() != 1 || group.roles.values().map(|role| role.members.len()).sum::<usize>() != 1 {
            return Err(invalid("a group is created with one member, who is its owner"));
        }
        let all = owners.into_iter().map(|owner| owner.act_key.clone()).collect();
        Ok((group, Signers { one_of: Vec::new(), all }))
    }

    /// What an act makes of the group, and who signs it.
    fn changed(self, act: &Act) -> Result<(Self, Signers)> {
        let last = self.acts.last();
        if self.is_removed || act.version != self.version() + 1 || act.previous != last.map(|last| last.hash) {
            return Err(invalid("it is not the next of the group, or the group was removed"));
        }
        let owners: Vec<PublicKey> = self.members_of("owner").into_iter().map(|one| one.act_key.clone()).collect();
        let delegates = self.members_of("delegate").into_iter().map(|one| one.key.clone());
        let both: Vec<PublicKey> = owners.iter().cloned().chain(delegates).collect();
        let is_owners = act.signatures.iter().any(|one| owners.iter().any(|key| key.fingerprint() == one.fingerprint));
        let changed_before = self.changed.len();
        let mut next = self;
        let one_of = match &act.change {
            ActChange::Removal => {
                next.is_removed = true;
                owners
            }
            ActChange::Revocation(key) => {
                let is_roles = next.roles.values().any(|role| role.key.fingerprint() == *key);
                if is_roles || next.has_changed(key) {
                    return Err(invalid("it takes back a key that is a role's, or was taken back already"));
                }
                next.changed.push((*key, None));
                both
            }
            ActChange::Roles(changes) => {
                next.change_roles(changes)?;
                let is_high = changes.iter().any(|change| matches!(change.name.as_str(), "owner" | "delegate"));
                if is_high { owners } else { both }
            }
            ActChange::Creation(_) | ActChange::Other => {
                return Err(invalid("it is of a user, or creates the group once more"));
            }
        };
        next.check_room(act, is_owners, changed_before)?;
        Ok((next, Signers { one_of, all: Vec::new() }))
    }

    fn members_of(&self, role: &str) -> Vec<&Member> {
        self.roles.get(role).into_iter().flat_map(|role| role.members.values()).collect()
    }

    fn has_changed(&self, key: &Fingerprint) -> bool {
        self.changed.iter().any(|(changed, _)| changed == key)
    }

    /// Has some roles changed, all at once.
    fn change_roles(&mut self, changes: &[RoleChange]) -> Result<()> {
        let before = std::mem::take(&mut self.roles);
        let mut after = before.clone();
        let mut last = "";
        for change in changes {
            if !is_role_name(&change.name) || change.name.as_str() <= last {
                return Err(invalid("its roles have no names that can be, or are not sorted by name, once each"));
            }
            last = &change.name;
            after.insert(change.name.clone(), changed_role(before.get(&change.name), change)?);
        }
        self.roles = after;
        self.check_keys(&before)?;
        for (name, was) in &before {
            let keeps_key = self.roles.get(name).is_some_and(|role| role.key == was.key);
            if !keeps_key {
                self.changed.push((was.key.fingerprint(), Some(name.clone())));
            } else if !openers(&before, name).is_subset(&openers(&self.roles, name)) {
                return Err(invalid(format_args!(
                    "somebody has the secret of the role {name}, and is to have it no more, and the role keeps its key"
                )));
            }
        }
        self.check_wraps(changes)?;
        if self.members_of("owner").is_empty() {
            return Err(invalid("the group would have no owner left"));
        }
        let members: usize = self.roles.values().map(|role| role.members.len()).sum();
        if members > MEMBERS_MAX || self.roles.len() > ROLES_MAX {
            let why = format!("the group {} would have more members or roles than can be", self.name);
            return Err(Error::new(Reason::GroupLimit, why));
        }
        Ok(())
    }

    /// New keys of roles were nobody's in the group, so that what a key was for is never unclear.
    fn check_keys(&self, before: &Roles) -> Result<()> {
        let mut names = HashSet::new();
        for (name, role) in &self.roles {
            let key = role.key.fingerprint();
            if !names.insert(key) {
                return Err(invalid(format_args!("two roles have the key {}", hex(&key))));
            }
            if before.get(name).is_some_and(|was| was.key == role.key) {
                continue;
            }
            let was_had = self.has_changed(&key)
                || before.values().any(|was| was.key.fingerprint() == key)
                || self.roles.values().any(|role| role.members.contains_key(&key));
            if was_had || !role.key.can_encrypt() {
                return Err(invalid(format_args!(
                    "the new key of the role {name} is one that the group had before, or nothing can be encrypted to it"
                )));
            }
        }
        Ok(())
    }

    /// Each secret is wrapped for those who are to have it, and no act gives one to anybody else.
    fn check_wraps(&mut self, changes: &[RoleChange]) -> Result<()> {
        let keys: BTreeMap<String, Fingerprint> =
            self.roles.iter().map(|(name, role)| (name.clone(), role.key.fingerprint())).collect();
        for (name, role) in &mut self.roles {
            let mut wanted: HashSet<Fingerprint> = role.members.keys().copied().collect();
            if let Some(above) = role_above(name) {
                let above = keys.get(above);
                wanted.insert(*above.ok_or_else(|| invalid("the group has no role above another one"))?);
            }
            if let Some(one) = wanted.iter().find(|one| !role.wraps.contains_key(*one)) {
                return Err(invalid(format_args!("the secret of the role {name} is not wrapped for {}", hex(one))));
            }
            // Those of before that nobody wants any more are gone.
            role.wraps.retain(|one, _| wanted.contains(one));
        }
        for change in changes {
            let kept = self.roles.get(&change.name).map(|role| &role.wraps);
            let stray = change.wraps.iter().find(|(one, _)| kept.is_none_or(|kept| !kept.contains_key(one)));
            if let Some((one, _)) = stray {
                let (name, one) = (&change.name, hex(one));
                let why =
                    format!("the secret of the role {name} is wrapped for {one}, which has no role that opens it");
                return Err(invalid(why));
            }
        }
        Ok(())
    }

    /// Refuses an act for which the group, as it is with it, has no room left. Fails with ACCOUNT_LIMIT, TOO_MANY_KEYS.
    fn check_room(&self, act: &Act, is_owners: bool, changed_before: usize) -> Result<()> {
        let name = &self.name;
        let (acts, size) = (ACTS.for_whom(is_owners), ACT_BYTES.for_whom(is_owners));
        if act.version >= acts as u64 || self.bytes + act.bytes > size {
            let why = format!(
                "the account {name} has {acts} acts and {size} bytes of them at most, or what is left is its owners'"
            );
            return Err(Error::new(Reason::AccountLimit, why).with("account", name));
        }
        let keys = CHANGED_KEYS.for_whom(is_owners);
        // An act that changes no key takes no room of it.
        if self.changed.len() > keys.max(changed_before) {
            let why = format!(
                "the account {name} has {keys} keys that were replaced or taken back at most, or the rest is its owners'"
            );
            return Err(Error::new(Reason::TooManyKeys, why).with("account", name));
        }
        Ok(())
    }
}

fn changed_role(was: Option<&Role>, change: &RoleChange) -> Result<Role> {
    let name = &change.name;
    let mut members = was.map(|was| was.members.clone()).unwrap_or_default();
    let (key, mut wraps) = match (&change.key, was) {
        (Some(key), _) => (key.clone(), HashMap::new()),
        (None, Some(was)) => (was.key.clone(), was.wraps.clone()),
        (None, None) => return Err(invalid(format_args!("the role {name} is new, and has no key"))),
    };
    let are_sorted = change.removed.windows(2).all(|pair| pair[0] < pair[1]);
    if !are_sorted || !change.removed.iter().all(|one| members.remove(one).is_some()) {
        return Err(invalid(format_args!(
            "those removed from the role {name} don't have it, or are not sorted, once each"
        )));
    }
    for member in &change.added {
        let fits = member.key.can_encrypt() && !members.contains_key(&member.key.fingerprint());
        if !fits {
            let key = hex(&member.key.fingerprint());
            return Err(invalid(format_args!(
                "the key {key} is added to a role, and has it, or nothing can be encrypted to it"
            )));
        }
        members.insert(member.key.fingerprint(), member.clone());
    }
    if change.wraps.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err(invalid(format_args!("the wraps of the role {name} are not sorted, once each")));
    }
    wraps.extend(change.wraps.iter().cloned());
    Ok(Role { key, members, wraps })
}

/// The keys of all who can open a role's secret.
fn openers(roles: &Roles, name: &str) -> HashSet<Fingerprint> {
    let including = roles.iter().filter(|(other, _)| includes_role(other, name));
    including.flat_map(|(_, role)| role.members.keys().copied()).collect()
}

/// Refuses an act that isn't signed by exactly one of some keys, by all of others, and by nobody else.
fn check_signed(act: &Act, signers: &Signers) -> Result<()> {
    let (version, account) = (act.version, &act.account.text);
    let mut from_one_of = 0;
    for signature in &act.signatures {
        let named = |key: &&PublicKey| key.fingerprint() == signature.fingerprint;
        let one_of = signers.one_of.iter().find(named);
        let Some(key) = one_of.or_else(|| signers.all.iter().find(named)) else {
            let name = hex(&signature.fingerprint);
            let why = format!("the act {version} of {account} is signed by {name}, who may not");
            return Err(Error::new(Reason::ActNotAllowed, why));
        };
        if !signature.is_by(key, CONTEXT_ACT, &act.header) {
            let name = hex(&signature.fingerprint);
            let why = format!("the signature of the key {name} over the act does not verify");
            return Err(Error::new(Reason::SignatureInvalid, why).with("fingerprint", name));
        }
        from_one_of += usize::from(one_of.is_some());
    }
    let has_signed = |key: &PublicKey| act.signatures.iter().any(|one| one.fingerprint == key.fingerprint());
    let is_whole = from_one_of == usize::from(!signers.one_of.is_empty()) && signers.all.iter().all(has_signed);
    if is_whole {
        return Ok(());
    }
    let why = format!("the act {version} of {account} is not signed by those who must");
    Err(Error::new(Reason::ActNotAllowed, why))
}
