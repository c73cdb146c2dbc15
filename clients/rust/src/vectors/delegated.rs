//! Delegated keys, and the tokens that hold them.

use super::keys::{key_of, pair_of};
use super::owners::{check_bad_batch, check_key};
use super::trust::{check_bad, check_good, check_history};
use super::{Case, List, refused, run};
use crate::crypto::hex;
use crate::error::Result;
use crate::events::delegation::{Delegation, scope_covers};
use crate::events::token::Token;
use crate::trust::delegation_path::{check_path, verify_path};

pub(super) const TABLES: &[(&str, &[List])] = &[("delegations", DELEGATIONS)];

fn texts(case: &Case, part: &str) -> Vec<String> {
    case.list(part).iter().filter_map(|one| one.0.as_str()).map(str::to_owned).collect()
}

/// The headers of a path.
pub(super) fn headers_of(case: &Case) -> Vec<String> {
    let path = case.list_of_data("delegations").into_iter();
    path.map(|one| hex(&Delegation::parse(one).expect("it is a delegation").header)).collect()
}

/// The subject of a path, which is verified.
pub(super) fn subject_of(case: &Case) -> Result<String> {
    let path: Vec<Delegation> =
        case.list_of_data("delegations").into_iter().map(Delegation::parse).collect::<Result<_>>()?;
    check_path(&path)?;
    verify_path(&path, &key_of(case, "issuer"))?;
    Ok(hex(&path.last().expect("it isn't empty").subject.fingerprint()))
}

const DELEGATIONS: &[List] = &[
    ("keys", check_key),
    ("good", |case| {
        let found = Delegation::parse(case.data("message")).expect("it is a delegation");
        assert_eq!(
            (hex(&found.header).as_str(), hex(&found.issuer).as_str()),
            (case.text("header"), case.text("issuer"))
        );
        assert_eq!(hex(&found.subject.message()), case.text("subject"));
        assert_eq!(found.chains, texts(case, "chains"));
        assert_eq!((found.may_write, found.may_read), (case.bool("mayWrite"), case.bool("mayRead")));
        let times = (found.not_before_unix_ms, found.expires_unix_ms);
        assert_eq!(times, (case.number("notBeforeUnixMs"), case.number("expiresUnixMs")));
        assert_eq!(hex(&found.serial), case.text("serial"));
    }),
    ("bad", |case| {
        refused(Delegation::parse(case.data("message")), case.text("reason"));
    }),
    ("scopes", |case| {
        assert_eq!(scope_covers(&texts(case, "chains"), case.text("chainKey")), case.bool("counts"));
    }),
    ("paths", |case| assert_eq!(subject_of(case).expect("it is a path"), case.text("subject"))),
    ("badPaths", |case| {
        refused(subject_of(case), case.text("reason"));
    }),
    ("tokens", |case| {
        let token = Token::parse(&format!(" {}\n", case.text("text"))).expect("it is a token");
        assert_eq!(token.key.seeds(), pair_of(case, case.number("suite")).seeds());
        assert_eq!(hex(&token.public_key().fingerprint()), case.text("fingerprint"));
        assert_eq!(hex(&token.right.issuer.message()), case.text("issuer"));
        let messages: Vec<String> = token.right.delegations.iter().map(|one| hex(&one.message)).collect();
        assert_eq!(messages, texts(case, "delegations"));
        assert_eq!(format!("{token:?}"), format!("Token({})", case.text("fingerprint")));
    }),
    ("badTokens", |case| {
        let error = refused(Token::parse(case.text("text")), case.text("reason"));
        // What is behind the mark may be a secret.
        let secret = case.text("text").trim().rsplit('_').next().unwrap_or_default();
        assert!(secret.len() < 20 || !format!("{error:?}").contains(secret), "{error:?}");
    }),
    ("badBatches", check_bad_batch),
    ("histories", check_history),
    ("replays", |case| {
        check_good(case);
    }),
    ("badReplays", check_bad),
];

#[test]
fn delegations() {
    run("delegations", DELEGATIONS);
}
