// SPDX-License-Identifier: Apache-2.0
// The writing half of the workload; what each kind is for is told in ../node/writes.js. Locks are always taken in the order assets, cdn_links,
// tags, then the client's own rows, so that clients cannot deadlock.
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import oracle.jdbc.OraclePreparedStatement;
import oracle.jdbc.OracleTypes;

final class Writes {
  interface Kind {
    void run(Client c) throws Client.Failed, IOException, SQLException;
  }

  // A new row of `uploads`.
  private record Fresh(long seq, long asset, Client.Upload known, byte[] checksum) {
    Ledger.Effect effect(Client c) {
      return new Ledger.Effect("i", "uploads", c.id + ":" + seq, "asset_id", Long.toString(asset), "state", known.state, "bytes", Long.toString(known.bytes),
          "checksum", HexFormat.of().withUpperCase().formatHex(checksum));
    }
  }

  private static final String INSERT_UPLOAD = "INSERT INTO uploads (client_id, seq, asset_id, state, bytes, checksum, started) VALUES (?, ?, ?, ?, ?, ?, SYSTIMESTAMP)";
  private static final List<Kind> DRAWN = new ArrayList<>();

  static {
    weigh(16, Writes::uploadStart);
    weigh(14, Writes::uploadFinish);
    weigh(6, Writes::uploadDelete);
    weigh(2, Writes::uploadWithLobs);
    weigh(6, Writes::assetNew);
    weigh(5, Writes::renditionsBatch);
    weigh(14, Writes::linkHit);
    weigh(8, Writes::linkMove);
    weigh(12, Writes::assetTouch);
    weigh(6, Writes::assetStatus);
    weigh(4, Writes::rolledBack);
    weigh(4, Writes::withSavepoint);
    weigh(4, Writes::violations);
  }

  private Writes() {
  }

  private static void weigh(int weight, Kind kind) {
    for (int i = 0; i < weight; i++) DRAWN.add(kind);
  }

  static Kind draw(Client c) {
    return DRAWN.get(c.random.nextInt(DRAWN.size()));
  }

  static void prepare(Client c) throws Client.Failed, IOException, SQLException {
    for (int slot = 0; slot < 3; slot++) {
      c.writeAlone("j_totals_insert", new Ledger.Effect("i", "client_totals", c.id + ":" + slot, "total", "0"),
          "INSERT INTO client_totals (client_id, slot, total) VALUES (?, ?, 0)", c.id, slot);
    }
  }

