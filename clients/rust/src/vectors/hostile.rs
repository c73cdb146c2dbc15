//! Bytes of others, changed at random: whatever they are, they are taken or refused, and nothing panics.

use bytes::Bytes;

use super::{basics::form_of, cases};
use crate::client::statuses::own_details;
use crate::crypto::key_file::parse_key_file;
use crate::encoding::message::Message;
use crate::encoding::strict::check_strict;
use crate::events::batch::Batch;
use crate::events::checkpoint::ParsedCheckpoint;
use crate::events::commit::split_slice;
use crate::log::segment::scan_segment;
use crate::trust::check_batch::check_batch;
use crate::trust::check_gone::{LeftOut, Provenance};
use crate::trust::replay::ReplayVerifier;

/// A sequence that looks random and is the same on every run (Knuth's MMIX generator).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }

    /// Bytes with something changed, cut off, put in or repeated.
    fn changed(&mut self, data: &[u8]) -> Bytes {
        let mut data = data.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(data.len());
            match self.below(5) {
                0 => data.truncate(at),
                1 => data.insert(at, self.below(256) as u8),
                2 if !data.is_empty() => {
                    data.remove(at);
                }
                3 => data.extend_from_within(at..),
                _ if !data.is_empty() => data[at] = self.below(256) as u8,
                _ => {}
            }
        }
        data.into()
    }
}

#[test]
fn nothing_panics() {
    let mut chance = Chance(1);
    for case in cases("strict-form", "good") {
        for _ in 0..40 {
            let data = chance.changed(&case.data("bytes"));
            let is_strict = check_strict(form_of(&case), &data).is_ok();
            let parsed = Message::parse(data.clone());
            assert!(!is_strict || parsed.is_ok());
            let _ = own_details(&data, "");
        }
    }
    for case in cases("batches", "good") {
        for _ in 0..100 {
            let _ = Batch::parse(&chance.changed(&case.data("run")))
                .and_then(|batch| check_batch(&batch, Provenance::Stored));
        }
    }
    for case in cases("replays", "good") {
        for slice in case.list_of_data("slices") {
            for _ in 0..10 {
                let data = chance.changed(&slice);
                let _ = split_slice(&data);
                let _ = ReplayVerifier::prepare(&data, LeftOut::Nothing);
            }
        }
    }
    for case in cases("segments", "whole") {
        for _ in 0..100 {
            let _ = scan_segment(chance.changed(&case.data("file")), case.number("segment"));
        }
    }
    for (case, part) in [("checkpoints", "note"), ("key-files", "text")] {
        for case in cases(case, "good") {
            for _ in 0..30 {
                let data = chance.changed(case.text(part).as_bytes());
                let text = String::from_utf8_lossy(&data);
                let _ = ParsedCheckpoint::parse(&text);
                let _ = parse_key_file(&text, "the file", None);
            }
        }
    }
}
