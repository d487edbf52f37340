// SPDX-License-Identifier: Apache-2.0
// The reading half of the workload: single rows by key and small ordered pages. Where the client knows the answer it checks it.
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

final class Reads {
  static final int TAGS = 500;

  interface Kind {
    void run(Client c) throws Client.Failed, IOException;
  }

  private static final String ASSET = "SELECT asset_id, external_id, title, search_title, kind, status, duration_s, size_bytes, rating, score, "
      + "archive_no, checksum, released, created_at, version FROM assets WHERE ";

  private static final List<Kind> DRAWN = new ArrayList<>();

  static {
    weigh(24, Reads::assetState);
    weigh(10, Reads::assetById);
    weigh(6, Reads::assetByExternalId);
    weigh(6, Reads::assetLabels);
    weigh(4, Reads::assetPage);
    weigh(6, Reads::renditionCount);
    weigh(4, Reads::tagsOfAsset);
    weigh(12, Reads::linkById);
    weigh(4, Reads::ownLink);
    weigh(8, Reads::tagById);
    weigh(6, Reads::ownTotal);
    weigh(8, Reads::ownUpload);
    weigh(1, Reads::ownUploadLobs);
    weigh(4, Reads::assetDescription);
  }

  private Reads() {
  }

  private static void weigh(int weight, Kind kind) {
    for (int i = 0; i < weight; i++) DRAWN.add(kind);
  }

  static Kind draw(Client c) {
    return DRAWN.get(c.random.nextInt(DRAWN.size()));
  }

  private static long number(Object value) {
    return ((BigDecimal) value).longValueExact();
  }

  private static String shown(List<Object[]> rows) {
    return Arrays.deepToString(rows.toArray());
  }

  private static void assetById(Client c) throws Client.Failed, IOException {
    long id = c.loaded(c.assets);
    List<Object[]> rows = c.read("j_asset_by_id", ASSET + "asset_id = ?", id);
    c.check("j_asset_by_id", rows.size() == 1 && number(rows.get(0)[0]) == id && rows.get(0)[1].equals(String.format("ext-%09d", id)), id + ": " + shown(rows));
  }

  private static void assetState(Client c) throws Client.Failed, IOException {
    long id = c.loaded(c.assets);
    List<Object[]> rows = c.read("j_asset_state", "SELECT version, status FROM assets WHERE asset_id = ?", id);
    c.check("j_asset_state", rows.size() == 1 && number(rows.get(0)[0]) >= 1, id + ": " + shown(rows));
  }

  private static void assetByExternalId(Client c) throws Client.Failed, IOException {
    long id = c.loaded(c.assets);
    List<Object[]> rows = c.read("j_asset_by_external_id", ASSET + "external_id = ?", String.format("ext-%09d", id));
    c.check("j_asset_by_external_id", rows.size() == 1 && number(rows.get(0)[0]) == id, id + ": " + shown(rows));
  }

  private static void assetLabels(Client c) throws Client.Failed, IOException {
    long id = c.loaded(c.assets);
    List<Object[]> rows = c.read("j_asset_labels", "SELECT CASE WHEN status = 'live' THEN 'on' ELSE 'off' END AS shown, NVL(TO_CHAR(released, 'DD.MM.YYYY'), '-') AS day, "
        + "LOWER(kind) || LENGTH(title) AS label, COALESCE(duration_s, -1) AS seconds FROM assets WHERE asset_id = ?", id);
    c.check("j_asset_labels", rows.size() == 1, id + ": " + shown(rows));
  }

  // The page query of an older code base: ROWNUM around an ordered inline view.
  private static void assetPage(Client c) throws Client.Failed, IOException {
    long last = c.random.nextInt(c.assets - 60);
    List<Object[]> rows = c.read("j_asset_page", "SELECT * FROM (SELECT asset_id, title, status FROM assets WHERE asset_id > ? AND asset_id <= ? ORDER BY asset_id) "
        + "WHERE ROWNUM <= ?", last, last + 50, 5);
    c.check("j_asset_page", rows.size() == 5 && number(rows.get(0)[0]) == last + 1 && number(rows.get(4)[0]) == last + 5, last + ": " + shown(rows));
  }

  private static void renditionCount(Client c) throws Client.Failed, IOException {
    long asset = c.loaded(c.renditions / 2);
    List<Object[]> rows = c.read("j_rendition_count", "SELECT COUNT(*), MAX(width), MIN(profile) FROM renditions WHERE asset_id = ?", asset);
    c.check("j_rendition_count", rows.size() == 1 && number(rows.get(0)[0]) >= 2, asset + ": " + shown(rows));
  }

