// SPDX-License-Identifier: Apache-2.0
// One client: one connection and thread, calls one after the other, each timed; knows what it was acknowledged and checks it when reading.
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

final class Client {
  // A failure that is counted already.
  static final class Failed extends Exception {
    private static final long serialVersionUID = 1;

    Failed(String text, Throwable cause) {
      super(text, cause);
    }
  }

  interface Work<T> {
    T run() throws SQLException;
  }

  // An own row of `uploads` that stands.
  static final class Upload {
    String state;
    long bytes;
    String note;
    byte[] body;
  }

  // A call that is under way; since is nano time.
  record Open(String kind, long since) {
  }

  record Asset(long id, String externalId, String title) {
  }

  // Until then a call may be slow because of the client itself: its code is being compiled.
  private static final int WARM_UP_CALLS = 100;
  private static final Set<Integer> LOST = Set.of(17002, 17008, 17009, 17410, 17800, 18703, 3113, 3114, 28, 12537, 12570);

  final int id;
  final Connection connection;
  final Ledger ledger;
  final Meter meter;
  final Random random;
  final int assets;
  final int renditions;
  final int assetTags;
  final int links;
  final Map<Long, Upload> uploads = new LinkedHashMap<>();
  final long[] totals = new long[3];
  final List<Asset> newAssets = new ArrayList<>();
  final Map<Long, String> status = new HashMap<>();
  final Map<Long, String> urls = new LinkedHashMap<>();
  List<Ledger.Effect> effects = new ArrayList<>();
  long nextSeq = 1;
  long callCount;
  boolean lost;
  volatile boolean idle;
  volatile Open open;

  Client(int id, Connection connection, Ledger ledger, Meter meter, Settings settings) {
    this.id = id;
    this.connection = connection;
    this.ledger = ledger;
    this.meter = meter;
    random = new Random(id);
    assets = settings.number("assets");
    renditions = settings.number("renditions");
    assetTags = settings.number("asset_tags");
    links = settings.number("links");
  }

  // Runs one call. `expect`: the ORA number that is the right answer, 0 for none. Null if the expected error came.
  <T> T call(String kind, boolean read, int expect, Work<T> work) throws Failed, IOException {
    long start = System.nanoTime();
    open = callCount >= WARM_UP_CALLS ? new Open(kind, start) : null;
    T result = null;
    String problem = null;
    SQLException cause = null;
    try {
      result = work.run();
      if (expect != 0) problem = kind + ": ORA-" + expect + " was expected, the call succeeded";
    } catch (SQLException error) {
      if (expect != 0 && error.getErrorCode() == expect) {
        meter.countExpected();
      } else {
        problem = kind + ": " + error;
        cause = error;
        if (LOST.contains(error.getErrorCode())) lost = true;
      }
    }
    open = null;
    callCount++;
    meter.record(kind, read, (System.nanoTime() - start) / 1e6, problem != null, callCount > WARM_UP_CALLS);
    if (problem != null) {
      meter.note("client " + id + " " + Instant.now() + " " + problem);
      throw new Failed(problem, cause);
    }
    return result;
  }

  PreparedStatement prepared(String sql, Object... binds) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < binds.length; i++) statement.setObject(i + 1, binds[i]);
    return statement;
  }

  // A query read to its end, every column with its own Java type.
  List<Object[]> read(String kind, String sql, Object... binds) throws Failed, IOException {
    return call(kind, true, 0, () -> rows(sql, binds));
  }

  List<Object[]> rows(String sql, Object... binds) throws SQLException {
    try (PreparedStatement statement = prepared(sql, binds); ResultSet set = statement.executeQuery()) {
      int columns = set.getMetaData().getColumnCount();
      List<Object[]> rows = new ArrayList<>();
      while (set.next()) {
        Object[] row = new Object[columns];
        for (int i = 0; i < columns; i++) row[i] = set.getObject(i + 1);
        rows.add(row);
      }
      return rows;
    }
  }

  int write(String kind, int expect, String sql, Object... binds) throws Failed, IOException {
    Integer rows = call(kind, false, expect, () -> {
      try (PreparedStatement statement = prepared(sql, binds)) {
        return statement.executeUpdate();
      }
    });
    return rows == null ? 0 : rows;
  }

  // A write that commits by itself.
  void writeAlone(String kind, Ledger.Effect effect, String sql, Object... binds) throws Failed, IOException, SQLException {
    callAlone(kind, effect, () -> {
      try (PreparedStatement statement = prepared(sql, binds)) {
        return statement.executeUpdate();
      }
    });
  }

  void callAlone(String kind, Ledger.Effect effect, Work<Integer> work) throws Failed, IOException, SQLException {
    connection.setAutoCommit(true);
    try {
      int rows = call(kind, false, 0, work);
      check(kind, rows == 1, rows + " rows changed");
      ledger.add("ok", List.of(effect));
    } catch (Failed error) {
      if (lost) ledger.add("unknown", List.of(effect));
      throw error;
    } finally {
      if (!lost) connection.setAutoCommit(false);
    }
  }

  void commit() throws Failed, IOException {
    List<Ledger.Effect> done = effects;
    effects = new ArrayList<>();
    try {
      call("commit", false, 0, () -> {
        connection.commit();
        return null;
      });
    } catch (Failed error) {
      ledger.add("unknown", done);
      throw error;
    }
    ledger.add("ok", done);
  }

  void rollback(String kind) throws Failed, IOException {
    effects = new ArrayList<>();
    call(kind, false, 0, () -> {
      connection.rollback();
      return null;
    });
  }

  // A wrong answer is a failure like an error.
  void check(String kind, boolean good, String text) {
    if (!good) meter.failure("client " + id + " " + Instant.now() + " " + kind + ": wrong answer: " + text);
  }

  void effect(String what, String table, String key, Object... values) {
    effects.add(new Ledger.Effect(what, table, key, values));
  }

  // Loaded rows: half of the reads go to a small hot part of them, so that reads and writes meet.
  long loaded(int limit) {
    return 1 + (random.nextBoolean() ? random.nextInt(limit) : random.nextInt(Math.min(limit, 1000)));
  }

  // Assets that only this client sets columns of.
  long owned(int limit) {
    return random.nextInt(limit / 64) * 64L + id;
  }

  void remember(long seq, Upload upload) {
    uploads.put(seq, upload);
    if (uploads.size() > 60) uploads.remove(uploads.keySet().iterator().next());
  }
}
