package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Committed;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.Reason;
import io.atedb.internal.account.OpenedGroup;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.DataKey;
import io.atedb.internal.crypt.Padding;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Precondition;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.trust.Authority;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/**
 * Builds appends, and seals their data as the rules say, which are verified up to the chain's end
 * before.
 */
public final class Sealer {
  /** What a seal and its signatures take of a batch, with what is shown of keys. */
  private static final int SEAL_BYTES_MAX = 32_768;

  private static final int EVENTS_BYTES_MAX = Limits.RUN_BYTES_MAX - SEAL_BYTES_MAX;

  private final Reader reader;
  private final Writer writer;
  private final ChainKeys keys;
  private final boolean isConfidential;
  private final Padding padding;
  private final EventSource.OfReaders ofReaders;
  private final Executor executor;
  private final ReentrantLock renewing = new ReentrantLock();

  /** The version of the group for whose keys the read key was seen to; -1: for none. */
  private long renewedFor = -1;

  public Sealer(
      Reader reader,
      Writer writer,
      ChainKeys keys,
      boolean isConfidential,
      Padding padding,
      EventSource.OfReaders ofReaders,
      Executor executor) {
    this.reader = reader;
    this.writer = writer;
    this.keys = keys;
    this.isConfidential = isConfidential;
    this.padding = padding;
    this.ofReaders = ofReaders;
    this.executor = executor;
  }

  /**
   * Whether it is known that data of the chain is sealed. Never in clear where a rule can't be
   * known.
   */
  private boolean seals() {
    return isConfidential
        || reader.genesis() != null
            && (reader.genesis().isConfidential() || reader.authority().hasReadRules());
  }

  /** Appends events. What is given completes when they are durable. */
  public CompletableFuture<Committed> append(
      List<? extends EventSource> events, List<Precondition> conditions) {
    if (seals()) {
      return again(sealed(events, conditions), events, conditions);
    }
    // In clear, unless a rule that isn't known here has it sealed: the server refuses that.
    return again(writer.append(built(events, conditions, null)), events, conditions);
  }

  /** Seals anew, once, where the rules have changed meanwhile, or weren't known. */
  private CompletableFuture<Committed> again(
      CompletableFuture<Committed> first,
      List<? extends EventSource> events,
      List<Precondition> conditions) {
    return first.exceptionallyCompose(
        error -> {
          boolean isOfRule =
              causeOf(error) instanceof AtedbException known
                  && known.reason() == Reason.READ_RULE_MISMATCH;
          return isOfRule
              ? CompletableFuture.supplyAsync(() -> sealed(events, conditions), executor)
                  .thenCompose(next -> next)
              : CompletableFuture.failedFuture(causeOf(error));
        });
  }

  private static Throwable causeOf(Throwable error) {
    return error instanceof CompletionException && error.getCause() != null
        ? error.getCause()
        : error;
  }

  private CompletableFuture<Committed> sealed(
      List<? extends EventSource> events, List<Precondition> conditions) {
    if (reader.genesis() == null) {
      writer.create();
    }
    renew();
    Authority authority = reader.newestAuthority();
    List<SealedData.Sealing> sealings = new ArrayList<>();
    for (EventSource event : events) {
      sealings.add(event.hasData() ? sealingOf(authority, event) : null);
    }
    return writer.append(built(events, conditions, sealings));
  }

  /**
   * How the data of an event is sealed; null: in clear. Raises READ_RULE_MISMATCH,
   * READ_KEY_MISSING.
   */
  private SealedData.Sealing sealingOf(Authority authority, EventSource event) {
    ReadRule rule = authority.readRuleFor(event.primaryKeyOrNull(), event.parentOrNull());
    if (rule == null) {
      throw new AtedbException(
          Reason.READ_RULE_MISMATCH,
          "the chain is confidential, and nobody has said yet who may read it: set its readers first");
    }
    if (rule.kind() == ReadRule.Kind.EVERYONE) {
      return null;
    }
    Bytes chainId = reader.genesis().chainId();
    byte[] readKey = reader.readKeys().find(rule.readKeyId(), chainId);
    if (readKey == null) {
      String holders =
          reader.readKeys().holdersOf(rule.readKeyId()).stream()
              .map(Bytes::hex)
              .collect(Collectors.joining(","));
      throw new AtedbException(
          Reason.READ_KEY_MISSING,
          "the read key "
              + rule.readKeyId()
              + " was not given to any of your keys. Ask one of those who have it to share it: "
              + holders,
          Map.of("read_key_id", rule.readKeyId().hex(), "holders", holders));
    }
    return SealedData.under(readKey, chainId, padding);
  }