  private static void tagsOfAsset(Client c) throws Client.Failed, IOException {
    long asset = c.loaded(c.assetTags / 3);
    List<Object[]> rows = c.read("j_tags_of_asset", "SELECT t.tag_id, t.name FROM tags t, asset_tags x WHERE x.tag_id = t.tag_id AND x.asset_id = ? ORDER BY t.tag_id", asset);
    c.check("j_tags_of_asset", rows.size() >= 3, asset + ": " + shown(rows));
  }

  private static void linkById(Client c) throws Client.Failed, IOException {
    long id = c.loaded(c.links);
    List<Object[]> rows = c.read("j_link_by_id", "SELECT link_id, asset_id, region, url, hits, expires, token FROM cdn_links WHERE link_id = ?", id);
    c.check("j_link_by_id", rows.size() == 1 && number(rows.get(0)[0]) == id, id + ": " + shown(rows));
  }

  private static void ownLink(Client c) throws Client.Failed, IOException {
    if (c.urls.isEmpty()) {
      linkById(c);
      return;
    }
    List<Map.Entry<Long, String>> known = new ArrayList<>(c.urls.entrySet());
    Map.Entry<Long, String> link = known.get(c.random.nextInt(known.size()));
    List<Object[]> rows = c.read("j_own_link", "SELECT url, expires FROM cdn_links WHERE link_id = ?", link.getKey());
    c.check("j_own_link", rows.size() == 1 && link.getValue().equals(rows.get(0)[0]), "link " + link + ": " + shown(rows));
  }

  private static void tagById(Client c) throws Client.Failed, IOException {
    int id = 1 + c.random.nextInt(TAGS);
    List<Object[]> rows = c.read("j_tag_by_id", "SELECT name, uses FROM tags WHERE tag_id = ?", id);
    c.check("j_tag_by_id", rows.size() == 1 && rows.get(0)[0].equals(String.format("tag-%04d", id)), id + ": " + shown(rows));
  }

  private static void ownTotal(Client c) throws Client.Failed, IOException {
    int slot = c.random.nextInt(3);
    List<Object[]> rows = c.read("j_own_total", "SELECT total FROM client_totals WHERE client_id = ? AND slot = ?", c.id, slot);
    c.check("j_own_total", rows.size() == 1 && number(rows.get(0)[0]) == c.totals[slot], "slot " + slot + " should be " + c.totals[slot] + ": " + shown(rows));
  }

  private static void ownUpload(Client c) throws Client.Failed, IOException {
    if (c.uploads.isEmpty()) {
      ownTotal(c);
      return;
    }
    List<Long> seqs = new ArrayList<>(c.uploads.keySet());
    long seq = seqs.get(c.random.nextInt(seqs.size()));
    Client.Upload known = c.uploads.get(seq);
    List<Object[]> rows = c.read("j_own_upload", "SELECT state, bytes, asset_id, checksum, started, finished FROM uploads WHERE client_id = ? AND seq = ?", c.id, seq);
    c.check("j_own_upload", rows.size() == 1 && known.state.equals(rows.get(0)[0]) && number(rows.get(0)[1]) == known.bytes,
        "upload " + seq + " should be " + known.state + " " + known.bytes + ": " + shown(rows));
  }

  private static void ownUploadLobs(Client c) throws Client.Failed, IOException {
    for (Map.Entry<Long, Client.Upload> entry : c.uploads.entrySet()) {
      Client.Upload known = entry.getValue();
      if (known.note == null) continue;
      Boolean same = c.call("j_own_upload_lobs", true, 0, () -> {
        try (PreparedStatement statement = c.prepared("SELECT note, body FROM uploads WHERE client_id = ? AND seq = ?", c.id, entry.getKey());
             ResultSet set = statement.executeQuery()) {
          return set.next() && known.note.equals(set.getString(1)) && Arrays.equals(known.body, set.getBytes(2)) && !set.next();
        }
      });
      c.check("j_own_upload_lobs", same, "note or body of upload " + entry.getKey() + " is not what was written");
      return;
    }
    ownUpload(c);
  }

  private static void assetDescription(Client c) throws Client.Failed, IOException {
    long id = 10L * (1 + c.random.nextInt(Math.min(c.assets, 5000) / 10));
    String text = c.call("j_asset_description", true, 0, () -> {
      try (PreparedStatement statement = c.prepared("SELECT description FROM assets WHERE asset_id = ?", id); ResultSet set = statement.executeQuery()) {
        return set.next() ? set.getString(1) : null;
      }
    });
    c.check("j_asset_description", text != null && text.startsWith("Long description of asset " + id), id + ": " + text);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
