//! Chains whose owner an auth service names.

use super::keys::pair_of;
use super::trust::{check_bad, check_good, check_history};
use super::{Case, List, refused, run};
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::Result;
use crate::events::auth_answer::{AuthAnswer, names_of};
use crate::events::batch::Batch;
use crate::trust::check_batch::{check_batch, verify_genesis};
use crate::trust::check_gone::Provenance;
use crate::trust::identity_line::IdentityLine;

pub(super) const TABLES: &[(&str, &[List])] = &[("auth-answers", AUTH_ANSWERS), ("ownership", OWNERSHIP)];

/// Its form first, then its signature, then its rotations.
pub(super) fn verified(case: &Case) -> Result<(AuthAnswer, IdentityLine)> {
    let answer = AuthAnswer::parse(case.data("message"))?;
    answer.verify()?;
    let line = IdentityLine::verify(answer.identity.clone(), answer.rotations.clone())?;
    Ok((answer, line))
}

/// That the key of its seeds is the one that it names.
pub(super) fn check_key(case: &Case) {
    let key = pair_of(case, case.number("suite"));
    assert_eq!(hex(&key.fingerprint()), case.text("fingerprint"));
    assert_eq!(hex(&key.public_key().message()), case.text("key"));
}

fn names_in(case: &Case, part: &str) -> Vec<Fingerprint> {
    case.hashes(part)
}

const AUTH_ANSWERS: &[List] = &[
    ("keys", check_key),
    ("good", |case| {
        let (answer, line) = verified(case).expect("it is an answer");
        assert_eq!(hex(&answer.header), case.text("header"));
        assert_eq!((answer.owner.text.as_str(), answer.version), (case.text("owner"), case.number("version")));
        let times = (answer.issued_unix_ms, answer.expires_unix_ms);
        assert_eq!(times, (case.number("issuedUnixMs"), case.number("expiresUnixMs")));
        assert_eq!(names_of(&answer.roots), names_in(case, "roots"));
        assert_eq!(names_of(&answer.writers), names_in(case, "writers"));
        assert_eq!(answer.admitted, names_in(case, "admitted"));
        assert_eq!((answer.unverified, answer.removed), (case.bool("unverified"), case.bool("removed")));
        assert_eq!(hex(&answer.identity.fingerprint()), case.text("identity"));
        assert_eq!(line.fingerprints, names_in(case, "leadsFrom"));
        let changed = case.list("changed");
        assert_eq!(answer.changed.len(), changed.len());
        for (found, due) in answer.changed.iter().zip(changed) {
            assert_eq!((found.fingerprint, found.successor), (due.array("fingerprint"), due.maybe_array("successor")));
        }
    }),
    ("bad", |case| {
        refused(verified(case), case.text("reason"));
    }),
];

#[test]
fn auth_answers() {
    run("auth-answers", AUTH_ANSWERS);
}

/// A batch that is refused whatever chain it is for.
pub(super) fn check_bad_batch(case: &Case) {
    let provenance = if case.bool("stored") { Provenance::Stored } else { Provenance::Appended };
    let checked = Batch::parse(&case.data("run")).and_then(|batch| check_batch(&batch, provenance));
    refused(checked, case.text("reason"));
}

const OWNERSHIP: &[List] = &[
    ("keys", check_key),
    ("histories", check_history),
    ("good", |case| {
        let (verifier, _) = check_good(case);
        let authority = verifier.authority();
        let owner = authority.owner().expect("it has one");
        assert_eq!((owner.name.as_str(), owner.version), (case.text("owner"), case.number("version")));
        assert_eq!(owner.expires_unix_ms, case.number("expiresUnixMs"));
        assert_eq!((owner.unverified, owner.removed), (case.bool("unverified"), case.bool("removed")));
        assert_eq!(hex(&owner.identity.fingerprint()), case.text("authIdentity"));
        let server = authority.server_identity().map(|server| hex(&server.fingerprint()));
        assert_eq!(server.as_deref(), case.maybe_text("serverIdentity"));
        assert_eq!(owner.admitted, names_in(case, "admitted"));
        let roots: Vec<Fingerprint> = authority.keys.roots().map(PublicKey::fingerprint).collect();
        assert_eq!(roots, names_in(case, "roots"));
        assert_eq!(authority.keys.writers().copied().collect::<Vec<_>>(), names_in(case, "writers"));
    }),
    ("bad", check_bad),
    ("badGeneses", |case| {
        refused(verify_genesis(&case.data("run")), case.text("reason"));
    }),
    ("badBatches", check_bad_batch),
];

#[test]
fn ownership() {
    run("ownership", OWNERSHIP);
}
