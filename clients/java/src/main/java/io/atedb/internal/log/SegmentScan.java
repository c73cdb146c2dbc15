package io.atedb.internal.log;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.Frontier;
import io.atedb.internal.event.Commit;
import java.util.ArrayList;
import java.util.List;

/**
 * One segment file: how far it is whole, and what is there after it (docs/format.md, "Recovery",
 * steps 4 to 7). Offsets are in bytes from the file's start.
 */
public final class SegmentScan {
  private static final int TAIL_FIELDS_BYTES = 19;

  /** What is said of a segment. */
  public enum Verdict {
    WHOLE,
    /** What is behind the last whole batch was never acknowledged, as far as the file can tell. */
    TAIL,
    DAMAGE
  }

  private final Bytes data;
  private final Records.Header header;
  private final Records.Footer footer;
  private final Frontier frontier;
  private final List<Commit.Stored> batches = new ArrayList<>();
  private Verdict verdict = Verdict.WHOLE;
  private int end;
  private long durable;
  private String fault;
  private long nextCommit;
  private long nextSequence;
  private long timeUnixMs;

  /**
   * Reads a segment from its header to its end or first fault, checking all that can be checked
   * without the events. Raises CHAIN_DAMAGED, FORMAT_TOO_NEW where its header is none.
   *
   * @param generation how often it was rewritten, as its name says
   */
  public SegmentScan(Bytes data, long segment, long generation) {
    this.data = data;
    this.header = Records.readHeader(data, segment, generation);
    Records.Footer found = Records.footerAtEnd(data);
    boolean isThere = found != null && found.durableOffset() == data.size() - found.bytes();
    this.footer = isThere ? found : null;
    this.frontier = new Frontier(header.firstCommit(), header.frontier());
    this.end = header.end();
    // A chain's folder appears with its first batch in it.
    this.durable = header.end() + (segment == 0 ? 1 : 0);
    this.nextCommit = header.firstCommit();
    this.nextSequence = header.firstSequence();
    scan();
  }

  private void scan() {
    int limit = footer == null ? data.size() : (int) footer.durableOffset();
    if (footer != null) {
      durable = Math.max(durable, footer.durableOffset());
    }
    boolean isContradiction = false;
    int resume = limit;
    while (end < limit && fault == null) {
      Frame found = Frame.find(data, end, limit);
      if (found.fault() != null) {
        fault = found.fault();
        resume = limit;
        break;
      }
      if (!Frame.crcFits(Bytes.EMPTY, data.slice(found.start(), found.end()))) {
        fault = "a checksum does not fit";
        resume = found.end();
        break;
      }
      Commit commit = commitOf(data, found);
      fault = commit == null ? "a commit is not in the strict form" : faultOf(commit, found);
      if (fault != null) {
        isContradiction = true;
        resume = found.end();
        break;
      }
      take(commit, found);
    }
    if (fault == null && end > limit) {
      fault = "a footer lies where the header is";
      isContradiction = true;
    }
    if (fault == null && footer != null && !footerFits()) {
      fault = "the footer is of other batches";
      isContradiction = true;
    }
    if (fault != null) {
      durable = Math.max(durable, durableAfter(limit, resume));
    }
    if (end < durable) {
      verdict = Verdict.DAMAGE;
    } else if (fault != null) {
      boolean isTooMuch = data.size() - end > Limits.UNSYNCED_BYTES_MAX;
      verdict = isContradiction || isTooMuch ? Verdict.DAMAGE : Verdict.TAIL;
    }
  }

  private void take(Commit commit, Frame found) {
    batches.add(new Commit.Stored(null, data.slice(found.start(), found.runEnd()), commit));
    frontier.append(commit.leaf());
    timeUnixMs = commit.header().timeUnixMs();
    nextCommit = commit.header().commit() + 1;
    nextSequence = commit.header().firstSequence() + commit.header().events();
    end = found.end();
    durable = Math.max(durable, commit.durableOffset());
  }

