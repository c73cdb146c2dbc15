//! One segment file: how far it is whole, and what is there after it (docs/format.md, "Recovery", steps 4 to 7).

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::hashes::Hash;
use crate::crypto::merkle::Frontier;
use crate::encoding::forms::magics;
use crate::error::Result;
use crate::events::commit::Commit;
use crate::limits::{BATCH_BYTES_MAX, UNSYNCED_BYTES_MAX};
use crate::log::frame::{Frame, checked_record, commit_at_end, commit_of, crc_fits, damaged, frame_batch, read_length};
use crate::reason::Reason;

const HEADER_TAG: u8 = 0x22;
const FOOTER_TAG: u8 = 0x32;
const FOOTER_BYTES_MAX: usize = 80;

/// What is to be made of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is good to its end.
    Whole,
    /// What follows the last whole batch was never acknowledged, as far as the file can tell.
    Tail,
    /// Something that was durable is gone, or not true.
    Damage,
}

/// The start of a segment file.
struct SegmentHeader {
    first_commit: u64,
    first_sequence: u64,
    frontier: Frontier,
    /// Size with its tag: where the first batch begins.
    bytes: usize,
}

/// The end of a segment file that was closed in good order.
struct SegmentFooter {
    durable_offset: usize,
    next_commit: u64,
    next_sequence: u64,
    tree_root: Hash,
}

/// What a segment file holds. Offsets are in bytes from the file's start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SegmentScan {
    /// What is to be made of it.
    pub verdict: Verdict,
    /// Where the first batch begins.
    pub start: usize,
    /// Where the last whole batch ends.
    pub end: usize,
    /// What is durable for certain.
    pub durable: usize,
    /// What is wrong at the end of the last whole batch.
    pub fault: Option<&'static str>,
    /// Number of whole batches.
    pub batches: usize,
    /// Number of the commit that comes next.
    pub next_commit: u64,
    /// Sequence of the event that comes next.
    pub next_sequence: u64,
    /// Root of the tree of all commits before.
    pub tree_root: Hash,
    /// Whether it was closed in good order.
    pub has_footer: bool,
}

/// Reads the header that a segment file begins with. Fails with CHAIN_DAMAGED, FORMAT_TOO_NEW.
fn parse_header(data: &Bytes, segment: u64) -> Result<SegmentHeader> {
    let length = read_length(data, 1).filter(|_| data.first() == Some(&HEADER_TAG));
    let (length, start) = length.ok_or_else(|| damaged("it does not begin with a segment header"))?;
    let end = start + length;
    if end > data.len() {
        return Err(damaged("its header is cut short"));
    }
    let parts = checked_record(&data.slice(start..end), magics::SEGMENT_HEADER, &data[..start])?;
    let none = || damaged("a hash of its header is none");
    let hashes: Option<Vec<Hash>> = parts.all(6).map(|one| array(&one)).collect();
    if parts.bytes(2).len() != 32 {
        return Err(none());
    }
    let (number, first_commit, first_sequence) = (parts.number(3), parts.number(4), parts.number(5));
    if number != segment {
        return Err(damaged(format_args!("it is the file of segment {number}")));
    }
    let frontier = Frontier::new(first_commit, hashes.ok_or_else(none)?);
    let frontier = frontier.map_err(|_| damaged("its header does not fit its place"))?;
    if parts.has(7) == (segment == 0) {
        return Err(damaged("its header does not fit its place"));
    }
    Ok(SegmentHeader { first_commit, first_sequence, frontier, bytes: end })
}

/// Finds the whole footer that a file ends with, and its size with its tag, wherever it says that it lies.
fn footer_at_end(data: &Bytes) -> Result<Option<(SegmentFooter, usize)>> {
    for at in data.len().saturating_sub(FOOTER_BYTES_MAX)..data.len() {
        let Some((length, start)) = read_length(data, at + 1).filter(|_| data[at] == FOOTER_TAG) else {
            continue;
        };
        if start + length != data.len() {
            continue;
        }
        match checked_record(&data.slice(start..), magics::SEGMENT_FOOTER, &[]) {
            Err(error) if error.reason() == Reason::FormatTooNew => return Err(error),
            Err(_) => {}
            Ok(parts) => {
                if let Some(tree_root) = array(&parts.bytes(5)) {
                    let footer = SegmentFooter {
                        durable_offset: usize::try_from(parts.number(2)).unwrap_or(usize::MAX),
                        next_commit: parts.number(3),
                        next_sequence: parts.number(4),
                        tree_root,
                    };
                    return Ok(Some((footer, data.len() - at)));
                }
            }
        }
    }
    Ok(None)
}

