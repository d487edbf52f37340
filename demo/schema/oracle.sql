-- SPDX-License-Identifier: Apache-2.0
-- The demo's legacy side: a media-metadata application in Oracle's dialect. Statements end with a line that holds only "/".
CREATE SEQUENCE assets_seq START WITH 1000001 INCREMENT BY 1 CACHE 100
/
CREATE SEQUENCE renditions_seq START WITH 1000001 INCREMENT BY 1 CACHE 100
/
CREATE TABLE assets (
  asset_id     NUMBER(12)    NOT NULL,
  external_id  VARCHAR2(40)  NOT NULL,
  title        VARCHAR2(200) NOT NULL,
  search_title VARCHAR2(200),
  kind         CHAR(8)       NOT NULL,
  status       VARCHAR2(12)  DEFAULT 'draft' NOT NULL,
  duration_s   NUMBER(10,3),
  size_bytes   NUMBER(18),
  rating       NUMBER(3,1),
  score        NUMBER,
  archive_no   NUMBER(24),
  checksum     RAW(16),
  released     DATE,
  created_at   TIMESTAMP(6)  NOT NULL,
  ingested_at  TIMESTAMP(6) WITH TIME ZONE,
  changed_at   DATE,
  version      NUMBER(9)     DEFAULT 1 NOT NULL,
  description  CLOB,
  CONSTRAINT assets_pk PRIMARY KEY (asset_id),
  CONSTRAINT assets_external_uk UNIQUE (external_id),
  CONSTRAINT assets_status_ck CHECK (status IN ('draft', 'live', 'blocked', 'retired'))
)
/
CREATE TABLE renditions (
  rendition_id NUMBER(12)   NOT NULL,
  asset_id     NUMBER(12)   NOT NULL,
  profile      VARCHAR2(20) NOT NULL,
  codec        CHAR(4)      NOT NULL,
  width        NUMBER(5)    NOT NULL,
  height       NUMBER(5)    NOT NULL,
  bitrate      NUMBER(9),
  fps          NUMBER(6,3),
  preview      BLOB,
  CONSTRAINT renditions_pk PRIMARY KEY (rendition_id),
  CONSTRAINT renditions_profile_uk UNIQUE (asset_id, profile),
  CONSTRAINT renditions_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id)
)
/
CREATE TABLE tags (
  tag_id NUMBER(9)    NOT NULL,
  name   VARCHAR2(60) NOT NULL,
  uses   NUMBER(12)   DEFAULT 0 NOT NULL,
  CONSTRAINT tags_pk PRIMARY KEY (tag_id),
  CONSTRAINT tags_name_uk UNIQUE (name)
)
/
CREATE TABLE asset_tags (
  asset_id NUMBER(12) NOT NULL,
  tag_id   NUMBER(9)  NOT NULL,
  position NUMBER(4)  NOT NULL,
  CONSTRAINT asset_tags_pk PRIMARY KEY (asset_id, tag_id),
  CONSTRAINT asset_tags_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id),
  CONSTRAINT asset_tags_tag_fk FOREIGN KEY (tag_id) REFERENCES tags (tag_id)
)
/
CREATE TABLE cdn_links (
  link_id  NUMBER(12)    NOT NULL,
  asset_id NUMBER(12)    NOT NULL,
  region   CHAR(4)       NOT NULL,
  url      VARCHAR2(400) NOT NULL,
  hits     NUMBER(15)    DEFAULT 0 NOT NULL,
  expires  DATE,
  token    RAW(16),
  CONSTRAINT cdn_links_pk PRIMARY KEY (link_id),
  CONSTRAINT cdn_links_region_uk UNIQUE (asset_id, region),
  CONSTRAINT cdn_links_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id)
)
/
CREATE TABLE uploads (
  client_id NUMBER(6)    NOT NULL,
  seq       NUMBER(12)   NOT NULL,
  asset_id  NUMBER(12),
  state     VARCHAR2(10) NOT NULL,
  bytes     NUMBER(15)   NOT NULL,
  checksum  RAW(32),
  started   TIMESTAMP(6) NOT NULL,
  finished  DATE,
  note      CLOB,
  body      BLOB,
  CONSTRAINT uploads_pk PRIMARY KEY (client_id, seq),
  CONSTRAINT uploads_bytes_ck CHECK (bytes >= 0),
  CONSTRAINT uploads_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id)
)
/
CREATE TABLE client_totals (
  client_id NUMBER(6)  NOT NULL,
  slot      NUMBER(2)  NOT NULL,
  total     NUMBER(18) NOT NULL,
  CONSTRAINT client_totals_pk PRIMARY KEY (client_id, slot)
)
/
CREATE INDEX assets_search_ix ON assets (search_title)
/
CREATE OR REPLACE TRIGGER assets_search_title BEFORE INSERT ON assets FOR EACH ROW
BEGIN
  IF :NEW.search_title IS NULL THEN
    :NEW.search_title := UPPER(:NEW.title);
  END IF;
END;
/