  /**
   * Makes events once. Raises TOO_MANY_EVENTS, DATA_TOO_LARGE, naming the limit; REQUEST_INVALID.
   */
  private Built built(
      List<? extends EventSource> events,
      List<Precondition> conditions,
      List<SealedData.Sealing> sealings) {
    if (events.isEmpty()) {
      throw EventInput.invalid("events", "there are none");
    }
    if (events.size() > Limits.BATCH_EVENTS_MAX) {
      throw new AtedbException(
          Reason.TOO_MANY_EVENTS,
          events.size()
              + " events are too many for one append, which is one batch: "
              + Limits.BATCH_EVENTS_MAX
              + " is the limit. Append them in several calls",
          Map.of("limit_events", Integer.toString(Limits.BATCH_EVENTS_MAX)));
    }
    KeyPair author = keys.author();
    List<EventInput.Built> made = new ArrayList<>();
    long bytes = 0;
    boolean bearsAuthority = author != null;
    for (int index = 0; index < events.size(); index++) {
      EventSource event = events.get(index);
      checkSize(bytes + event.dataBytes());
      EventInput.Built one =
          event.build(
              sealings == null ? null : sealings.get(index),
              author == null ? null : author.fingerprint());
      made.add(one);
      bytes += one.frame().size();
      bearsAuthority |= event.bearsAuthority();
      checkSize(bytes);
    }
    List<KeyPair> coSigners = author == null ? List.of() : List.of(author);
    return new Built(made, (int) bytes, conditions, coSigners, bearsAuthority, sealings != null);
  }

  private static void checkSize(long bytes) {
    if (bytes > EVENTS_BYTES_MAX) {
      throw new AtedbException(
          Reason.DATA_TOO_LARGE,
          "the events are too large for one batch, at "
              + bytes
              + " bytes or more: "
              + EVENTS_BYTES_MAX
              + " is the limit. Append them in several calls, or store one as several",
          Map.of("limit_bytes", Integer.toString(EVENTS_BYTES_MAX)));
    }
  }

  /**
   * Makes a new read key, hands it out to these and the own key, and has the chain sealed with it.
   * Waits until that is durable.
   */
  public Committed setReaders(List<PublicKey> readers) {
    if (reader.genesis() == null) {
      writer.create();
    }
    Map<Bytes, PublicKey> once = new LinkedHashMap<>();
    PublicKey own = keys.writing().publicKey();
    once.put(own.fingerprint(), own);
    readers.forEach(one -> once.put(one.fingerprint(), one));
    List<PublicKey> all = List.copyOf(once.values());
    Bytes chainId = reader.genesis().chainId();
    byte[] readKey = Symmetric.random(DataKey.READ_KEY_BYTES);
    try {
      List<EventSource> events = new ArrayList<>();
      for (int at = 0; at < all.size(); at += Limits.PUBLIC_KEYS_MAX) {
        List<PublicKey> some = all.subList(at, Math.min(all.size(), at + Limits.PUBLIC_KEYS_MAX));
        List<Said.WrappedKey> wrapped =
            some.stream().map(one -> SealedData.wrap(chainId, readKey, one)).toList();
        ReadRule rule = at == 0 ? ReadRule.readKey(DataKey.readKeyId(readKey)) : null;
        events.add(ofReaders.make(rule, wrapped, some));
      }
      return waitFor(writer.append(built(events, List.of(), noSealings(events.size()))));
    } finally {
      Arrays.fill(readKey, (byte) 0);
    }
  }

  /**
   * Hands out a new read key to the keys that the roles of the chain's group have now, where the
   * one that there is was given to one that a role had before. What the roles' keys are, the
   * group's acts say, and never the server's answers in the chain, which anybody who has the server
   * could have it sign.
   */
  private void renew() {
    OpenedGroup group = keys.group();
    if (group == null) {
      return;
    }
    renewing.lock();
    try {
      if (renewedFor == group.group().version()) {
        return;
      }
      List<PublicKey> readers = renewedReaders(group);
      if (readers != null) {
        try {
          setReaders(readers);
        } catch (AtedbException error) {
          // Somebody else may have been faster.
          if (renewedReaders(group) != null) {
            throw error;
          }
        }
      }
      renewedFor = group.group().version();
    } finally {
      renewing.unlock();
    }
  }

  /**
   * Who is to read the chain, where its read key was handed out to keys that roles of its group
   * have no more: the keys that these have now, and all others that count; null where nothing is to
   * be changed.
   */
  private List<PublicKey> renewedReaders(OpenedGroup group) {
    Authority authority = reader.newestAuthority();
    ReadRule rule = authority.readRuleFor(null, null);
    if (rule == null || rule.kind() != ReadRule.Kind.READ_KEY) {
      return null;
    }
    List<Bytes> holders = reader.readKeys().holdersOf(rule.readKeyId());
    if (holders.stream().allMatch(one -> group.group().successorOf(one) == null)) {
      return null;
    }
    List<PublicKey> staying = new ArrayList<>();
    for (Bytes one : holders) {
      PublicKey successor = group.group().successorOf(one);
      if (successor != null) {
        staying.add(successor);
      } else if (one.equals(authority.keys().currentOf(one))) {
        PublicKey key = authority.keys().find(one);
        if (key == null) {
          throw new AtedbException(
              Reason.KEY_UNKNOWN,
              "the chain doesn't know the public key "
                  + one
                  + " of a reader. Set all readers instead",
              Map.of("fingerprint", one.hex()));
        }
        staying.add(key);
      }
    }
    return staying;
  }

  private static List<SealedData.Sealing> noSealings(int size) {
    return new ArrayList<>(java.util.Collections.nCopies(size, null));
  }

  private static Committed waitFor(CompletableFuture<Committed> pending) {
    try {
      return pending.join();
    } catch (CompletionException error) {
      if (error.getCause() instanceof AtedbException known) {
        throw known;
      }
      throw error;
    }
  }
}
