//! Where a writer stands, in a slot of the home folder that nobody else has while it is held.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Map;

use crate::client::files::{FileLock, JsonFields, json_text, make_folder, write_atomic};
use crate::client::lazy_saver::{LazySaver, Saved};
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::Fingerprint;
use crate::crypto::{hex, random};
use crate::error::{Error, Result};
use crate::reason::Reason;

const FORMAT: &str = "atedb-writer-1";
/// Processes that write to one chain with one key from one home folder at once.
const SLOTS_MAX: usize = 1_000;

/// So many of a writer's batches are acknowledged, and the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriterState {
    pub salt: [u8; 16],
    /// Of the next batch.
    pub counter: u64,
    /// Seal hash of the last one that is acknowledged.
    pub last_seal: Option<Hash>,
}

impl WriterState {
    /// Begins a writer that nobody has been.
    fn new() -> Result<Self> {
        Ok(WriterState { salt: random()?, counter: 0, last_seal: None })
    }
}

/// A writer id is for one process at a time: a second one takes the next slot. Clients in other languages take the same ones.
pub(crate) struct WriterSlot {
    kept: Arc<Kept>,
    saver: LazySaver,
    lock: Mutex<Option<FileLock>>,
}

struct Kept {
    path: Option<PathBuf>,
    state: Mutex<WriterState>,
    on_notice: OnNotice,
}

impl Saved for Kept {
    fn save(&self) {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else {
            return;
        };
        if let Err(error) = write(path, &state) {
            let message = format!("where the writer stands could not be saved: {}", error.message());
            (self.on_notice)(Notice::new(NoticeKind::NotSaved, message).because(error));
        }
    }
}

impl WriterSlot {
    /// Takes the first free slot of a home folder, `writers/<chain id>/<fingerprint>/slot-N.json`. Blocks.
    ///
    /// Without a home folder it is a new writer that is remembered nowhere. Fails with STORAGE_FAILED.
    pub fn acquire(
        home: Option<&Path>,
        chain_id: &Hash,
        fingerprint: &Fingerprint,
        on_notice: OnNotice,
    ) -> Result<Self> {
        let Some(home) = home else {
            return Ok(WriterSlot::held(None, None, WriterState::new()?, on_notice));
        };
        let folder = home.join("writers").join(hex(chain_id)).join(&hex(fingerprint)[..16]);
        make_folder(&folder)?;
        for number in 0..SLOTS_MAX {
            let Some(lock) = FileLock::try_take(&folder.join(format!("slot-{number}.lock")))? else {
                continue;
            };
            let path = folder.join(format!("slot-{number}.json"));
            let state = match read(&path)? {
                Some(state) => state,
                None => {
                    // Before its first use, so that a restored server is noticed from the first batch on.
                    let state = WriterState::new()?;
                    write(&path, &state)?;
                    state
                }
            };
            return Ok(WriterSlot::held(Some(path), Some(lock), state, on_notice));
        }
        let message = format!(
            "{SLOTS_MAX} processes write to the chain with this key from {}. Stop some, or write from another home folder",
            home.display()
        );
        Err(Error::new(Reason::StorageFailed, message).with("path", folder.display()))
    }

    fn held(path: Option<PathBuf>, lock: Option<FileLock>, state: WriterState, on_notice: OnNotice) -> Self {
        let kept = Arc::new(Kept { path, state: Mutex::new(state), on_notice });
        WriterSlot { kept, saver: LazySaver::default(), lock: Mutex::new(lock) }
    }

    pub fn state(&self) -> WriterState {
        *self.kept.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of its file.
    pub fn path(&self) -> Option<&Path> {
        self.kept.path.as_deref()
    }

    /// Notes that the last batch that is acknowledged is another now. Saved within a second, and by `close`.
    pub fn advance(&self, counter: u64, last_seal: Hash) {
        let salt = self.state().salt;
        self.change(WriterState { salt, counter, last_seal: Some(last_seal) });
    }

    /// Goes on as another writer: somebody else has used this one's id.
    pub fn renew(&self) -> Result<()> {
        self.change(WriterState::new()?);
        Ok(())
    }

    /// Saves what isn't saved, and frees the slot.
    pub async fn close(&self) {
        self.saver.close(&self.kept).await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn change(&self, state: WriterState) {
        *self.kept.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        if self.kept.path.is_some() {
            self.saver.changed(&self.kept);
        }
    }
}

fn read(path: &Path) -> Result<Option<WriterState>> {
    let Some(fields) = JsonFields::read(path, FORMAT)? else {
        return Ok(None);
    };
    let counter = fields.count("counter")?;
    let last_seal = if counter == 0 { None } else { Some(fields.hex("lastSeal")?) };
    Ok(Some(WriterState { salt: fields.hex("salt")?, counter, last_seal }))
}

fn write(path: &Path, state: &WriterState) -> Result<()> {
    let mut fields = Map::new();
    fields.insert("format".into(), FORMAT.into());
    fields.insert("salt".into(), hex(&state.salt).into());
    fields.insert("counter".into(), state.counter.into());
    if let Some(last_seal) = state.last_seal {
        fields.insert("lastSeal".into(), hex(&last_seal).into());
    }
    write_atomic(path, &json_text(&fields)?, true).map(|_| ())
}
