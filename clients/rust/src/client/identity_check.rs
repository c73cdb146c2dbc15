//! Which server it is: judged before anything else is sent (docs/identity.md).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::client::known_hosts::{KnownHost, KnownHosts, Verdict, judge};
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::crypto::hex;
use crate::crypto::keys::PublicKey;
use crate::error::{Error, Result};
use crate::events::chain_key::{ServerAddress, fingerprint_text, parse_fingerprint_text};
use crate::reason::Reason;
use crate::trust::identity_line::IdentityLine;

/// What a look-up gives: the identity keys that a server has, as `sha256:` and 64 hexadecimal digits; None where it is certain
/// that there are none.
pub type LookedUp = std::result::Result<Option<Vec<String>>, Box<dyn std::error::Error + Send + Sync>>;

/// Looks up which identity keys `host:port` has, by a way that can be trusted.
pub type LookUpIdentity = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = LookedUp> + Send>> + Send + Sync>;

/// Judges what a server has proven: by the fingerprint in its address, else by the servers that are known, else by what is looked
/// up, else it is trusted at first use. A key that any of these name vouches for those that rotations lead to from there. One that
/// a known server has given up is refused in every case.
pub(crate) struct IdentityCheck {
    pub address: ServerAddress,
    pub known_hosts: KnownHosts,
    pub look_up: Option<LookUpIdentity>,
    pub on_notice: OnNotice,
}

impl IdentityCheck {
    /// Whether the server is known, so that it has to encrypt.
    pub fn must_encrypt(&self) -> Result<bool> {
        Ok(self.address.pinned.is_some() || self.known_hosts.find(&self.address.server)?.is_some())
    }

    /// Accepts an identity that was proven, or refuses it.
    ///
    /// Fails with VERIFICATION_FAILED, SERVER_IDENTITY_MISMATCH, SERVER_IDENTITY_CHANGED, CONNECTION_FAILED where a look-up failed.
    /// Nothing may be sent then.
    pub async fn accept(&self, identity: PublicKey, rotations: Vec<Bytes>) -> Result<()> {
        let server = &self.address.server;
        let line = IdentityLine::verify(identity, rotations).map_err(|error| {
            let why = error.message();
            let message = format!("what {server} says of its identity does not verify: {why}. Nothing was sent to it");
            Error::new(Reason::VerificationFailed, message).with("server", server)
        })?;
        let line = Arc::new(line);
        let pinned = self.address.pinned.as_ref();
        if let Some(pinned) = pinned.filter(|pinned| !names_any(&line, std::slice::from_ref(*pinned))) {
            return Err(self.mismatch(&line, std::slice::from_ref(pinned), "its address names"));
        }
        let known = self.known_hosts.find(server)?;
        let verdict = judge(known.as_ref(), &line);
        if verdict == Verdict::Known {
            return Ok(());
        }
        self.refuse(verdict, &line, known.as_ref())?;
        // What is pinned is said for this time; what is known otherwise stays.
        if verdict == Verdict::Changed {
            return Ok(());
        }
        if let Some(look_up) = self.look_up.as_ref().filter(|_| verdict == Verdict::First && pinned.is_none()) {
            self.compare_published(&line, look_up).await?;
        }
        self.remember(&line, verdict).await
    }

    fn refuse(&self, verdict: Verdict, line: &IdentityLine, known: Option<&KnownHost>) -> Result<()> {
        let is_refused = match verdict {
            Verdict::Retired | Verdict::Forked => true,
            Verdict::Changed => self.address.pinned.is_none(),
            Verdict::First | Verdict::Known | Verdict::Rotated => false,
        };
        let Some(known) = known.filter(|_| is_refused) else {
            return Ok(());
        };
        let (server, shown, due) = (&self.address.server, shown(line), fingerprint_text(&known.fingerprint));
        let message = format!(
            "{server} has proven another identity key, {shown}, than it was known by here, {due} ({verdict:?}): it was set up anew, \
             or somebody answers in its place. Nothing was sent. Find out which; to accept the new one, delete its line in \
             known_hosts"
        );
        let error = Error::new(Reason::ServerIdentityChanged, message).with("server", server);
        Err(error.with("fingerprint", hex(&line.identity.fingerprint())).with("expected", &known.fingerprint))
    }

    async fn compare_published(&self, line: &IdentityLine, look_up: &LookUpIdentity) -> Result<()> {
        let server = &self.address.server;
        let failed = |why: &dyn std::fmt::Display| {
            let message =
                format!("the identity that {server} is to have could not be looked up: {why}. Nothing was sent to it");
            Error::new(Reason::ConnectionFailed, message).with("server", server)
        };
        let Some(found) = look_up(server.clone()).await.map_err(|error| failed(&error))? else {
            return Ok(());
        };
        let published: Result<Vec<String>> = found.iter().map(|one| parse_fingerprint_text(one)).collect();
        let published = published.map_err(|error| failed(&error.message()))?;
        if names_any(line, &published) { Ok(()) } else { Err(self.mismatch(line, &published, "is published")) }
    }

    async fn remember(&self, line: &Arc<IdentityLine>, verdict: Verdict) -> Result<()> {
        let server = &self.address.server;
        let found = match self.known_hosts.remember(server, line).await {
            Ok(found) => found,
            Err(error) => {
                let message = format!("who {server} is could not be saved: {}", error.message());
                (self.on_notice)(Notice::new(NoticeKind::NotSaved, message).because(error));
                return Ok(());
            }
        };
        if found == Verdict::Known {
            return Ok(());
        }
        // Another process was faster, and has met another server.
        self.refuse(found, line, self.known_hosts.find(server)?.as_ref())?;
        let shown = shown(line);
        if verdict == Verdict::Rotated {
            let message = format!("{server} has another identity key now, {shown}, for which the one before vouches");
            (self.on_notice)(Notice::new(NoticeKind::ServerRotated, message).with("server", server));
        } else if self.address.pinned.is_none() {
            let message = format!(
                "met {server} for the first time: its identity is {shown}. Compare it with what the server prints"
            );
            let notice = Notice::new(NoticeKind::ServerMet, message).with("server", server);
            (self.on_notice)(notice.with("fingerprint", hex(&line.identity.fingerprint())));
        }
        Ok(())
    }

    fn mismatch(&self, line: &IdentityLine, due: &[String], how: &str) -> Error {
        let (server, shown) = (&self.address.server, shown(line));
        let named: Vec<String> = due.iter().map(|one| fingerprint_text(one)).collect();
        let message = format!(
            "{server} has proven the identity {shown}, and {how} {}, from which no rotation leads to it. Nothing was sent",
            named.join(", ")
        );
        let error = Error::new(Reason::ServerIdentityMismatch, message).with("server", server);
        let error = error.with("fingerprint", hex(&line.identity.fingerprint()));
        error.with("expected", due.first().map_or("", String::as_str))
    }
}

fn names_any(line: &IdentityLine, digits: &[String]) -> bool {
    line.fingerprints.iter().any(|one| digits.contains(&hex(one)))
}

fn shown(line: &IdentityLine) -> String {
    fingerprint_text(&hex(&line.identity.fingerprint()))
}
