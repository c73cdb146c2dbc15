package io.atedb.matrix;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.atedb.AtedbClient;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ChainEvent;
import io.atedb.ClientOptions;
import io.atedb.Committed;
import io.atedb.Encryption;
import io.atedb.EventStream;
import io.atedb.OpenOptions;
import io.atedb.PublicKey;
import io.atedb.TreeHead;
import io.atedb.TrustMode;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * This client's part of the matrix: test/matrix/jobs.ts of the repository says what it is told, and
 * what it answers.
 */
public final class Driver {
  private Driver() {}

  public static void main(String[] arguments) {
    JsonObject order =
        JsonParser.parseReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
            .getAsJsonObject();
    JsonArray results = new JsonArray();
    for (JsonElement job : order.getAsJsonArray("jobs")) {
      try {
        results.add(carryOut(order, job.getAsJsonObject()));
      } catch (RuntimeException error) {
        JsonObject failed = new JsonObject();
        failed.addProperty("error", error.toString());
        results.add(failed);
      }
    }
    byte[] said = results.toString().getBytes(StandardCharsets.UTF_8);
    System.out.write(said, 0, said.length);
    System.out.flush();
  }

  private static JsonObject carryOut(JsonObject order, JsonObject job) {
    boolean isPlain = job.has("encryption") && job.get("encryption").getAsString().equals("plain");
    Encryption encryption =
        !job.has("encryption") ? Encryption.AUTO : isPlain ? Encryption.PLAIN : Encryption.BITS_256;
    ClientOptions options =
        ClientOptions.defaults()
            .home(Path.of(order.get("home").getAsString()))
            .encryption(encryption);
    String what = job.get("do").getAsString();
    try (AtedbClient client = AtedbClient.connect(order.get("server").getAsString(), options)) {
      if (what.equals("key")) {
        JsonObject result = new JsonObject();
        OpenOptions any = OpenOptions.defaults().forAppend();
        try (Chain chain = client.open("example.com/matrix/none", any)) {
          result.addProperty("key", chain.ownKey().text());
        }
        return result;
      }
      String mode = job.get("trustMode").getAsString().toUpperCase(Locale.ROOT);
      OpenOptions open = OpenOptions.defaults().trustMode(TrustMode.valueOf(mode));
      open = job.get("confidential").getAsBoolean() ? open.confidential() : open;
      open = what.equals("append") ? open.forAppend() : open;
      open = job.has("claim") && job.get("claim").getAsBoolean() ? open.claim() : open;
      try (Chain chain = client.open(job.get("chain").getAsString(), open)) {
        return what.equals("append") ? append(chain, job) : read(chain);
      }
    }
  }

  private static JsonObject append(Chain chain, JsonObject job) {
    if (job.get("confidential").getAsBoolean() && chain.head() == null) {
      List<PublicKey> readers = new ArrayList<>();
      job.getAsJsonArray("readers")
          .forEach(one -> readers.add(PublicKey.parseText(one.getAsString())));
      chain.setReaders(readers);
    }
    List<CompletableFuture<Committed>> pending = new ArrayList<>();
    job.getAsJsonArray("texts").forEach(one -> pending.add(chain.append(one.getAsString())));
    JsonObject result = new JsonObject();
    try {
      pending.forEach(CompletableFuture::join);
    } catch (CompletionException error) {
      throw new IllegalStateException(error.getCause());
    }
    result.addProperty("last", pending.get(pending.size() - 1).join().lastSequence());
    return result;
  }

  private static JsonObject read(Chain chain) {
    TreeHead head = chain.verify();
    JsonArray events = new JsonArray();
    try (EventStream stream = chain.read()) {
      for (ChainEvent event : stream) {
        JsonObject one = new JsonObject();
        one.addProperty("sequence", event.sequence());
        one.addProperty("kind", event.kind().text());
        one.addProperty("primaryKey", hex(event.primaryKey()));
        one.addProperty("data", event.data().hex());
        one.addProperty("sealed", event.sealed() == null ? "" : stateOf(event.sealed()));
        one.addProperty("fingerprint", event.fingerprint().hex());
        one.addProperty("writerId", event.writerId().hex());
        one.addProperty("vouchedBy", event.vouchedBy().name().toLowerCase(Locale.ROOT));
        one.addProperty("committedUnixMs", event.committedUnixMs());
        events.add(one);
      }
    }
    JsonObject result = new JsonObject();
    result.addProperty("chainId", chain.chainId().hex());
    result.addProperty("size", head.size());
    result.addProperty("root", head.root().hex());
    result.add("events", events);
    return result;
  }

  private static String hex(Bytes bytes) {
    return bytes == null ? "" : bytes.hex();
  }

  private static String stateOf(ChainEvent.Sealed sealed) {
    return sealed.state().name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
