package io.atedb;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * How a chain is followed.
 *
 * @param from the first sequence that is wanted; {@link #NOW}: what is appended from now on
 * @param heartbeat longest time without a word of the server, 100 ms to an hour; it is taken for
 *     dead after two and a half
 * @param dataUpTo data of more bytes than this, as it is stored, is left out ({@link
 *     DataState#OMITTED}), and {@link Chain#load} gets it; {@link ReadOptions#ALL_DATA}: none is
 * @param reconnect how long a lost server is tried again; null: for ever
 * @param onSignal who is told what happens beside events, on the reading thread
 */
public record SubscribeOptions(
    long from, Duration heartbeat, long dataUpTo, Duration reconnect, Consumer<Signal> onSignal) {
  /** Instead of a sequence: what is appended from now on. */
  public static final long NOW = -1;

  /** From the first event on, for ever. */
  public static final SubscribeOptions FROM_START =
      new SubscribeOptions(0, Duration.ofSeconds(15), ReadOptions.ALL_DATA, null, signal -> {});

  /**
   * Refuses what is no sequence and no heartbeat.
   *
   * @param from the first sequence that is wanted
   * @param heartbeat longest time without a word
   * @param dataUpTo the largest data that is wanted
   * @param reconnect how long a lost server is tried again, or null
   * @param onSignal who is told
   */
  public SubscribeOptions {
    if (from < NOW || heartbeat.toMillis() < 100 || heartbeat.toHours() > 1) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "a subscription begins at a sequence from 0 on, or NOW, and its heartbeat is from 100 ms to an hour");
    }
    ReadOptions.checkDataUpTo(dataUpTo);
  }

  /**
   * Begins elsewhere.
   *
   * @param sequence the first that is wanted, or {@link #NOW}
   * @return other options
   */
  public SubscribeOptions from(long sequence) {
    return new SubscribeOptions(sequence, heartbeat, dataUpTo, reconnect, onSignal);
  }

  /**
   * Leaves out data of more bytes.
   *
   * @param bytes the largest that is wanted, as it is stored
   * @return other options
   */
  public SubscribeOptions dataUpTo(long bytes) {
    return new SubscribeOptions(from, heartbeat, bytes, reconnect, onSignal);
  }

  /**
   * Gives a lost server up at last.
   *
   * @param time after which it is
   * @return other options
   */
  public SubscribeOptions reconnect(Duration time) {
    return new SubscribeOptions(from, heartbeat, dataUpTo, time, onSignal);
  }

  /**
   * Has somebody told what happens beside events.
   *
   * @param listener who is told
   * @return other options
   */
  public SubscribeOptions onSignal(Consumer<Signal> listener) {
    return new SubscribeOptions(from, heartbeat, dataUpTo, reconnect, listener);
  }
}
