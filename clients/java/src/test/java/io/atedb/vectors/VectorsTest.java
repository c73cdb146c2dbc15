package io.atedb.vectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.internal.wire.WireVectors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Runs every list of every file of the index. A list that nothing here runs fails, unless it is
 * named below.
 */
class VectorsTest {
  /** Files that this client doesn't run, and why: it refuses such chains with UNSUPPORTED. */
  static final Map<String, String> NOT_RUN =
      Map.of(
          "auth-answers", "it doesn't verify what auth services say of owners yet",
          "ownership", "it doesn't verify chains whose owner an auth service names yet",
          "delegations", "it doesn't verify delegated keys yet",
          "compaction", "it doesn't verify chains that data is gone from yet",
          "retention", "it doesn't verify chains that data is gone from yet",
          "left-out", "it doesn't ask for data to be left out yet",
          "children", "it doesn't list children yet");

  private static Map<String, Consumer<Case>> runs() {
    Vectors vectors = new Vectors();
    BasicVectors.addTo(vectors);
    EventVectors.addTo(vectors);
    TrustVectors.addTo(vectors);
    WireVectors.addTo(vectors);
    return vectors.runs;
  }

  @TestFactory
  List<DynamicTest> everyList() {
    Map<String, Consumer<Case>> runs = runs();
    List<DynamicTest> tests = new ArrayList<>();
    for (String name : Vectors.index().keySet()) {
      if (NOT_RUN.containsKey(name.split("\\.")[0])) {
        continue;
      }
      tests.add(
          DynamicTest.dynamicTest(
              name,
              () -> {
                assertTrue(runs.containsKey(name), "nothing runs this list");
                int place = 0;
                for (Case one : Vectors.cases(name)) {
                  try {
                    runs.get(name).accept(one);
                  } catch (AssertionError | RuntimeException error) {
                    throw new AssertionError(
                        "in " + name + "[" + place + "] (" + one.what() + "): " + error, error);
                  }
                  place++;
                }
              }));
    }
    return tests;
  }

  @Test
  void whatIsNotRunIsSaid() {
    NOT_RUN.forEach((file, why) -> System.out.println("Not run: " + file + ": " + why));
    Set<String> both = new TreeSet<>(NOT_RUN.keySet());
    runs().keySet().forEach(name -> assertFalse(both.contains(name.split("\\.")[0]), name));
    Set<String> unknown = new TreeSet<>(runs().keySet());
    unknown.removeAll(Vectors.index().keySet());
    assertEquals(Set.of(), unknown, "lists that aren't in the index");
  }
}
