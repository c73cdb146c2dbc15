package io.atedb.vectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.internal.client.ListVectors;
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

/** Runs every list of every file of the index. A list that nothing here runs fails. */
class VectorsTest {
  private static Map<String, Consumer<Case>> runs() {
    Vectors vectors = new Vectors();
    BasicVectors.addTo(vectors);
    IdentityVectors.addTo(vectors);
    EventVectors.addTo(vectors);
    TrustVectors.addTo(vectors);
    OwnedVectors.addTo(vectors);
    DelegationVectors.addTo(vectors);
    GoneVectors.addTo(vectors);
    RetentionVectors.addTo(vectors);
    GapVectors.addTo(vectors);
    ListVectors.addTo(vectors);
    WireVectors.addTo(vectors);
    return vectors.runs;
  }

  @TestFactory
  List<DynamicTest> everyList() {
    Map<String, Consumer<Case>> runs = runs();
    List<DynamicTest> tests = new ArrayList<>();
    for (String name : Vectors.index().keySet()) {
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
  void nothingElseIsRun() {
    Set<String> unknown = new TreeSet<>(runs().keySet());
    unknown.removeAll(Vectors.index().keySet());
    assertEquals(Set.of(), unknown, "lists that aren't in the index");
  }
}
