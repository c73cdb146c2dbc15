package io.atedb.internal.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The numbers of fields that are written by hand are those of the schema. */
class SchemaTest {
  @Test
  void numbersAreThoseOfTheSchema() throws Exception {
    StringBuilder schema = new StringBuilder();
    for (String file : List.of("chain", "log", "answer", "auth", "account")) {
      schema.append(Files.readString(Path.of("../../proto/atedb/v1/" + file + ".proto")));
    }
    for (Class<?> message : Schema.class.getDeclaredClasses()) {
      Matcher body =
          Pattern.compile(
                  "^message " + message.getSimpleName() + " \\{$(.*?)^}",
                  Pattern.MULTILINE | Pattern.DOTALL)
              .matcher(schema);
      assertTrue(body.find(), "there is no message " + message.getSimpleName());
      for (Field field : message.getDeclaredFields()) {
        String name = field.getName().toLowerCase(Locale.ROOT);
        Matcher number =
            Pattern.compile("^ +(?:\\w+ )?[\\w.<>, ]+ " + name + " = (\\d+);", Pattern.MULTILINE)
                .matcher(body.group(1));
        assertTrue(number.find(), "there is no " + message.getSimpleName() + "." + name);
        assertEquals(Integer.parseInt(number.group(1)), field.getInt(null), name);
      }
    }
  }
}
