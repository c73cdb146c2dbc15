//! Chain keys, and the addresses of chains and servers.

use std::net::Ipv6Addr;

use crate::error::{Error, Result};
use crate::limits::CHAIN_KEY_BYTES_MAX;
use crate::reason::Reason;

const DEFAULT_PORT: u16 = 5000;
/// Of a server that keeps nothing but accounts.
const AUTH_PORT: u16 = 5001;
const PIN_MARK: &str = "sha256:";

/// A chain key: `domain/name/db` of a user, or `group/db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChainKey {
    pub text: String,
    /// In base32: of the roots that have signed its genesis.
    pub roots_fingerprint: Option<String>,
}

fn bad_key(text: &str, why: impl std::fmt::Display) -> Error {
    let shown: String = text.chars().take(64).collect();
    let message = format!(
        "{shown:?} is not a chain key: {why}. A chain key is domain/name/db (as example.com/me/mydb) or group/db (as \
         team/mydb), lower case only."
    );
    Error::new(Reason::ChainKeyInvalid, message).with("chain_key", text)
}

impl ChainKey {
    /// Parses a chain key. Fails with CHAIN_KEY_INVALID. Whether a domain exists is not checked.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > CHAIN_KEY_BYTES_MAX {
            return Err(bad_key(text, format_args!("it is longer than {CHAIN_KEY_BYTES_MAX} bytes")));
        }
        let parts: Vec<&str> = text.split('/').collect();
        let db = match parts[..] {
            [group, db] => {
                if !is_name(group) {
                    return Err(bad_key(text, format_args!("{group:?} is not a group name")));
                }
                db
            }
            [domain, name, db] => {
                if !is_domain(domain) {
                    let why = format!("{domain:?} is not a domain name in lower-case ASCII, nor 'localhost'");
                    return Err(bad_key(text, why));
                }
                // The folder of a user so named would be, or become, that of the group chain beside it.
                if !is_name(name) || name.ends_with(".chain") || name.ends_with(".chain.new") {
                    return Err(bad_key(text, format_args!("{name:?} is not a user name")));
                }
                db
            }
            _ => return Err(bad_key(text, format_args!("it has {} parts", parts.len()))),
        };
        let (name, roots) = match db.split_once('@') {
            Some((name, roots)) => (name, Some(roots)),
            None => (db, None),
        };
        let is_db =
            (1..=64).contains(&name.len()) && name.bytes().all(|one| matches!(one, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let are_roots =
            |roots: &str| roots.len() == 52 && roots.bytes().all(|one| matches!(one, b'a'..=b'z' | b'2'..=b'7'));
        if !is_db || !roots.is_none_or(are_roots) {
            return Err(bad_key(text, format_args!("{db:?} is not a database name")));
        }
        Ok(ChainKey { text: text.to_owned(), roots_fingerprint: roots.map(str::to_owned) })
    }
}

fn is_alphanumeric(one: u8) -> bool {
    matches!(one, b'a'..=b'z' | b'0'..=b'9')
}

fn is_name(text: &str) -> bool {
    let first_fits = text.bytes().next().is_some_and(is_alphanumeric);
    let rest_fits = text.bytes().all(|one| is_alphanumeric(one) || matches!(one, b'.' | b'_' | b'+' | b'-'));
    first_fits && rest_fits && text.len() <= 63
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let fits = (1..=63).contains(&label.len()) && label.bytes().all(|one| is_alphanumeric(one) || one == b'-');
        fits && !label.starts_with('-') && !label.ends_with('-')
    };
    text == "localhost" || (text.len() <= 253 && text.contains('.') && text.split('.').all(is_label))
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerAddress {
    /// A name or an IP address, IPv6 without brackets.
    pub host: String,
    pub port: u16,
    /// `host:port`, IPv6 in brackets: one spelling a server.
    pub server: String,
    /// Fingerprint of the identity key that it must have, in hexadecimal.
    pub pinned: Option<String>,
}

/// Splits the address of a chain, `ate://host[:port]/<chain key>[#sha256:<fingerprint>]`, into that of its server, for
/// [`Client::connect`](crate::Client::connect), and its key, for [`Client::open`](crate::Client::open).
///
/// Fails with REQUEST_INVALID, and CHAIN_KEY_INVALID for its chain key.
pub fn split_chain_address(text: &str) -> Result<(String, String)> {
    let ChainAddress { server, chain_key } = ChainAddress::parse(text)?;
    let pin = server.pinned.map(|pinned| format!("#{}", fingerprint_text(&pinned))).unwrap_or_default();
    Ok((format!("{}{pin}", server.server), chain_key.text))
}

/// Where a chain is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChainAddress {
    pub server: ServerAddress,
    pub chain_key: ChainKey,
}

fn bad_address(text: &str, why: impl std::fmt::Display) -> Error {
    let message = format!(
        "{text:?} is not an address: {why}. An address is ate://host[:port]/chain-key[#sha256:fingerprint], as \
         ate://localhost/example.com/me/mydb; the port is {DEFAULT_PORT} unless named."
    );
    Error::new(Reason::RequestInvalid, message).with("field", "address").with("address", text)
}

impl ChainAddress {
    /// Parses `ate://host[:port]/<chain key>`, or the older `ws://host[:port]/db/<chain key>`.
    ///
    /// Fails with REQUEST_INVALID, and CHAIN_KEY_INVALID for its chain key.
    pub fn parse(text: &str) -> Result<Self> {
        let (server, path) = split_address(text)?;
        if path.is_empty() {
            return Err(bad_address(text, "it names no chain"));
        }
        Ok(ChainAddress { server, chain_key: ChainKey::parse(&path)? })
    }

