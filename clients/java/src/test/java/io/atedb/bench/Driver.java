package io.atedb.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.atedb.AtedbClient;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ClientOptions;
import io.atedb.Conditions;
import io.atedb.EventStream;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;

/**
 * This client's part of the benchmark of clients: bench/clients/jobs.ts of the repository says what
 * it is told, and what it answers.
 */
public final class Driver {
  /** Always holds, and makes each append a batch of its own. */
  private static final Conditions ALONE = new Conditions(null, (1L << 53) - 1, Map.of(), null);

  private static final Random RANDOM = new Random();

  private Driver() {}

  public static void main(String[] arguments) throws InterruptedException {
    JsonObject order =
        JsonParser.parseReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
            .getAsJsonObject();
    ClientOptions options = ClientOptions.defaults().home(Path.of(order.get("home").getAsString()));
    JsonArray results = new JsonArray();
    for (JsonElement one : order.getAsJsonArray("jobs")) {
      JsonObject job = one.getAsJsonObject();
      try (AtedbClient client = AtedbClient.connect(order.get("server").getAsString(), options)) {
        boolean appends = job.get("do").getAsString().equals("append");
        results.add(appends ? append(client, job) : replay(client, job));
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

  private static List<NewEvent> someEvents(int count, int size) {
    return IntStream.range(0, count)
        .mapToObj(
            at -> {
              byte[] data = new byte[size];
              RANDOM.nextBytes(data);
              return NewEvent.data(Bytes.wrap(data));
            })
        .toList();
  }

  private static JsonObject append(AtedbClient client, JsonObject job) throws InterruptedException {
    int batches = job.get("batches").getAsInt();
    int each = job.get("eventsPerBatch").getAsInt();
    int size = job.get("dataBytes").getAsInt();
    int most = job.get("inFlight").getAsInt();
    String name = job.get("chain").getAsString();
    try (Chain chain = client.open(name, OpenOptions.defaults().forAppend())) {
      chain.append(someEvents(1, size), Conditions.NONE).join();
      List<List<NewEvent>> lists =
          IntStream.range(0, batches).mapToObj(at -> someEvents(each, size)).toList();
      Semaphore room = new Semaphore(most);
      RuntimeException[] failed = new RuntimeException[1];
      long start = System.nanoTime();
      for (List<NewEvent> events : lists) {
        room.acquire();
        chain
            .append(events, ALONE)
            .whenComplete(
                (committed, error) -> {
                  if (error != null) {
                    failed[0] = new IllegalStateException(error);
                  }
                  room.release();
                });
      }
      room.acquire(most);
      long nanos = System.nanoTime() - start;
      if (failed[0] != null) {
        throw failed[0];
      }
      return result((long) batches * each, nanos);
    }
  }

  private static JsonObject replay(AtedbClient client, JsonObject job) {
    try (Chain chain = client.open(job.get("chain").getAsString())) {
      long start = System.nanoTime();
      long count = 0;
      long size = 0;
      try (EventStream events = chain.read()) {
        while (events.hasNext()) {
          size += events.next().data().size();
          count++;
        }
      }
      long nanos = System.nanoTime() - start;
      if (size == 0) {
        throw new IllegalStateException("it has read no data");
      }
      return result(count, nanos);
    }
  }

  private static JsonObject result(long events, long nanos) {
    JsonObject result = new JsonObject();
    result.addProperty("events", events);
    result.addProperty("seconds", nanos / 1e9);
    return result;
  }
}
