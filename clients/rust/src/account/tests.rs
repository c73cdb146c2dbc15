//! Lines of groups that are one, and that aren't.

use bytes::Bytes;

use crate::account::act::Act;
use crate::account::act_forms::changes::{DELEGATION_REVOCATION, GROUP_CHANGE, GROUP_REMOVAL};
use crate::account::claim::claim;
use crate::account::group::Group;
use crate::account::opened::OpenedGroup;
use crate::account::password::Opening;
use crate::account::roles::{seeds_message, wrap_role};
use crate::crypto::composite::Suite;
use crate::crypto::domains::{AAD_VAULT, CONTEXT_ACT};
use crate::crypto::hpke::{ZERO_NONCE, aes_gcm_seal};
use crate::crypto::key_file::PassphraseCosts;
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::encoding::fields::FieldWriter;
use crate::encoding::forms::magics;
use crate::events::owner::Owner;
use crate::events::seal::Signature;

fn pair() -> KeyPair {
    KeyPair::generate(Suite::MlDsa65Ed25519).expect("there is randomness")
}

/// The first act of the group "team".
fn created(owner: &KeyPair) -> Act {
    let group = Owner { text: "team".to_owned(), is_group: true };
    let message = claim(&group, owner, 1).expect("it can be made");
    Act::parse(message.into()).expect("it is one")
}

/// An act behind another one.
fn signed(before: &Act, kind: u32, what: &[u8], signers: &[&KeyPair]) -> Act {
    let header = FieldWriter::magic(magics::ACT_HEADER)
        .bytes(2, b"team")
        .varint(3, before.version + 1)
        .bytes(4, &before.hash)
        .varint(5, 2)
        .message(kind, what)
        .finish();
    let mut signers = signers.to_vec();
    signers.sort_by_key(|one| one.fingerprint());
    let message = signers.iter().fold(FieldWriter::new().bytes(1, &header), |message, signer| {
        message.message(2, &Signature::by(signer, CONTEXT_ACT, &header).expect("it signs").message())
    });
    Act::parse(message.finish().into()).expect("it is one")
}

/// A change of one role.
#[derive(Default)]
struct RoleChange<'a> {
    name: &'a str,
    key: Option<&'a KeyPair>,
    /// Its key's.
    secret: Option<&'a KeyPair>,
    added: &'a [&'a PublicKey],
    removed: &'a [&'a PublicKey],
    wrap_for: &'a [&'a PublicKey],
}

