//! The servers that a user has met, in the file `known_hosts` of the home folder (docs/identity.md).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::client::files::{FileLock, blocking, make_folder, read_text, write_atomic};
use crate::crypto::hex;
use crate::error::{Error, Result};
use crate::events::chain_key::{ServerAddress, fingerprint_text, parse_fingerprint_text};
use crate::reason::Reason;
use crate::trust::identity_line::IdentityLine;

const HEAD: &str = "\
# Servers that atedb has met here, a line each: host:port, then the fingerprint of the server's identity key, then those of the
# keys that it had before. A server whose line is deleted is met for the first time again. See docs/identity.md.
";

/// What a server's line is, by what is known of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    First,
    Known,
    /// Its key follows from the known one.
    Rotated,
    /// It is a key that the server has given up.
    Retired,
    /// It follows from one that it had before, and not from those that are known to have followed from that.
    Forked,
    Changed,
}

/// A server that was met, by its identity keys: fingerprints in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownHost {
    pub fingerprint: String,
    /// Newest first.
    former: Vec<String>,
}

impl KnownHost {
    /// What is to be known of a server whose identity was accepted.
    fn of(line: &IdentityLine, before: Option<&KnownHost>) -> Self {
        let mut shown: Vec<String> = line.fingerprints.iter().rev().map(|one| hex(one)).collect();
        for older in before.into_iter().flat_map(|before| &before.former) {
            if !shown.contains(older) {
                shown.push(older.clone());
            }
        }
        let fingerprint = shown.remove(0);
        KnownHost { fingerprint, former: shown }
    }
}

/// Judges a server's line by what is known of the server.
pub(crate) fn judge(known: Option<&KnownHost>, line: &IdentityLine) -> Verdict {
    let Some(known) = known else {
        return Verdict::First;
    };
    let identity = hex(&line.identity.fingerprint());
    let fingerprints: Vec<String> = line.fingerprints.iter().map(|one| hex(one)).collect();
    if identity == known.fingerprint {
        Verdict::Known
    } else if known.former.contains(&identity) {
        // First: a line that leads back to such a key is no way to it either.
        Verdict::Retired
    } else if fingerprints.contains(&known.fingerprint) {
        Verdict::Rotated
    } else if known.former.iter().any(|one| fingerprints.contains(one)) {
        Verdict::Forked
    } else {
        Verdict::Changed
    }
}

/// The file. Without a home folder it lasts as long as this object.
#[derive(Clone)]
pub(crate) struct KnownHosts {
    home: Option<PathBuf>,
    kept: Arc<Mutex<String>>,
}

impl KnownHosts {
    pub fn new(home: Option<PathBuf>) -> Self {
        KnownHosts { home, kept: Arc::default() }
    }

    /// Finds a server. Fails with STORAGE_FAILED.
    pub fn find(&self, server: &str) -> Result<Option<KnownHost>> {
        Ok(self.parse(&self.read()?)?.remove(server))
    }

    /// Keeps an identity that was met for the first time, or that follows from the known one; durable on return.
    ///
    /// Gives the verdict by what is known then, so that of two who meet a server at once only one meets it first.
    pub async fn remember(&self, server: &str, line: &Arc<IdentityLine>) -> Result<Verdict> {
        let (hosts, server, line) = (self.clone(), server.to_owned(), Arc::clone(line));
        blocking(move || hosts.remember_now(&server, &line)).await
    }

    fn remember_now(&self, server: &str, line: &IdentityLine) -> Result<Verdict> {
        let _lock = match &self.home {
            None => None,
            Some(home) => {
                make_folder(home)?;
                Some(FileLock::take(&home.join("known_hosts.lock"))?)
            }
        };
        let text = self.read()?;
        let before = self.parse(&text)?.remove(server);
        let verdict = judge(before.as_ref(), line);
        if matches!(verdict, Verdict::First | Verdict::Rotated) {
            let text = replaced(&text, server, &KnownHost::of(line, before.as_ref()));
            match &self.home {
                None => *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = text,
                Some(home) => {
                    write_atomic(&home.join("known_hosts"), &text, true)?;
                }
            }
        }
        Ok(verdict)
    }

    fn read(&self) -> Result<String> {
        match &self.home {
            None => Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Some(home) => Ok(read_text(&home.join("known_hosts"))?.unwrap_or_else(|| HEAD.to_owned())),
        }
    }

    fn parse(&self, text: &str) -> Result<BTreeMap<String, KnownHost>> {
        let mut hosts = BTreeMap::new();
        for (number, line) in text.split('\n').enumerate() {
            let parsed = parse_line(line).and_then(|parsed| match parsed {
                Some((server, _)) if hosts.contains_key(&server) => {
                    Err(Error::new(Reason::StorageFailed, "the server has a line already"))
                }
                parsed => Ok(parsed),
            });
            let parsed = parsed.map_err(|error| {
                let file =
                    self.home.as_ref().map_or_else(String::new, |home| home.join("known_hosts").display().to_string());
                let why = format!(
                    "line {} of {file} can't be used: {}. Mend or delete that line",
                    number + 1,
                    error.message()
                );
                Error::new(Reason::StorageFailed, why).with("path", file)
            })?;
            hosts.extend(parsed);
        }
        Ok(hosts)
    }
}

/// Reads a line; None for one that says nothing.
fn parse_line(line: &str) -> Result<Option<(String, KnownHost)>> {
    let mut words = line.split_whitespace();
    let Some(first) = words.next().filter(|word| !word.starts_with('#')) else {
        return Ok(None);
    };
    let address = ServerAddress::parse(first)?;
    let mut fingerprints: Vec<String> = words.map(parse_fingerprint_text).collect::<Result<_>>()?;
    if address.pinned.is_some() || fingerprints.is_empty() {
        return Err(Error::new(Reason::StorageFailed, "it is not a server and its fingerprints"));
    }
    let fingerprint = fingerprints.remove(0);
    Ok(Some((address.server, KnownHost { fingerprint, former: fingerprints })))
}

/// The text with another line for a server. All other lines stay as they are.
fn replaced(text: &str, server: &str, host: &KnownHost) -> String {
    let fingerprints = std::iter::once(&host.fingerprint).chain(&host.former).map(|one| fingerprint_text(one));
    let written: Vec<String> = std::iter::once(server.to_owned()).chain(fingerprints).collect();
    let written = written.join(" ");
    let mut is_written = false;
    let mut lines: Vec<&str> = text.lines().collect();
    for line in &mut lines {
        let is_of_server = parse_line(line).ok().flatten().is_some_and(|(name, _)| name == server);
        if is_of_server && !std::mem::replace(&mut is_written, true) {
            *line = &written;
        }
    }
    if !is_written {
        lines.push(&written);
    }
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}
