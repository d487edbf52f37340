// SPDX-License-Identifier: Apache-2.0
// Counts every call of the process and writes a JSON status line each second; calls slower than 50 ms go to a file of their own.
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

final class Meter {
  private static final double SLOW_MS = 50;
  private static final int BUCKETS = 400; // of 0.25 ms; the last one holds everything slower

  private static final class Kind {
    boolean read;
    long calls;
    long failed;
    double totalMs;
    double maxMs;
  }

  private final String name;
  private final Path status;
  private final BufferedWriter slow;
  private final Map<String, Kind> kinds = new TreeMap<>();
  private final List<String> errors = new ArrayList<>();
  private final int[] buckets = new int[BUCKETS];
  private long calls;
  private long reads;
  private long failed;
  private long expected;
  private long lost;
  private double longest;
  private String longestKind = "";
  private double longestAt;
  private long lastCalls;
  private long lastAt = System.currentTimeMillis();

  Meter(String name, String statusPath, String slowPath) throws IOException {
    this.name = name;
    this.status = Path.of(statusPath);
    this.slow = Files.newBufferedWriter(Path.of(slowPath), StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  static String quoted(String text) {
    if (text == null) return "null";
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }

  synchronized void record(String kind, boolean read, double ms, boolean bad, boolean warm) throws IOException {
    Kind entry = kinds.computeIfAbsent(kind, k -> new Kind());
    entry.read = read;
    entry.calls++;
    entry.totalMs += ms;
    entry.maxMs = Math.max(entry.maxMs, ms);
    calls++;
    if (read) reads++;
    if (bad) {
      entry.failed++;
      failed++;
    }
    buckets[(int) Math.min(BUCKETS - 1, ms * 4)]++;
    if (!warm) return;
    double now = System.currentTimeMillis() / 1000.0;
    if (ms > longest) {
      longest = ms;
      longestKind = kind;
      longestAt = now;
    }
    if (ms > SLOW_MS) slow.write(String.format(Locale.ROOT, "{\"at\":%.3f,\"ms\":%.1f,\"kind\":%s}%n", now, ms, quoted(kind)));
  }

  synchronized void countExpected() {
    expected++;
  }

  synchronized void countLost() {
    lost++;
  }

  synchronized void failure(String text) {
    failed++;
    note(text);
  }

  synchronized void note(String text) {
    if (errors.size() < 50) errors.add(text.length() > 500 ? text.substring(0, 500) : text);
  }

  synchronized boolean anyFailed() {
    return failed > 0;
  }

  // A call that is not answered yet is a pause already.
  synchronized void seeOpen(Client.Open open) {
    if (open == null) return;
    double ms = (System.nanoTime() - open.since()) / 1e6;
    if (ms <= longest) return;
    longest = ms;
    longestKind = open.kind();
    longestAt = System.currentTimeMillis() / 1000.0;
  }

  private double percentile(double share) {
    double left = Arrays.stream(buckets).sum() * share;
    for (int i = 0; i < BUCKETS; i++) if ((left -= buckets[i]) <= 0) return (i + 1) / 4.0;
    return BUCKETS / 4.0;
  }

  synchronized void write(int clients, boolean paused, boolean done) throws IOException {
    long now = System.currentTimeMillis();
    double perSecond = (calls - lastCalls) * 1000.0 / Math.max(1, now - lastAt);
    lastCalls = calls;
    lastAt = now;
    StringBuilder out = new StringBuilder(String.format(Locale.ROOT,
        "{\"name\":%s,\"at\":%.3f,\"clients\":%d,\"calls\":%d,\"reads\":%d,\"failed\":%d,\"expected_errors\":%d,\"reconnects\":0,\"lost\":%d,"
            + "\"per_s\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"longest_pause_ms\":%.1f,\"longest_kind\":%s,\"longest_at\":%.3f,\"paused\":%b,"
            + "\"done\":%b,\"kinds\":{",
        quoted(name), now / 1000.0, clients, calls, reads, failed, expected, lost, perSecond, percentile(0.5), percentile(0.99), longest,
        quoted(longestKind), longestAt, paused, done));
    String separator = "";
    for (Map.Entry<String, Kind> entry : kinds.entrySet()) {
      Kind kind = entry.getValue();
      out.append(separator).append(String.format(Locale.ROOT, "%s:{\"read\":%b,\"calls\":%d,\"failed\":%d,\"total_ms\":%.1f,\"max_ms\":%.1f}",
          quoted(entry.getKey()), kind.read, kind.calls, kind.failed, kind.totalMs, kind.maxMs));
      separator = ",";
    }
    out.append("},\"errors\":[");
    for (int i = 0; i < errors.size(); i++) out.append(i > 0 ? "," : "").append(quoted(errors.get(i)));
    out.append("]}\n");
    Arrays.fill(buckets, 0);
    slow.flush();
    Path fresh = Path.of(status + ".new");
    Files.writeString(fresh, out, StandardCharsets.UTF_8);
    Files.move(fresh, status, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
