-- SPDX-License-Identifier: Apache-2.0
-- Rows that existed before Understudy came: everything is a function of a row number, so that both sides' contents can be told
-- from the key alone. :assets is replaced by the number of assets. Statements end with a line that holds only "/".
CREATE TABLE load_digits (d NUMBER(1) NOT NULL)
/
INSERT INTO load_digits SELECT 0 FROM DUAL UNION ALL SELECT 1 FROM DUAL UNION ALL SELECT 2 FROM DUAL UNION ALL SELECT 3 FROM DUAL
  UNION ALL SELECT 4 FROM DUAL UNION ALL SELECT 5 FROM DUAL UNION ALL SELECT 6 FROM DUAL UNION ALL SELECT 7 FROM DUAL
  UNION ALL SELECT 8 FROM DUAL UNION ALL SELECT 9 FROM DUAL
/
CREATE TABLE load_numbers (n NUMBER(9) NOT NULL, CONSTRAINT load_numbers_pk PRIMARY KEY (n))
/
INSERT INTO load_numbers (n)
  SELECT f.d * 100000 + e.d * 10000 + d.d * 1000 + c.d * 100 + b.d * 10 + a.d
    FROM load_digits f, load_digits e, load_digits d, load_digits c, load_digits b, load_digits a
   WHERE f.d * 100000 + e.d * 10000 + d.d * 1000 + c.d * 100 + b.d * 10 + a.d BETWEEN 1 AND :assets
     AND f.d <= :assets / 100000
/
INSERT INTO tags (tag_id, name, uses) SELECT n, 'tag-' || LPAD(n, 4, '0'), 0 FROM load_numbers WHERE n <= 500
/
INSERT INTO assets (asset_id, external_id, title, kind, status, duration_s, size_bytes, rating, score, archive_no, checksum,
                    released, created_at, ingested_at, version, description)
  SELECT n, 'ext-' || LPAD(n, 9, '0'),
         CASE MOD(n, 5) WHEN 0 THEN 'Reportage Zürich ' WHEN 1 THEN 'Évènement ' WHEN 2 THEN '東京 clip ' ELSE 'Clip ' END || n,
         CASE MOD(n, 3) WHEN 0 THEN 'video' WHEN 1 THEN 'audio' ELSE 'still' END,
         CASE MOD(n, 4) WHEN 0 THEN 'draft' WHEN 1 THEN 'live' WHEN 2 THEN 'blocked' ELSE 'retired' END,
         CASE WHEN MOD(n, 7) = 0 THEN NULL ELSE MOD(n * 37, 7200000) / 1000 END,
         n * 1048583,
         CASE WHEN MOD(n, 6) = 0 THEN NULL ELSE MOD(n, 51) / 10 END,
         MOD(n, 9973) / 8,
         n * 1000000000000000,
         HEXTORAW(LPAD(n, 32, '0')),
         CASE WHEN MOD(n, 9) = 0 THEN NULL ELSE ADD_MONTHS(DATE '1999-12-31', MOD(n, 300)) END,
         TIMESTAMP '2021-03-04 05:06:07.123456',
         TIMESTAMP '2022-05-06 07:08:09.5 +02:00',
         1,
         CASE WHEN MOD(n, 10) = 0 THEN 'Long description of asset ' || n || RPAD(': ', 120, 'lorem ipsum ') ELSE NULL END
    FROM load_numbers
/
INSERT INTO renditions (rendition_id, asset_id, profile, codec, width, height, bitrate, fps, preview)
  SELECT n, TRUNC((n + 1) / 2), CASE MOD(n, 2) WHEN 0 THEN 'hd' ELSE 'sd' END, CASE MOD(n, 3) WHEN 0 THEN 'av1' ELSE 'h264' END,
         CASE MOD(n, 2) WHEN 0 THEN 1920 ELSE 720 END, CASE MOD(n, 2) WHEN 0 THEN 1080 ELSE 576 END, MOD(n * 131, 9000000), 23.976,
         CASE WHEN MOD(n, 20) = 0 THEN HEXTORAW(LPAD(n, 200, '0')) ELSE NULL END
    FROM load_numbers WHERE n <= :assets * 0.4
/
INSERT INTO asset_tags (asset_id, tag_id, position) SELECT TRUNC((n + 2) / 3), MOD(n * 7, 500) + 1, MOD(n, 3) + 1 FROM load_numbers WHERE n <= :assets * 0.3
/
INSERT INTO cdn_links (link_id, asset_id, region, url, hits, expires, token)
  SELECT n, TRUNC((n + 1) / 2), CASE MOD(n, 2) WHEN 0 THEN 'eu' ELSE 'us' END, 'https://cdn.example/' || n || '/master.m3u8', MOD(n * 7, 1000),
         ADD_MONTHS(DATE '2030-01-15', MOD(n, 24)), HEXTORAW(LPAD(n, 32, '0'))
    FROM load_numbers WHERE n <= :assets * 0.4
/
DROP TABLE load_numbers
/
DROP TABLE load_digits
/
