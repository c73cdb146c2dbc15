package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Committed;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.Reason;
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
  private final Executor executor;

  public Sealer(
      Reader reader,
      Writer writer,
      ChainKeys keys,
      boolean isConfidential,
      Padding padding,
      Executor executor) {
    this.reader = reader;
    this.writer = writer;
    this.keys = keys;
    this.isConfidential = isConfidential;
    this.padding = padding;
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
   *
   * @param make an event that says so
   */
  public Committed setReaders(List<PublicKey> readers, EventSource.OfReaders make) {
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
        events.add(make.make(rule, wrapped, some));
      }
      return waitFor(writer.append(built(events, List.of(), noSealings(events.size()))));
    } finally {
      Arrays.fill(readKey, (byte) 0);
    }
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
