package io.atedb.internal.account;

import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.event.Owner;
import java.util.Map;
import java.util.TreeMap;

/** A group that is created: each of its roles with a new key, and one owner. */
final class NewGroup {
  private NewGroup() {}

  /** Its GroupCreation message. */
  static FieldWriter of(Owner group, PublicKey owner) {
    // By their names, as the roles of an act are sorted.
    Map<String, KeyPair> pairs = new TreeMap<>();
    Roles.OF_ALL.forEach(name -> pairs.put(name, KeyPair.generate()));
    FieldWriter creation = new FieldWriter();
    pairs.forEach(
        (name, pair) -> {
          FieldWriter role = new FieldWriter().text(1, name).message(2, pair.publicKey().message());
          String above = Roles.above(name);
          if (above == null) {
            role.message(3, new FieldWriter().message(2, owner.message()));
          }
          PublicKey recipient = above == null ? owner : pairs.get(above).publicKey();
          creation.message(
              1,
              role.message(
                  5,
                  new FieldWriter()
                      .bytes(1, recipient.fingerprint())
                      .bytes(2, Roles.wrap(pair, group.text(), name, recipient))));
        });
    pairs.values().forEach(KeyPair::close);
    return creation;
  }
}