  /** What is wrong with a batch whose CRC fits; null: nothing. */
  private String faultOf(Commit commit, Frame found) {
    Commit.Header said = commit.header();
    if (commit.batchBytes() != found.runEnd() - found.start()) {
      return "a commit is of a batch of another size";
    }
    if (said.events() != found.events()) {
      return "a commit is of another number of events";
    }
    if (commit.durableOffset() > found.start()) {
      return "a commit calls bytes durable that came after it";
    }
    if (said.commit() != nextCommit || said.firstSequence() != nextSequence) {
      return "a commit or its sequence is where another was due";
    }
    if (said.timeUnixMs() < timeUnixMs) {
      return "time goes back";
    }
    if (commit.treeRoot() != null) {
      Frontier after = frontier.copy();
      after.append(commit.leaf());
      if (!commit.treeRoot().equals(after.root())) {
        return "the tree has another root than was written";
      }
    }
    return null;
  }

  private static Commit commitOf(Bytes data, Frame found) {
    try {
      return Commit.parse(data.slice(found.commitStart(), found.end()));
    } catch (AtedbException error) {
      return null;
    }
  }

  private boolean footerFits() {
    return footer.nextCommit() == nextCommit
        && footer.nextSequence() == nextSequence
        && footer.treeRoot().equals(frontier.root());
  }

  /**
   * What commits behind a fault say was durable: those that the framing leads to, and the one at
   * the file's end.
   */
  private long durableAfter(int limit, int resume) {
    long found = 0;
    int at = resume;
    while (at < limit) {
      Frame next = Frame.find(data, at, limit);
      if (next.fault() != null) {
        break;
      }
      at = next.end();
      Commit commit = commitOf(data, next);
      boolean isWhole = Frame.crcFits(Bytes.EMPTY, data.slice(next.start(), next.end()));
      if (isWhole && commit != null && commit.durableOffset() <= next.start()) {
        found = Math.max(found, commit.durableOffset());
      }
    }
    // Where bytes are gone, or too many, it lies elsewhere than it says. A whole batch is right
    // before it, or it is data.
    Bytes tail = data.slice(Math.max(0, limit - Limits.BATCH_BYTES_MAX - 80), limit);
    Records.Footer last = Records.footerAtEnd(tail);
    Commit commit = commitAtEnd(tail.slice(0, tail.size() - (last == null ? 0 : last.bytes())));
    if (commit == null) {
      return found;
    }
    found = Math.max(found, commit.durableOffset());
    return last == null ? found : Math.max(found, last.durableOffset());
  }

  /**
   * The whole batch that bytes end with, from their end alone: the last fields of a commit have a
   * fixed width.
   */
  private static Commit commitAtEnd(Bytes data) {
    int size = data.size();
    if (size < TAIL_FIELDS_BYTES
        || data.at(size - 19) != 0x6D
        || data.at(size - 14) != 0x71
        || data.at(size - 5) != 0x7D) {
      return null;
    }
    long batchBytes = Frame.little32(data, size - 18);
    for (long at = Math.max(batchBytes, size - Limits.COMMIT_BYTES_MAX); at < size - 18; at++) {
      Frame.Length length =
          data.at((int) at) == Frame.COMMIT_TAG
              ? Frame.Length.read(data, (int) at + 1, size)
              : null;
      if (length == null || length.end() != size) {
        continue;
      }
      Frame found = Frame.find(data, (int) (at - batchBytes), size);
      boolean isWhole =
          found.fault() == null
              && found.runEnd() == at
              && Frame.crcFits(Bytes.EMPTY, data.slice(found.start(), found.end()));
      if (isWhole) {
        return commitOf(data, found);
      }
    }
    return null;
  }

  /** Of the file that it was rewritten from, by compactions; null of an original. */
  public Bytes originalSha256() {
    return header.originalSha256();
  }

  public Verdict verdict() {
    return verdict;
  }

  /** Where the first batch begins. */
  public int start() {
    return header.end();
  }

  /** Where the last whole batch ends. */
  public int end() {
    return end;
  }

  /** What is durable for certain. */
  public long durable() {
    return durable;
  }

  /** What is wrong behind the last whole batch; null: nothing. */
  public String fault() {
    return fault;
  }

  public List<Commit.Stored> batches() {
    return batches;
  }

  public long nextCommit() {
    return nextCommit;
  }

  public long nextSequence() {
    return nextSequence;
  }

  public Bytes treeRoot() {
    return frontier.root();
  }

  public boolean hasFooter() {
    return footer != null;
  }
}
