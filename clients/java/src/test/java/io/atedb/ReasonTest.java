package io.atedb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What this library shows is what the schema has, and never a secret. */
class ReasonTest {
  @Test
  void reasonsAreThoseOfTheSchema() throws Exception {
    String schema = Files.readString(Path.of("../../proto/atedb/v1/errors.proto"));
    List<String> due =
        Pattern.compile("^  ERROR_REASON_(\\w+) = [1-9]", Pattern.MULTILINE)
            .matcher(schema)
            .results()
            .map(found -> found.group(1))
            .toList();
    assertEquals(due, Arrays.stream(Reason.values()).map(Enum::name).toList());
  }

  @Test
  void secretsAreNotShown() {
    try (KeyPair pair = KeyPair.generate()) {
      KeyPair.Seeds seeds = pair.exportSeeds();
      for (Object shown : List.of(pair, pair.publicKey(), seeds)) {
        assertFalse(shown.toString().contains(HexFormat.of().formatHex(seeds.seed())));
        assertFalse(shown.toString().contains(HexFormat.of().formatHex(seeds.kemSeed())));
      }
    }
  }
}