/// Reads a server's segment file from its header to its end or first fault, checking all that can be checked without the events
/// (docs/format.md, "Recovery"): framing, checksums, commits, the tree. What the events are isn't looked at.
///
/// `segment` is its number. Fails with CHAIN_DAMAGED, FORMAT_TOO_NEW where its header is none.
pub fn scan_segment(data: impl Into<Bytes>, segment: u64) -> Result<SegmentScan> {
    let data = &data.into();
    let header = parse_header(data, segment)?;
    let footer = footer_at_end(data)?;
    let footer = footer.filter(|(footer, size)| footer.durable_offset == data.len() - size).map(|(footer, _)| footer);
    let limit = footer.as_ref().map_or(data.len(), |footer| footer.durable_offset);
    let mut frontier = header.frontier.clone();
    // A chain's folder appears with its first batch in it.
    let durable = header.bytes + usize::from(segment == 0);
    let mut scan = SegmentScan {
        verdict: Verdict::Whole,
        end: header.bytes,
        durable: durable.max(footer.as_ref().map_or(0, |footer| footer.durable_offset)),
        fault: None,
        next_commit: header.first_commit,
        next_sequence: header.first_sequence,
        tree_root: frontier.root(),
        has_footer: footer.is_some(),
        batches: 0,
        start: header.bytes,
    };
    let within = data.slice(..limit);
    let (mut contradicts, mut resume, mut time_unix_ms) = (false, None, 0);
    while scan.end < limit && scan.fault.is_none() {
        match frame_batch(&within, scan.end) {
            Err(why) => scan.fault = Some(why),
            Ok(found) if !crc_fits(&within[found.start..found.end]) => {
                scan.fault = Some("a checksum does not fit");
                resume = Some(found.end);
            }
            Ok(found) => match check(&within, &found, &scan, &frontier, time_unix_ms) {
                Err(why) => {
                    scan.fault = Some(why);
                    contradicts = true;
                    resume = Some(found.end);
                }
                Ok(commit) => {
                    frontier.append(commit.leaf);
                    time_unix_ms = commit.header.time_unix_ms;
                    scan.next_commit = commit.header.commit + 1;
                    scan.next_sequence = commit.header.next_sequence();
                    scan.end = found.end;
                    scan.durable = scan.durable.max(offset(commit.durable_offset));
                    scan.batches += 1;
                }
            },
        }
    }
    scan.tree_root = frontier.root();
    if scan.fault.is_none() && scan.end > limit {
        (scan.fault, contradicts) = (Some("a footer lies where the header is"), true);
    }
    let fits = footer.as_ref().is_none_or(|footer| {
        (footer.next_commit, footer.next_sequence, footer.tree_root)
            == (scan.next_commit, scan.next_sequence, scan.tree_root)
    });
    if scan.fault.is_none() && !fits {
        (scan.fault, contradicts) = (Some("the footer is of other batches"), true);
    }
    if scan.fault.is_some() {
        scan.durable = scan.durable.max(durable_after(&within, resume)?);
    }
    scan.verdict = verdict_on(&scan, data.len(), contradicts);
    Ok(scan)
}

fn offset(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn verdict_on(scan: &SegmentScan, size: usize, contradicts: bool) -> Verdict {
    match scan.fault {
        _ if scan.end < scan.durable => Verdict::Damage,
        None => Verdict::Whole,
        Some(_) if contradicts || size - scan.end > UNSYNCED_BYTES_MAX => Verdict::Damage,
        Some(_) => Verdict::Tail,
    }
}

/// Checks a batch whose CRC fits against the chain before it; or says what is wrong.
fn check(
    data: &Bytes,
    found: &Frame,
    scan: &SegmentScan,
    frontier: &Frontier,
    time_unix_ms: u64,
) -> std::result::Result<Commit, &'static str> {
    let commit = commit_of(data, found).ok_or("a commit is not in the strict form")?;
    let header = &commit.header;
    let mut after = frontier.clone();
    after.append(commit.leaf);
    let faults = [
        (commit.batch_bytes != (found.run_end - found.start) as u64, "a commit is of a batch of another size"),
        (header.events != found.events, "a commit is of another number of events"),
        (commit.durable_offset > found.start as u64, "a commit calls bytes durable that came after it"),
        (header.commit != scan.next_commit, "a commit is where another was due"),
        (header.first_sequence != scan.next_sequence, "a sequence is where another was due"),
        (header.time_unix_ms < time_unix_ms, "time goes back"),
        (commit.tree_root.is_some_and(|root| root != after.root()), "the tree has another root than was written"),
    ];
    match faults.iter().find(|(is_wrong, _)| *is_wrong) {
        Some((_, why)) => Err(why),
        None => Ok(commit),
    }
}

/// Finds what commits behind a fault say was durable: those that the framing leads to, and the one at the file's end.
fn durable_after(data: &Bytes, resume: Option<usize>) -> Result<usize> {
    let mut durable = 0;
    let mut at = resume.unwrap_or(data.len());
    while at < data.len() {
        let Ok(found) = frame_batch(data, at) else {
            break;
        };
        at = found.end;
        if let Some(commit) = commit_of(data, &found).filter(|_| crc_fits(&data[found.start..found.end]))
            && commit.durable_offset <= found.start as u64
        {
            durable = durable.max(offset(commit.durable_offset));
        }
    }
    // Where bytes are gone, or too many, a footer lies elsewhere than it says. A whole batch is right before it, or it is data.
    let end = data.slice(data.len().saturating_sub(BATCH_BYTES_MAX + FOOTER_BYTES_MAX)..);
    let footer = footer_at_end(&end)?;
    let footer_bytes = footer.as_ref().map_or(0, |(_, size)| *size);
    let Some(last) = commit_at_end(&end.slice(..end.len() - footer_bytes)) else {
        return Ok(durable);
    };
    let of_footer = footer.map_or(0, |(footer, _)| footer.durable_offset);
    Ok(durable.max(offset(last.durable_offset)).max(of_footer))
}
