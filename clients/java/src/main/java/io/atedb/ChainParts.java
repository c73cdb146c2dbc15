package io.atedb;

import io.atedb.internal.client.ChainCalls;
import io.atedb.internal.client.ChainKeys;
import io.atedb.internal.client.Expected;
import io.atedb.internal.client.NameClaim;
import io.atedb.internal.client.Opener;
import io.atedb.internal.client.Reader;
import io.atedb.internal.client.Sealer;
import io.atedb.internal.client.Writer;
import io.atedb.internal.client.WriterPlace;
import io.atedb.internal.crypt.Padding;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.home.RememberedChain;
import io.atedb.internal.rpc.Transport;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/** What an open chain is made of. */
record ChainParts(
    ChainKey key,
    Opener opener,
    Reader reader,
    Writer writer,
    Sealer sealer,
    ChainKeys keys,
    boolean isForAppend,
    Executor executor) {

  /** What of a client its chains use. */
  record OfClient(
      Transport transport,
      Path home,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer,
      Executor executor) {}

  static ChainParts of(OfClient client, ChainKey key, OpenOptions options, ChainKeys keys) {
    Opener[] made = new Opener[1];
    ChainCalls calls =
        new ChainCalls(
            client.transport,
            key,
            keys,
            (chainId, identity) -> made[0].checkChallenge(chainId, identity));
    Expected expected =
        new Expected(
            options.chainId(), options.trustMode(), options.isConfidential(), options.isPrivate());
    RememberedChain remembered = new RememberedChain(client.home, client.transport.server(), key);
    Opener opener = new Opener(calls, expected, remembered, client.onNotice, client.timer);
    made[0] = opener;
    NameClaim claim = new NameClaim(client.transport, key, options.claims(), client.onNotice);
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
        new Sealer(reader, writer, keys, options.isConfidential(), padding, client.executor);
    return new ChainParts(
        key, opener, reader, writer, sealer, keys, options.isForAppend(), client.executor);
  }
}
