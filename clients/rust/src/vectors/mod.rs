//! The vectors that all clients share: test/vectors/atedb-*.json of the repository.
//!
//! Each module has a table of the lists that it runs. A list of the index that is in no table fails, and so does one that is
//! missing, empty, or not as long as the index says.

mod basics;
mod delegated;
mod events;
mod gaps;
mod gone;
mod headers;
mod hostile;
mod keys;
mod left;
mod mutator;
mod owners;
mod trust;
mod wire;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;

use crate::crypto::from_hex;
use crate::error::{Error, Result};

/// A list of a file, and what is done with each of its cases.
type List = (&'static str, fn(&Case));

/// A case of a list, or a part of one.
#[derive(Clone, Debug)]
struct Case(Value);

fn folder() -> PathBuf {
    std::env::var_os("ATEDB_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test/vectors"), PathBuf::from)
}

/// Reads a file. One of another version fails, and so does one that doesn't say what it is.
fn read(name: &str) -> Value {
    let path = folder().join(format!("atedb-{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: Value = serde_json::from_str(&text).expect("a file of vectors is JSON");
    assert_eq!((&file["format"], &file["version"], &file["name"]), (&"atedb-vectors".into(), &1.into(), &name.into()));
    file
}

/// All files with their lists, and how long these are.
fn index() -> Vec<(String, String, usize)> {
    let index = read("index");
    let files = index["files"].as_array().expect("the index has files");
    let lists = files.iter().flat_map(|file| {
        let name = file["name"].as_str().expect("a file has a name");
        let lists = file["lists"].as_object().expect("a file has lists");
        lists
            .iter()
            .map(move |(list, count)| (name.to_owned(), list.clone(), count.as_u64().expect("a count") as usize))
    });
    lists.collect()
}

/// Gives a list.
fn cases(name: &str, list: &str) -> Vec<Case> {
    let due = index().into_iter().find(|(file, one, _)| file == name && one == list);
    let (_, _, count) = due.unwrap_or_else(|| panic!("the index has no list {name}.{list}"));
    let found = read(name)[list].as_array().unwrap_or_else(|| panic!("{name}.{list} is missing")).clone();
    assert!(found.len() == count && count > 0, "{name}.{list} has {} cases, and {count} are due", found.len());
    found.into_iter().map(Case).collect()
}

/// Runs the lists of a file, and says which case it was that failed.
fn run(name: &str, lists: &[List]) {
    for (list, check) in lists {
        for (place, case) in cases(name, list).iter().enumerate() {
            if let Err(failure) = catch_unwind(AssertUnwindSafe(|| check(case))) {
                let words = ["why", "what", "name"].iter().find_map(|part| case.0[part].as_str()).unwrap_or_default();
                eprintln!("in {name}.{list}[{place}]: {words}");
                resume_unwind(failure);
            }
        }
    }
}

impl Case {
    fn has(&self, part: &str) -> bool {
        self.0.get(part).is_some()
    }

    fn part(&self, part: &str) -> Case {
        Case(self.0[part].clone())
    }

    fn maybe_part(&self, part: &str) -> Option<Case> {
        self.0.get(part).cloned().map(Case)
    }

    /// Text; empty where it is left out.
    fn text(&self, part: &str) -> &str {
        self.0[part].as_str().unwrap_or_default()
    }

    fn maybe_text(&self, part: &str) -> Option<&str> {
        self.0[part].as_str()
    }

    /// A number; 0 where it is left out.
    fn number(&self, part: &str) -> u64 {
        self.0[part].as_u64().unwrap_or_default()
    }

    fn bool(&self, part: &str) -> bool {
        self.0[part].as_bool().unwrap_or_default()
    }

    /// Bytes; none where they are left out.
    fn data(&self, part: &str) -> Bytes {
        self.maybe_data(part).unwrap_or_default()
    }

    fn maybe_data(&self, part: &str) -> Option<Bytes> {
        self.0.get(part).map(bytes_of)
    }

    fn array<const N: usize>(&self, part: &str) -> [u8; N] {
        self.maybe_array(part).unwrap_or_else(|| panic!("{part} is missing"))
    }

    fn maybe_array<const N: usize>(&self, part: &str) -> Option<[u8; N]> {
        self.maybe_data(part).map(|data| data.as_ref().try_into().unwrap_or_else(|_| panic!("{part} has another size")))
    }

    /// The elements of a list; none where it is left out.
    fn list(&self, part: &str) -> Vec<Case> {
        self.0[part].as_array().cloned().unwrap_or_default().into_iter().map(Case).collect()
    }

    fn list_of_data(&self, part: &str) -> Vec<Bytes> {
        self.list(part).iter().map(|one| bytes_of(&one.0)).collect()
    }

    fn hashes(&self, part: &str) -> Vec<[u8; 32]> {
        self.list_of_data(part).iter().map(|one| one.as_ref().try_into().expect("a hash")).collect()
    }

    /// The hashes of a proof, as a client takes them from an answer: None where one has another length, and so isn't one.
    fn proof(&self, part: &str) -> Option<Vec<[u8; 32]>> {
        self.list_of_data(part).iter().map(|one| one.as_ref().try_into().ok()).collect()
    }
}

fn bytes_of(value: &Value) -> Bytes {
    from_hex(value.as_str().expect("bytes are text")).expect("bytes are in hexadecimal").into()
}

/// Expects a refusal with a reason.
fn refused<T>(result: Result<T>, reason: &str) -> Error {
    match result {
        Ok(_) => panic!("it was taken, and {reason} was due"),
        Err(error) => {
            assert_eq!(error.reason().name(), reason, "{error}");
            error
        }
    }
}

#[test]
fn every_list_of_every_file_is_run() {
    let tables = [
        basics::TABLES,
        delegated::TABLES,
        events::TABLES,
        gaps::TABLES,
        gone::TABLES,
        headers::TABLES,
        keys::TABLES,
        left::TABLES,
        owners::TABLES,
        trust::TABLES,
        wire::TABLES,
    ];
    let run: BTreeSet<(&str, &str)> =
        tables.into_iter().flatten().flat_map(|(name, lists)| lists.iter().map(|(list, _)| (*name, *list))).collect();
    let index = index();
    for (name, list, _) in &index {
        let is_of_servers = name == "compaction" && gone::OF_SERVERS.contains(&list.as_str());
        let is_run = run.contains(&(name.as_str(), list.as_str()));
        if is_of_servers {
            println!("not run: {name}.{list}, since only servers rewrite segments, and decide what is dropped");
        } else {
            assert!(is_run, "{name}.{list} is not run");
        }
    }
    for (name, list) in run {
        let is_there = index.iter().any(|(one, of, _)| one == name && of == list);
        assert!(is_there || name == "compaction", "there is no list {name}.{list}");
    }
}
