package io.atedb;

import io.atedb.internal.bytes.Limits;
import java.util.function.Consumer;

/**
 * Which events are read. Each method gives other options.
 *
 * @param from the first sequence that is wanted
 * @param end the first that isn't wanted any more; {@link #TO_END}: the chain's end
 * @param dataUpTo data of more bytes than this, as it is stored, is left out ({@link
 *     DataState#OMITTED}), and {@link Chain#load} gets it; {@link #ALL_DATA}: none is
 * @param onUnchecked who is told, at the end of a range that doesn't reach the chain's, of data
 *     that is gone and that nothing in the range allows to be
 */
public record ReadOptions(long from, long end, long dataUpTo, Consumer<Unchecked> onUnchecked) {
  /** Instead of a sequence: the chain's end. */
  public static final long TO_END = -1;

  /** Instead of a number of bytes: all data is wanted. */
  public static final long ALL_DATA = -1;

  /** The whole chain, with all its data. */
  public static final ReadOptions ALL = new ReadOptions(0, TO_END, ALL_DATA, unchecked -> {});

  /**
   * Refuses what is no range.
   *
   * @param from the first sequence that is wanted
   * @param end the first that isn't wanted any more
   * @param dataUpTo the largest data that is wanted
   * @param onUnchecked who is told
   */
  public ReadOptions {
    if (from < 0 || end != TO_END && end < from || Math.max(from, end) > Limits.INTEGER_MAX) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "a range begins at a sequence from 0 on, and ends there or later, and this is from "
              + from
              + " to "
              + end);
    }
    checkDataUpTo(dataUpTo);
  }

  static void checkDataUpTo(long dataUpTo) {
    if (dataUpTo < ALL_DATA || dataUpTo > Limits.INTEGER_MAX) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "dataUpTo is " + dataUpTo + ", and must be a number of bytes, or ALL_DATA");
    }
  }

  /**
   * Reads a range.
   *
   * @param first sequence that is wanted
   * @param after the last that is: the first that isn't wanted any more
   * @return other options
   */
  public ReadOptions range(long first, long after) {
    return new ReadOptions(first, after, dataUpTo, onUnchecked);
  }

  /**
   * Leaves out data of more bytes.
   *
   * @param bytes the largest that is wanted, as it is stored
   * @return other options
   */
  public ReadOptions dataUpTo(long bytes) {
    return new ReadOptions(from, end, bytes, onUnchecked);
  }

  /**
   * Has somebody told of what couldn't be checked.
   *
   * @param listener who is told
   * @return other options
   */
  public ReadOptions onUnchecked(Consumer<Unchecked> listener) {
    return new ReadOptions(from, end, dataUpTo, listener);
  }
}
