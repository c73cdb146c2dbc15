package io.atedb.internal.client;

import io.atedb.KeyPair;
import io.atedb.internal.account.OpenedGroup;
import io.atedb.internal.event.Right;
import java.util.List;

/** The keys that a chain is used with. Each method may read files, and ask a server. */
public interface ChainKeys {
  /**
   * Those that read keys may have been handed out to; with the first one private chains are opened.
   * None is made for that.
   */
  List<KeyPair> reading();

  /** The key that is written with. The default one is made where there is none. */
  KeyPair writing();

  /** The member's own key, where another one is written with: events name it as their author. */
  KeyPair author();

  /** What the key that is written with has by delegations; null: rules name it. */
  Right right();

  /**
   * A group as it was heard of last, for whoever says who reads its chains; null for others, and
   * for chains of no group.
   */
  default OpenedGroup group() {
    return null;
  }

  /** Wipes the keys that only this chain has. */
  default void wipe() {}
}