  private static byte[] digest(String algorithm, byte[] data) {
    try {
      return MessageDigest.getInstance(algorithm).digest(data);
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }

  private static String md5(byte[] data) {
    return HexFormat.of().formatHex(digest("MD5", data));
  }

  private static Fresh fresh(Client c, String state) {
    Client.Upload known = new Client.Upload();
    known.state = state;
    known.bytes = c.random.nextInt(1000000);
    long seq = c.nextSeq++;
    return new Fresh(seq, c.loaded(c.assets), known, digest("SHA-256", Reads.utf8(c.id + "/" + seq)));
  }

  private static void insertUpload(Client c, String kind, int expect, Fresh upload) throws Client.Failed, IOException {
    c.write(kind, expect, INSERT_UPLOAD, c.id, upload.seq, upload.asset, upload.known.state, upload.known.bytes, upload.checksum);
  }

  private static void addTotal(Client c, int slot, long n) throws Client.Failed, IOException {
    int rows = c.write("j_add_total", 0, "UPDATE client_totals SET total = total + ? WHERE client_id = ? AND slot = ?", n, c.id, slot);
    c.check("j_add_total", rows == 1, rows + " rows of client_totals updated");
  }

  private static Map.Entry<Long, Client.Upload> ownIn(Client c, String state) {
    for (Map.Entry<Long, Client.Upload> entry : c.uploads.entrySet()) if (entry.getValue().state.equals(state)) return entry;
    return null;
  }

  private static void uploadStart(Client c) throws Client.Failed, IOException, SQLException {
    Fresh upload = fresh(c, "new");
    c.writeAlone("j_upload_start", upload.effect(c), INSERT_UPLOAD, c.id, upload.seq, upload.asset, upload.known.state, upload.known.bytes, upload.checksum);
    c.remember(upload.seq, upload.known);
  }

  private static void uploadFinish(Client c) throws Client.Failed, IOException, SQLException {
    Map.Entry<Long, Client.Upload> own = ownIn(c, "new");
    if (own == null) {
      uploadStart(c);
      return;
    }
    int tag = 1 + c.random.nextInt(Reads.TAGS);
    long bytes = c.random.nextInt(5000);
    int slot = c.random.nextInt(3);
    c.write("j_tag_use", 0, "UPDATE tags SET uses = uses + 1 WHERE tag_id = ?", tag);
    c.effect("a", "tags", Integer.toString(tag), "uses", 1);
    int rows = c.write("j_upload_finish", 0, "UPDATE uploads SET state = 'done', bytes = ?, finished = SYSDATE WHERE client_id = ? AND seq = ?", bytes, c.id, own.getKey());
    c.check("j_upload_finish", rows == 1, rows + " rows");
    c.effect("u", "uploads", c.id + ":" + own.getKey(), "state", "done", "bytes", Long.toString(bytes));
    addTotal(c, slot, bytes);
    c.effect("u", "client_totals", c.id + ":" + slot, "total", Long.toString(c.totals[slot] + bytes));
    c.commit();
    c.totals[slot] += bytes;
    own.getValue().state = "done";
    own.getValue().bytes = bytes;
  }

  private static void uploadDelete(Client c) throws Client.Failed, IOException, SQLException {
    Map.Entry<Long, Client.Upload> own = ownIn(c, "done");
    if (own == null) {
      uploadStart(c);
      return;
    }
    long seq = own.getKey();
    c.uploads.remove(seq);
    c.writeAlone("j_upload_delete", new Ledger.Effect("d", "uploads", c.id + ":" + seq), "DELETE FROM uploads WHERE client_id = ? AND seq = ?", c.id, seq);
  }

  private static void uploadWithLobs(Client c) throws Client.Failed, IOException, SQLException {
    Fresh upload = fresh(c, "lob");
    String note = "Note " + c.id + "/" + upload.seq + ": " + "Überraschung 東京 ".repeat(20 + c.random.nextInt(400));
    byte[] body = new byte[64 + c.random.nextInt(7000)];
    c.random.nextBytes(body);
    Ledger.Effect effect = new Ledger.Effect("i", "uploads", c.id + ":" + upload.seq, "state", "lob", "bytes", Long.toString(upload.known.bytes),
        "note", md5(Reads.utf8(note)), "body", md5(body));
    c.callAlone("j_upload_with_lobs", effect, () -> {
      try (PreparedStatement statement = c.prepared("INSERT INTO uploads (client_id, seq, asset_id, state, bytes, checksum, started, note, body) "
          + "VALUES (?, ?, ?, ?, ?, ?, SYSTIMESTAMP, ?, ?)", c.id, upload.seq, upload.asset, "lob", upload.known.bytes, upload.checksum)) {
        statement.setString(7, note);
        statement.setBytes(8, body);
        return statement.executeUpdate();
      }
    });
    upload.known.note = note;
    upload.known.body = body;
    c.remember(upload.seq, upload.known);
  }

  private static void assetNew(Client c) throws Client.Failed, IOException, SQLException {
    String title = "Nouveau " + c.id + "-" + c.nextSeq + " été";
    String externalId = String.format("new-%03d-%09d", c.id, c.nextSeq++);
    Object[] made = c.call("j_asset_new", false, 0, () -> {
      try (PreparedStatement statement = c.prepared("INSERT INTO assets (asset_id, external_id, title, kind, status, size_bytes, created_at, changed_at, version) "
          + "VALUES (assets_seq.NEXTVAL, ?, ?, 'audio', 'draft', ?, SYSTIMESTAMP, SYSDATE, 1) RETURNING asset_id, search_title INTO ?, ?", externalId, title, c.nextSeq)) {
        OraclePreparedStatement returning = statement.unwrap(OraclePreparedStatement.class);
        returning.registerReturnParameter(4, OracleTypes.NUMBER);
        returning.registerReturnParameter(5, OracleTypes.VARCHAR, 400);
        statement.executeUpdate();
        try (ResultSet set = returning.getReturnResultSet()) {
          return set.next() ? new Object[] {set.getLong(1), set.getString(2)} : new Object[] {0L, null};
        }
      }
    });
    long id = (Long) made[0];
    c.check("j_asset_new", title.toUpperCase().equals(made[1]), "search title returned: " + made[1]);
    c.effect("i", "assets", Long.toString(id), "external_id", externalId, "title", title, "search_title", title.toUpperCase(), "status", "draft", "version", "1");
    c.commit();
    c.newAssets.add(new Client.Asset(id, externalId, title));
    if (c.newAssets.size() > 50) c.newAssets.remove(0);
  }

  private static void renditionsBatch(Client c) throws Client.Failed, IOException, SQLException {
    if (c.newAssets.isEmpty()) {
      assetNew(c);
      return;
    }
    long asset = c.newAssets.get(c.random.nextInt(c.newAssets.size())).id();
    List<Long> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Long next = c.call("j_rendition_nextval", false, 0, () -> {
        try (PreparedStatement statement = c.prepared("SELECT renditions_seq.NEXTVAL FROM DUAL"); ResultSet set = statement.executeQuery()) {
          set.next();
          return set.getLong(1);
        }
      });
      ids.add(next);
    }
    c.call("j_renditions_batch", false, 0, () -> {
      try (PreparedStatement statement = c.connection.prepareStatement(
          "INSERT INTO renditions (rendition_id, asset_id, profile, codec, width, height, bitrate, fps) VALUES (?, ?, ?, 'hevc', 3840, 2160, ?, 59.94)")) {
        for (long id : ids) {
          statement.setLong(1, id);
          statement.setLong(2, asset);
          statement.setString(3, "p" + id);
          statement.setInt(4, c.random.nextInt(900000));
          statement.addBatch();
        }
        return statement.executeBatch();
      }
    });
    for (long id : ids) c.effect("i", "renditions", Long.toString(id), "asset_id", Long.toString(asset), "profile", "p" + id);
    c.commit();
  }

