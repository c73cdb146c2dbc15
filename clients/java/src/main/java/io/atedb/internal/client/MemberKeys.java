package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.KeyPair;
import io.atedb.Reason;
import io.atedb.internal.event.Right;
import io.atedb.internal.home.HomeKeys;
import io.atedb.internal.home.StoredLogin;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A user's own keys: one that was given, a token's, one of the home folder by its name; else that
 * of whoever is logged in there, else the default one.
 */
public final class MemberKeys implements ChainKeys {
  private final HomeKeyCache home;
  private final List<KeyPair> given;
  private final Right right;
  private final String named;

  private MemberKeys(HomeKeyCache home, List<KeyPair> given, Right right, String named) {
    this.home = home;
    this.given = given;
    this.right = right;
    this.named = named;
  }

  /** A key that was given, and those before it. */
  public static MemberKeys of(KeyPair key, List<KeyPair> former) {
    List<KeyPair> all = new ArrayList<>(List.of(key));
    all.addAll(former);
    return new MemberKeys(null, List.copyOf(all), null, null);
  }

  /** A token's. */
  public static MemberKeys of(KeyPair key, Right right) {
    return new MemberKeys(null, List.of(key), right, null);
  }

  /** Keys of a home folder; `name` may be null. */
  public static MemberKeys of(HomeKeyCache home, String name) {
    return new MemberKeys(home, List.of(), null, name);
  }

  @Override
  public List<KeyPair> reading() {
    if (home == null) {
      return given;
    }
    if (named != null) {
      KeyPair key = home.find(named);
      if (key == null) {
        throw missing(named);
      }
      return List.of(key);
    }
    StoredLogin login = home.login();
    if (login == null) {
      KeyPair key = home.find(HomeKeys.DEFAULT);
      return key == null ? List.of() : List.of(key);
    }
    List<KeyPair> keys = new ArrayList<>();
    KeyPair own = home.find(login.key());
    if (own == null) {
      throw missing(login.key());
    }
    keys.add(own);
    for (String former : login.formerKeys()) {
      KeyPair key = home.find(former);
      if (key != null) {
        keys.add(key);
      }
    }
    return keys;
  }

  @Override
  public KeyPair writing() {
    List<KeyPair> found = reading();
    return found.isEmpty() ? home.makeDefault() : found.get(0);
  }

  private static AtedbException missing(String name) {
    return new AtedbException(
        Reason.REQUEST_INVALID,
        "key: there is no key '"
            + name
            + "' in the home folder; make one with: atedb key new "
            + name,
        Map.of("field", "key", "name", name));
  }

  @Override
  public KeyPair author() {
    return null;
  }

  @Override
  public Right right() {
    return right;
  }
}
