//! The groups that a user has met at one server, in `groups/<host_port>/<group>.json` of the home folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Map;

use crate::client::files::{FileLock, JsonFields, json_text, make_folder, write_atomic};
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::error::Result;

const FORMAT: &str = "atedb-group-1";

/// The newest act that was seen of a group: its hash names all acts before it as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownAct {
    pub version: u64,
    pub hash: Hash,
}

/// A group that was met stays the one that it was, whatever the server says later. Without a home folder that lasts as long as this
/// object.
#[derive(Clone)]
pub(crate) struct KnownGroups {
    folder: Option<PathBuf>,
    met: Arc<Mutex<HashMap<String, KnownAct>>>,
}

impl KnownGroups {
    /// Those of a server, `host:port`.
    pub fn new(home: Option<&Path>, server: &str) -> Self {
        let place = match server.rsplit_once(':') {
            Some((host, port)) => format!("{host}_{port}"),
            None => server.to_owned(),
        };
        KnownGroups { folder: home.map(|home| home.join("groups").join(place)), met: Arc::default() }
    }

    /// Of what is kept of a group; None without a home folder.
    pub fn path(&self, group: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("{group}.json")))
    }

    /// What is remembered of a group. Blocks. Fails with STORAGE_FAILED.
    pub fn find(&self, group: &str) -> Result<Option<KnownAct>> {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner).get(group).copied();
        Ok(met.into_iter().chain(self.read(group)?).max_by_key(|known| known.version))
    }

    /// Remembers what was checked. Blocks. Fails with STORAGE_FAILED where it could not be saved.
    pub fn note(&self, group: &str, seen: KnownAct) -> Result<()> {
        {
            let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
            let known = met.entry(group.to_owned()).or_insert(seen);
            if known.version < seen.version {
                *known = seen;
            }
        }
        let (Some(folder), Some(path)) = (&self.folder, self.path(group)) else {
            return Ok(());
        };
        let is_known = |known: Option<KnownAct>| known.is_some_and(|known| known.version >= seen.version);
        if is_known(self.read(group)?) {
            return Ok(());
        }
        make_folder(folder)?;
        let Some(_lock) = FileLock::try_take(&folder.join("groups.lock"))? else {
            // Another process is writing: what isn't remembered now is when the group is opened next.
            return Ok(());
        };
        if is_known(self.read(group)?) {
            return Ok(());
        }
        let mut fields = Map::new();
        fields.insert("format".into(), FORMAT.into());
        fields.insert("group".into(), group.into());
        fields.insert("version".into(), seen.version.into());
        fields.insert("hash".into(), hex(&seen.hash).into());
        write_atomic(&path, &json_text(&fields)?, true).map(|_| ())
    }

    fn read(&self, group: &str) -> Result<Option<KnownAct>> {
        let Some(path) = self.path(group) else {
            return Ok(None);
        };
        let Some(fields) = JsonFields::read(&path, FORMAT)? else {
            return Ok(None);
        };
        Ok(Some(KnownAct { version: fields.count("version")?, hash: fields.hex("hash")? }))
    }
}