  private static void linkHit(Client c) throws Client.Failed, IOException, SQLException {
    long id = c.loaded(c.links);
    int n = 1 + c.random.nextInt(9);
    c.writeAlone("j_link_hit", new Ledger.Effect("a", "cdn_links", Long.toString(id), "hits", n), "UPDATE cdn_links SET hits = hits + ? WHERE link_id = ?", n, id);
  }

  private static void linkMove(Client c) throws Client.Failed, IOException, SQLException {
    long id = c.random.nextInt(8) * 64L + c.id;
    String url = "https://cdn" + c.random.nextInt(9) + ".example/" + id + "/" + c.nextSeq++ + ".mpd";
    LocalDateTime expires = LocalDateTime.ofInstant(Instant.ofEpochSecond(1900000000L + c.random.nextInt(100000000)), ZoneOffset.UTC);
    c.writeAlone("j_link_move", new Ledger.Effect("u", "cdn_links", Long.toString(id), "url", url, "expires", expires.format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss"))),
        "UPDATE cdn_links SET url = ?, expires = ? WHERE link_id = ?", url, Timestamp.valueOf(expires), id);
    c.urls.put(id, url);
  }

  private static void assetTouch(Client c) throws Client.Failed, IOException, SQLException {
    long id = c.loaded(c.assets);
    c.writeAlone("j_asset_touch", new Ledger.Effect("a", "assets", Long.toString(id), "version", 1),
        "UPDATE assets SET version = version + 1, changed_at = SYSDATE WHERE asset_id = ?", id);
  }

  private static void assetStatus(Client c) throws Client.Failed, IOException, SQLException {
    long id = c.owned(c.assets);
    String status = new String[] {"draft", "live", "blocked", "retired"}[c.random.nextInt(4)];
    List<Object[]> rows = c.call("j_asset_lock", false, 0, () -> c.rows("SELECT status, version FROM assets WHERE asset_id = ? FOR UPDATE", id));
    c.check("j_asset_lock", rows.size() == 1 && (!c.status.containsKey(id) || c.status.get(id).equals(rows.get(0)[0])), "status of " + id);
    c.write("j_asset_status", 0, "UPDATE assets SET status = ? WHERE asset_id = ?", status, id);
    c.effect("u", "assets", Long.toString(id), "status", status);
    c.commit();
    c.status.put(id, status);
  }

  private static void rolledBack(Client c) throws Client.Failed, IOException, SQLException {
    insertUpload(c, "j_rolled_back_insert", 0, fresh(c, "gone"));
    addTotal(c, 0, 77);
    c.rollback("j_rollback");
  }

  private static void withSavepoint(Client c) throws Client.Failed, IOException, SQLException {
    Fresh first = fresh(c, "new");
    Fresh second = fresh(c, "undone");
    Fresh third = fresh(c, "new");
    insertUpload(c, "j_savepoint_insert", 0, first);
    Savepoint before = c.call("j_savepoint", false, 0, () -> c.connection.setSavepoint("before_second"));
    insertUpload(c, "j_savepoint_insert", 0, second);
    c.call("j_rollback_to", false, 0, () -> {
      c.connection.rollback(before);
      return null;
    });
    insertUpload(c, "j_savepoint_insert", 0, third);
    c.effects.add(first.effect(c));
    c.effects.add(third.effect(c));
    c.commit();
    c.remember(first.seq, first.known);
    c.remember(third.seq, third.known);
  }

  private static void violations(Client c) throws Client.Failed, IOException, SQLException {
    Fresh first = fresh(c, "new");
    Fresh second = fresh(c, "new");
    insertUpload(c, "j_violation_insert", 0, first);
    switch (c.random.nextInt(4)) {
      case 0 -> insertUpload(c, "j_violation_unique", 1, first);
      case 1 -> c.write("j_violation_parent", 2291, INSERT_UPLOAD, c.id, second.seq, 999999999L, "new", 1L, second.checksum);
      case 2 -> c.write("j_violation_null", 1400, INSERT_UPLOAD, c.id, second.seq, second.asset, "", 1L, second.checksum);
      default -> c.write("j_violation_check", 2290, INSERT_UPLOAD, c.id, second.seq, second.asset, "new", -1L, second.checksum);
    }
    insertUpload(c, "j_violation_insert", 0, second);
    c.effects.add(first.effect(c));
    c.effects.add(second.effect(c));
    c.commit();
    c.remember(first.seq, first.known);
    c.remember(second.seq, second.known);
  }
}
