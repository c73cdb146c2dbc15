package io.atedb;

import io.atedb.internal.client.Accounts;
import io.atedb.internal.client.ChainCalls;
import io.atedb.internal.client.ChainKeys;
import io.atedb.internal.client.EventSource;
import io.atedb.internal.client.Expected;
import io.atedb.internal.client.GroupKeys;
import io.atedb.internal.client.Locks;
import io.atedb.internal.client.NameClaim;
import io.atedb.internal.client.Opener;
import io.atedb.internal.client.Reader;
import io.atedb.internal.client.Sealer;
import io.atedb.internal.client.Writer;
import io.atedb.internal.client.WriterPlace;
import io.atedb.internal.crypt.Padding;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Said;
import io.atedb.internal.home.RememberedChain;
import io.atedb.internal.rpc.Transport;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/** What an open chain is made of. */
record ChainParts(
    ChainKey key,
    ChainCalls calls,
    Opener opener,
    Reader reader,
    Writer writer,
    Sealer sealer,
    Locks locks,
    ChainKeys keys,
    boolean isForAppend,
    Executor executor) {

  private static final EventSource.OfReaders OF_READERS =
      new EventSource.OfReaders() {
        @Override
        public EventSource handOut(
            ChainObject object,
            ReadRule rule,
            List<Said.WrappedKey> wrapped,
            List<PublicKey> keys) {
          return NewEvent.readers(object, rule, wrapped, keys).source();
        }

        @Override
        public EventSource admit(List<Bytes> fingerprints) {
          return NewEvent.rules(null).admit(fingerprints).source();
        }
      };

  /** What of a client its chains use. */
  record OfClient(
      Transport transport,
      Accounts accounts,
      Path home,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer,
      Executor executor) {}

  static ChainParts of(OfClient client, ChainKey key, OpenOptions options, ChainKeys member) {
    NameClaim claim = new NameClaim(client.transport, key, options.claims(), client.onNotice);
    ChainKeys keys = keysOf(client, key, options, member, claim);
    Opener[] made = new Opener[1];
    ChainCalls calls =
        new ChainCalls(
            client.transport,
            key,
            keys,
            (chainId, identity) -> made[0].checkChallenge(chainId, identity));
    Expected expected =
        new Expected(
            options.chainId(),
            options.trustMode(),
            options.isConfidential(),
            options.isPrivate(),
            options.token() != null);
    RememberedChain remembered = new RememberedChain(client.home, client.transport.server(), key);
    Opener opener = new Opener(calls, expected, remembered, client.onNotice, client.timer);
    made[0] = opener;
    WriterPlace place =
        new WriterPlace(calls, opener, expected, claim, client.home, client.onNotice, client.timer);
    Writer writer =
        new Writer(
            calls,
            opener,
            place,
            keys,
            options.signsBatches(),
            options.reconnectTime(),
            client.onNotice,
            client.executor);
    Reader reader = new Reader(calls, opener, keys, options.checkRules());
    Padding padding = options.pads() ? Padding.PADME : Padding.MARK;
    Sealer sealer =
        new Sealer(
            reader, writer, keys, options.isConfidential(), padding, OF_READERS, client.executor);
    Locks locks = new Locks(calls, opener, keys, options.reconnectTime(), client.executor);
    return new ChainParts(
        key,
        calls,
        opener,
        reader,
        writer,
        sealer,
        locks,
        keys,
        options.isForAppend(),
        client.executor);
  }

  /** A group's chains are used by the keys of its roles; a token has its right otherwise. */
  private static ChainKeys keysOf(
      OfClient client, ChainKey key, OpenOptions options, ChainKeys member, NameClaim claim) {
    if (key.group() == null || options.token() != null) {
      return member;
    }
    return new GroupKeys(
        key.group(),
        member,
        client.accounts,
        claim,
        options.namesNoAuthor(),
        client.onNotice,
        client.executor);
  }
}
