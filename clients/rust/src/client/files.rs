//! Small private files: replaced in one step, and locked between processes, those of other clients too.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde_json::{Map, Value};

use crate::crypto::{array, from_hex, hex, random};
use crate::error::{Error, Result};
use crate::reason::Reason;

const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const LOCK_TRIES: usize = 200;
const LOCK_WAIT: Duration = Duration::from_millis(25);

/// The failure of a file.
pub(crate) fn storage_failed(doing: &str, path: &Path, error: &dyn std::fmt::Display) -> Error {
    let path = path.display();
    Error::new(Reason::StorageFailed, format!("{doing} {path}: {error}")).with("path", path)
}

/// Makes a folder and those above it, for their owner alone. Fails with STORAGE_FAILED.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| storage_failed("cannot make", path, &error))
}

/// Writes a file of mode 0600 so that after a crash its path names what was there before, or all of the text.
///
/// Durable on return. Gives false, and leaves it, where one is there and may not be replaced. Fails with STORAGE_FAILED.
pub(crate) fn write_atomic(path: &Path, text: &str, replaces: bool) -> Result<bool> {
    let failed = |error: &dyn std::fmt::Display| storage_failed("cannot write", path, error);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(failed(&"it is no path of a file"));
    };
    let suffix = hex(&random::<6>()?);
    let temporary = folder.join(format!(".{}.{suffix}.tmp", name.to_string_lossy()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = (|| {
        let mut file = options.open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if replaces {
            fs::rename(&temporary, path)?;
            return Ok(true);
        }
        // A link, unlike a rename, fails when the name is taken, so that two processes can't both win.
        match fs::hard_link(&temporary, path) {
            Ok(()) => fs::remove_file(&temporary).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::remove_file(&temporary).map(|()| false),
            Err(error) => Err(error),
        }
    })();
    let is_written = written.map_err(|error: std::io::Error| {
        // It may not be there at all.
        let _ = fs::remove_file(&temporary);
        failed(&error)
    })?;
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))?;
    Ok(is_written)
}

/// Reads a file; None where there is none. Fails with STORAGE_FAILED.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| storage_failed("cannot read", path, &error))?,
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| storage_failed("cannot read", path, &error))?;
    Ok(Some(text))
}

/// The text of a small JSON file of our own.
pub(crate) fn json_text(fields: &Map<String, Value>) -> Result<String> {
    let text = serde_json::to_string_pretty(fields);
    text.map(|text| text + "\n")
        .map_err(|error| Error::new(Reason::Internal, format!("JSON can't be written: {error}")))
}

/// The fields of such a file. Fails with STORAGE_FAILED for what isn't as it is written.
pub(crate) struct JsonFields<'a> {
    path: &'a Path,
    values: Map<String, Value>,
}

impl<'a> JsonFields<'a> {
    /// Reads a file of a form; None where there is none.
    pub fn read(path: &'a Path, form: &str) -> Result<Option<Self>> {
        let Some(text) = read_text(path)? else {
            return Ok(None);
        };
        let values = serde_json::from_str(&text).ok().and_then(|value| match value {
            Value::Object(values) => Some(values),
            _ => None,
        });
        let fields = JsonFields { path, values: values.unwrap_or_default() };
        if fields.get("format").and_then(Value::as_str) != Some(form) {
            return Err(fields.unusable(format_args!("its format is not {form}")));
        }
        Ok(Some(fields))
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A field of so many bytes in hexadecimal.
    pub fn hex<const N: usize>(&self, name: &str) -> Result<[u8; N]> {
        let data = self.get(name).and_then(Value::as_str).and_then(from_hex).and_then(|data| array(&data));
        data.ok_or_else(|| self.unusable(format_args!("\"{name}\" is not {N} bytes in hexadecimal")))
    }

    /// A field that counts something.
    pub fn count(&self, name: &str) -> Result<u64> {
        let value = self.get(name).and_then(Value::as_u64);
        value.ok_or_else(|| self.unusable(format_args!("\"{name}\" is not a whole number")))
    }

    /// The failure of a file that can't be used.
    pub fn unusable(&self, why: impl std::fmt::Display) -> Error {
        let path = self.path.display();
        let message =
            format!("{path} can't be used: {why}. If it was damaged, delete it: what it holds is learned again");
        Error::new(Reason::StorageFailed, message).with("path", path)
    }
}

/// An exclusive lock between processes, which a crash releases, and so does dropping it.
///
/// It is an empty SQLite database in an exclusive transaction: so that clients in all languages, whose own file locks differ,
/// exclude each other.
pub(crate) struct FileLock {
    _database: Connection,
}

impl FileLock {
    /// Takes it, or says at once, by None, that it is held. Fails with STORAGE_FAILED.
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        let failed = |error: rusqlite::Error| storage_failed("cannot lock", path, &error);
        // Without the flag for URIs: a path is a path.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags).map_err(failed)?;
        database.busy_timeout(Duration::ZERO).map_err(failed)?;
        // A file that can't be written is opened for reading, and its lock is then none that others would see.
        if database.is_readonly("main").map_err(failed)? {
            return Err(storage_failed("cannot lock", path, &"it can't be written"));
        }
        match database.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE") {
            Ok(()) => Ok(Some(FileLock { _database: database })),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Takes it, waiting for some seconds. Blocks. Fails with STORAGE_FAILED.
    pub fn take(path: &Path) -> Result<Self> {
        for _ in 0..LOCK_TRIES {
            if let Some(lock) = FileLock::try_take(path)? {
                return Ok(lock);
            }
            std::thread::sleep(LOCK_WAIT);
        }
        Err(storage_failed("cannot lock", path, &"another process holds it for too long"))
    }
}

/// Does what blocks where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(act: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(act)
        .await
        .unwrap_or_else(|error| Err(Error::new(Reason::Internal, format!("the client has failed: {error}"))))
}
