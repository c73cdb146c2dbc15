//! Keys in a user's home folder, which the `atedb` command and all clients share.

use std::path::{Path, PathBuf};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::client::files::{JsonFields, make_folder, read_text, storage_failed, write_atomic};
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::crypto::composite::Suite;
use crate::crypto::hex;
use crate::crypto::key_file::{PassphraseCosts, format_key_file, parse_key_file};
use crate::crypto::keys::KeyPair;
use crate::error::{Error, Result};
use crate::events::time::{iso_time, now_unix_ms};
use crate::reason::Reason;

pub(crate) const DEFAULT_KEY: &str = "default";
const LOGIN_FORMAT: &str = "atedb-login-2";

/// The home folder: ATE_HOME, else ~/.ate. Fails with REQUEST_INVALID where there is neither.
pub(crate) fn default_home() -> Result<PathBuf> {
    let named = std::env::var_os("ATE_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    named
        .or_else(|| std::env::home_dir().map(|home| home.join(".ate")))
        .ok_or_else(|| Error::invalid("home", "there is no home folder: set ATE_HOME"))
}

/// The path of a key by its name. Fails with REQUEST_INVALID.
fn key_path(home: &Path, name: &str) -> Result<PathBuf> {
    let is_first = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit();
    let fits = name.len() <= 64
        && name.bytes().next().is_some_and(is_first)
        && name.bytes().all(|one| is_first(one) || matches!(one, b'.' | b'_' | b'-'));
    if !fits {
        let why = format!("{name:?} is no name of a key: lower-case letters, digits, '.', '_' and '-'");
        return Err(Error::invalid("key", why));
    }
    Ok(home.join("keys").join(format!("{name}.key")))
}

/// Loads a key; None where there is none. Fails with REQUEST_INVALID where others may read its file, or it is none.
pub(crate) fn load_key(home: &Path, name: &str, passphrase: Option<&str>) -> Result<Option<KeyPair>> {
    let path = key_path(home, name)?;
    check_private(&path)?;
    match read_text(&path)?.map(Zeroizing::new) {
        None => Ok(None),
        Some(text) => parse_key_file(&text, &path.display().to_string(), passphrase).map(Some),
    }
}

/// Who is logged in on this machine, as the `atedb` command keeps it.
pub(crate) struct StoredLogin {
    /// `host:port` of the auth service.
    pub server: Option<String>,
    /// Name of the user's key in the home folder.
    pub key: String,
    /// Those of the keys before it, the newest first.
    pub former_keys: Vec<String>,
}

/// Reads who is logged in; None: nobody is. Fails with STORAGE_FAILED.
pub(crate) fn read_login(home: &Path) -> Result<Option<StoredLogin>> {
    let path = home.join("login.json");
    let Some(fields) = JsonFields::read(&path, LOGIN_FORMAT)? else {
        return Ok(None);
    };
    let name = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| fields.unusable("a key has no name"));
    let key = fields.get("key").map(name).transpose()?.ok_or_else(|| fields.unusable("it names no key"))?;
    let former = fields.get("formerKeys").and_then(Value::as_array);
    let former_keys = former.into_iter().flatten().map(name).collect::<Result<_>>()?;
    let server = fields.get("server").and_then(Value::as_str).map(str::to_owned);
    Ok(Some(StoredLogin { server, key, former_keys }))
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(path) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let path = path.display();
            let why = format!("{path} is open to other users, so it is no secret. Close it with: chmod 600 {path}");
            Err(Error::new(Reason::RequestInvalid, why).with("path", path))
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(storage_failed("cannot read", path, &error)),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_private(_: &Path) -> Result<()> {
    Ok(())
}

/// Loads the key to write with. Only the default one is made where there is none: a name that was given and isn't there is a
/// mistake. Fails with REQUEST_INVALID.
pub(crate) fn load_or_make_key(
    home: &Path,
    name: Option<&str>,
    passphrase: Option<&str>,
    on_notice: &OnNotice,
) -> Result<KeyPair> {
    let path = key_path(home, name.unwrap_or(DEFAULT_KEY))?;
    if let Some(key) = load_key(home, name.unwrap_or(DEFAULT_KEY), passphrase)? {
        return Ok(key);
    }
    if let Some(name) = name {
        return Err(Error::invalid("key", format_args!("there is no key {name:?}: {} isn't there", path.display())));
    }
    let key = KeyPair::generate(Suite::MlDsa65Ed25519)?;
    make_folder(&home.join("keys"))?;
    let text = format_key_file(&key, &iso_time(now_unix_ms()), None, PassphraseCosts::NEW)?;
    if !write_atomic(&path, &text, false)? {
        // Another process has made it meanwhile.
        let other = load_key(home, DEFAULT_KEY, passphrase)?;
        return other.ok_or_else(|| storage_failed("cannot read", &path, &"it was there just now"));
    }
    let (name, path) = (hex(&key.fingerprint()), path.display());
    let message = format!("made the key \"{DEFAULT_KEY}\", with the fingerprint {name}, in {path}. Keep a copy");
    on_notice(Notice::new(NoticeKind::KeyCreated, message).with("path", path));
    Ok(key)
}