    /// `ate://host:port/<chain key>`, without the fingerprint.
    #[cfg(test)]
    pub fn text(&self) -> String {
        format!("ate://{}/{}", self.server.server, self.chain_key.text)
    }
}

impl ServerAddress {
    /// Parses `ate://host[:port]`, or just `host[:port]`. Fails with REQUEST_INVALID.
    pub fn parse(text: &str) -> Result<Self> {
        let whole = if text.contains("://") { text.to_owned() } else { format!("ate://{text}") };
        let (server, path) = split_address(&whole)?;
        if !path.is_empty() {
            return Err(bad_address(text, format_args!("it names a chain too, {path:?}")));
        }
        Ok(server)
    }

    /// Parses the address of a server that is asked for accounts: as `parse`, with another port where it names none.
    pub fn parse_auth(text: &str) -> Result<Self> {
        let (place, pin) = text.split_at(text.find('#').unwrap_or(text.len()));
        let place = place.strip_prefix("ate://").unwrap_or(place);
        let place = place.strip_suffix('/').unwrap_or(place);
        let has_port = !place.ends_with(']')
            && place.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|one| one.is_ascii_digit()));
        let port = if has_port { String::new() } else { format!(":{AUTH_PORT}") };
        ServerAddress::parse(&format!("{place}{port}{pin}"))
    }
}

fn split_address(text: &str) -> Result<(ServerAddress, String)> {
    let (before, pin) = match text.split_once('#') {
        Some((before, pin)) => (before, Some(pin)),
        None => (text, None),
    };
    let pinned = pin.map(|pin| parse_pin(text, pin)).transpose()?;
    let other_form = || bad_address(text, "it is of another form; an IPv6 address stands in brackets, as ate://[::1]");
    let (scheme, rest) = before.split_once("://").ok_or_else(other_form)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !matches!(scheme, "ate" | "ws") || path.contains('\n') {
        return Err(other_form());
    }
    let (spelt, port) = split_port(authority).ok_or_else(other_form)?;
    let port = match port {
        None => DEFAULT_PORT,
        Some(port) => match port.parse() {
            Ok(port) if port > 0 => port,
            _ => return Err(bad_address(text, format_args!("{port} is not a port from 1 to 65535"))),
        },
    };
    let mut path = path;
    if scheme == "ws" {
        if !path.is_empty() && path != "db" && !path.starts_with("db/") {
            return Err(bad_address(text, "after the host of a ws:// address comes /db/"));
        }
        path = path.strip_prefix("db").unwrap_or(path);
        path = path.strip_prefix('/').unwrap_or(path);
    }
    let (host, server) = match spelt.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(digits) => {
            let address =
                digits.parse().map_err(|_| bad_address(text, format_args!("[{digits}] is no IPv6 address")))?;
            let host = shortest_ipv6(address);
            let server = format!("[{host}]:{port}");
            (host, server)
        }
        None => {
            let host = spelt.to_lowercase();
            let server = format!("{host}:{port}");
            (host, server)
        }
    };
    Ok((ServerAddress { host, port, server, pinned }, path.to_owned()))
}

/// Splits a host, with the brackets of an IPv6 address, from its port; None where it is of another form.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(end);
    let is_host = |one: char| (one.is_ascii_graphic() && !"/:[]@#?".contains(one)) || one.is_alphanumeric();
    if !host.starts_with('[') && (host.is_empty() || !host.chars().all(is_host)) {
        return None;
    }
    if rest.is_empty() {
        return Some((host, None));
    }
    let port = rest.strip_prefix(':')?;
    let is_port = (1..=5).contains(&port.len()) && port.bytes().all(|one| one.is_ascii_digit());
    is_port.then_some((host, Some(port)))
}

/// Spells an IPv6 address as browsers do (RFC 5952, mapped IPv4 in hexadecimal).
fn shortest_ipv6(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xFFFF, high, low] => format!("::ffff:{high:x}:{low:x}"),
        _ => address.to_string(),
    }
}

fn parse_pin(address: &str, text: &str) -> Result<String> {
    parse_marked(text).map(str::to_owned).map_err(|fault| {
        bad_address(address, format_args!("what follows the # is the fingerprint of the server's identity: {fault}"))
    })
}

/// Reads a fingerprint that has its mark, or says what is wrong with it.
fn parse_marked(text: &str) -> std::result::Result<&str, &'static str> {
    let digits =
        text.strip_prefix(PIN_MARK).ok_or("it begins with sha256:, and other hashes than SHA-256 are not known")?;
    let fits = digits.len() == 64 && digits.bytes().all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f'));
    if fits { Ok(digits) } else { Err("after sha256: come 64 hexadecimal digits in lower case, and nothing else") }
}

/// Spells a fingerprint, in hexadecimal, as it stands in addresses.
pub(crate) fn fingerprint_text(digits: &str) -> String {
    format!("{PIN_MARK}{digits}")
}

/// Parses that form, or the bare digits. Gives the digits. Fails with REQUEST_INVALID.
pub(crate) fn parse_fingerprint_text(text: &str) -> Result<String> {
    let marked = if text.contains(':') { text.to_owned() } else { fingerprint_text(text) };
    parse_marked(&marked).map(str::to_owned).map_err(|fault| {
        let message = format!("{text:?} is no fingerprint of a key: {fault}");
        Error::new(Reason::RequestInvalid, message).with("field", "fingerprint")
    })
}