fn changed(roles: &[RoleChange<'_>]) -> Vec<u8> {
    roles.iter().fold(FieldWriter::new(), |message, one| message.message(1, &role(one))).finish()
}

fn role(change: &RoleChange<'_>) -> Vec<u8> {
    let mut role = FieldWriter::new().bytes(1, change.name.as_bytes());
    if let Some(key) = change.key {
        role = role.message(2, &key.public_key().message());
    }
    for one in change.added {
        role = role.message(3, &FieldWriter::new().message(2, &one.message()).finish());
    }
    for one in change.removed {
        role = role.bytes(4, &one.fingerprint());
    }
    let mut wrap_for = change.wrap_for.to_vec();
    wrap_for.sort_by_key(|one| one.fingerprint());
    for one in wrap_for {
        let secret = change.secret.or(change.key).expect("there is one to wrap");
        let wrapped = wrap_role(secret, "team", change.name, one).expect("it seals");
        let wrap = FieldWriter::new().bytes(1, &one.fingerprint()).bytes(2, &wrapped);
        role = role.message(5, &wrap.finish());
    }
    role.finish()
}

/// The contributors are joined by a member; `secret`: of their role's key, as it is said to be.
fn joins(member: &PublicKey, secret: &KeyPair, wrap_for: &[&PublicKey]) -> Vec<u8> {
    let (name, secret) = ("contributor", Some(secret));
    changed(&[RoleChange { name, secret, added: &[member], wrap_for, ..RoleChange::default() }])
}

fn group_of(acts: &[&Act]) -> Group {
    Group::verify("team", acts.iter().map(|act| (*act).clone()).collect()).expect("it verifies")
}

fn highest(group: &Group, own: &KeyPair) -> Option<String> {
    let opened = OpenedGroup::new(group.clone(), std::slice::from_ref(own));
    opened.highest().map(|(name, _)| name.to_owned())
}

#[test]
fn a_group_is_what_its_acts_make_of_it() {
    let (owner, member, stranger) = (pair(), pair(), pair());
    let first = created(&owner);
    let group = group_of(&[&first]);
    let opened = OpenedGroup::new(group.clone(), std::slice::from_ref(&owner));
    assert!(opened.owns());
    // The highest one's stands twice.
    assert_eq!(opened.all_keys().len(), 5);
    assert_eq!(highest(&group, &stranger), None);

    let of_role = |name: &str| {
        let (_, key) = group.role_keys().find(|(one, _)| *one == name).expect("it is there");
        opened.all_keys().into_iter().find(|pair| pair.public_key() == key).expect("it is open")
    };
    let (contributor, delegate, observer) = (of_role("contributor"), of_role("delegate"), of_role("observer"));
    let member_key = member.public_key();
    let add = signed(&first, GROUP_CHANGE, &joins(member_key, &contributor, &[member_key]), &[&owner]);
    let grown = OpenedGroup::new(group_of(&[&first, &add]), std::slice::from_ref(&member));
    assert_eq!(
        grown.highest().map(|(name, key)| (name, key.fingerprint())),
        Some(("contributor", contributor.fingerprint()))
    );
    assert!(!grown.owns());

    let (fresh, below) = (pair(), pair());
    let above = [delegate.public_key()];
    let keyed = || RoleChange {
        name: "contributor",
        key: Some(&fresh),
        removed: std::slice::from_ref(&member_key),
        wrap_for: &above,
        ..RoleChange::default()
    };
    let under = |above: &KeyPair| {
        let above = [above.public_key()];
        let lower = RoleChange { name: "observer", key: Some(&below), wrap_for: &above, ..RoleChange::default() };
        role(&lower)
    };
    let both =
        |upper: &RoleChange<'_>, lower: &[u8]| FieldWriter::new().message(1, &role(upper)).message(1, lower).finish();
    let removal = signed(&add, GROUP_CHANGE, &both(&keyed(), &under(&fresh)), &[&owner]);
    let removed = group_of(&[&first, &add, &removal]);
    assert_eq!(highest(&removed, &member), None);
    let left = OpenedGroup::new(removed.clone(), std::slice::from_ref(&member));
    assert_eq!(left.all_keys().len(), 2, "those of before stay open");
    assert_eq!(removed.successor_of(&contributor.fingerprint()), Some(fresh.public_key()));

    let foreign = created(&stranger);
    let join = joins(member_key, &contributor, &[member_key]);
    let unwrapped = joins(member_key, &contributor, &[]);
    let for_stranger = joins(member_key, &contributor, &[member_key, stranger.public_key()]);
    let owner_secret = of_role("owner");
    let promoted = changed(&[RoleChange {
        name: "owner",
        secret: Some(&owner_secret),
        added: &[member_key],
        wrap_for: &[member_key],
        ..RoleChange::default()
    }]);
    let same_key = changed(&[RoleChange { name: "contributor", removed: &[member_key], ..RoleChange::default() }]);
    let no_owner = changed(&[RoleChange {
        name: "owner",
        key: Some(&fresh),
        removed: &[owner.public_key()],
        ..RoleChange::default()
    }]);
    let reused = both(&RoleChange { key: Some(&observer), ..keyed() }, &under(&observer));
    let taken_back = FieldWriter::new().bytes(1, &contributor.fingerprint()).finish();
    let ended = signed(&first, GROUP_REMOVAL, &[], &[&owner]);
    let next = |what: &[u8], signers: &[&KeyPair]| vec![first.clone(), signed(&first, GROUP_CHANGE, what, signers)];
    let third =
        |what: &[u8], signer: &KeyPair| vec![first.clone(), add.clone(), signed(&add, GROUP_CHANGE, what, &[signer])];
    for (what, acts) in [
        ("no acts", Vec::new()),
        ("a first act that is missing", vec![add.clone()]),
        ("an act of another line", vec![first.clone(), signed(&foreign, GROUP_CHANGE, &join, &[&owner])]),
        ("an act twice", vec![first.clone(), add.clone(), add.clone()]),
        ("signed by a stranger", next(&join, &[&stranger])),
        ("signed by a stranger, too", next(&join, &[&owner, &stranger])),
        ("owners named by a member", third(&promoted, &member)),
        ("a member without the secret", next(&unwrapped, &[&owner])),
        ("the secret for a stranger", next(&for_stranger, &[&owner])),
        ("a removal that changes no key", third(&same_key, &owner)),
        ("a removal that leaves the role below its key", third(&changed(&[keyed()]), &owner)),
        ("the owner removed", next(&no_owner, &[&owner])),
        ("a role's key that was another's", third(&reused, &owner)),
        ("after it was removed", vec![first.clone(), ended.clone(), signed(&ended, GROUP_REMOVAL, &[], &[&owner])]),
        ("a role's key taken back", vec![first.clone(), signed(&first, DELEGATION_REVOCATION, &taken_back, &[&owner])]),
    ] {
        assert!(Group::verify("team", acts).is_err(), "it verifies: {what}");
    }
    assert!(Group::verify("other", vec![first.clone()]).is_err(), "it verifies as another group");
    // A secret that isn't the role's opens nothing, whoever has signed that it is.
    let lie = signed(&first, GROUP_CHANGE, &joins(member_key, &stranger, &[member_key]), &[&owner]);
    assert_eq!(highest(&group_of(&[&first, &lie]), &member), None);
}

#[test]
fn what_a_password_opens() {
    let salt = b"0123456789abcdef";
    let costs = |memory_kib, passes, lanes| PassphraseCosts { memory_kib, passes, lanes };
    for (what, costs) in [
        ("too little memory", costs(19_455, 2, 1)),
        ("too few passes", costs(19_456, 1, 1)),
        ("no lanes", costs(19_456, 2, 0)),
        ("a whole machine", costs(1 << 24, 2, 1)),
    ] {
        assert!(Opening::new("a password", "me@example.com", salt, costs).is_err(), "{what} is done");
    }
    let opening = Opening::new("a password", "me@example.com", salt, costs(19_456, 2, 1)).expect("it is done");
    let own = pair();
    let vault = FieldWriter::magic(magics::VAULT_KEYS).message(2, &seeds_message(&own)).finish();
    let aad = [AAD_VAULT, "key", "me@example.com"].join("\0");
    let sealed = aes_gcm_seal(opening.vault_key.as_ref(), &ZERO_NONCE, aad.as_bytes(), &vault).expect("it seals");
    let opened = opening.open_vault("me@example.com", &sealed).expect("it opens");
    assert_eq!(opened.iter().map(KeyPair::fingerprint).collect::<Vec<_>>(), [own.fingerprint()]);
    assert!(opening.open_vault("you@example.com", &sealed).is_none(), "it opens as another account's");
    let another = Opening::new("another password", "me@example.com", salt, costs(19_456, 2, 1)).expect("it is done");
    assert!(another.open_vault("me@example.com", &sealed).is_none(), "another password opens it");
    assert_ne!(another.signer.fingerprint(), opening.signer.fingerprint());
    assert!(Act::parse(Bytes::new()).is_err());
}
