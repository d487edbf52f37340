// SPDX-License-Identifier: Apache-2.0
// What the database acknowledged to one client, one JSON line for each commit; the format is told in ../node/ledger.js.
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

final class Ledger {
  // One effect: what ("i", "u", "a", "d"), table, key, then column and value in turn. Numbers are written as numbers.
  record Effect(String what, String table, String key, Object... values) {
    private void write(StringBuilder to) {
      to.append("[\"").append(what).append("\",\"").append(table).append("\",\"").append(key).append("\",{");
      for (int i = 0; i < values.length; i += 2) {
        to.append(i > 0 ? "," : "").append('"').append(values[i]).append("\":");
        if (values[i + 1] instanceof Number) to.append(values[i + 1]);
        else to.append(Meter.quoted((String) values[i + 1]));
      }
      to.append("}]");
    }
  }

  private final BufferedWriter out;

  Ledger(String path) throws IOException {
    out = Files.newBufferedWriter(Path.of(path), StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  synchronized void add(String state, List<Effect> effects) throws IOException {
    if (effects.isEmpty()) return;
    StringBuilder line = new StringBuilder("{\"s\":\"").append(state).append("\",\"f\":[");
    for (int i = 0; i < effects.size(); i++) {
      if (i > 0) line.append(',');
      effects.get(i).write(line);
    }
    out.write(line.append("]}\n").toString());
  }

  synchronized void flush() throws IOException {
    out.flush();
  }
}
