-- SPDX-License-Identifier: Apache-2.0
-- The demo's target side, as a DBA would have prepared it for oracle.sql: same names, same keys, PostgreSQL's own types.
CREATE SCHEMA media;
SET search_path = media;
CREATE SEQUENCE assets_seq START WITH 1000001 INCREMENT BY 1;
CREATE SEQUENCE renditions_seq START WITH 1000001 INCREMENT BY 1;
CREATE TABLE assets (
  asset_id     bigint        NOT NULL,
  external_id  varchar(40)   NOT NULL,
  title        varchar(200)  NOT NULL,
  search_title varchar(200),
  kind         char(8)       NOT NULL,
  status       varchar(12)   DEFAULT 'draft' NOT NULL,
  duration_s   numeric(10,3),
  size_bytes   bigint,
  rating       numeric(3,1),
  score        numeric,
  archive_no   numeric(24),
  checksum     bytea,
  released     timestamp(0),
  created_at   timestamp(6)  NOT NULL,
  ingested_at  timestamptz(6),
  changed_at   timestamp(0),
  version      bigint        DEFAULT 1 NOT NULL,
  description  text,
  CONSTRAINT assets_pk PRIMARY KEY (asset_id),
  CONSTRAINT assets_external_uk UNIQUE (external_id),
  CONSTRAINT assets_status_ck CHECK (status IN ('draft', 'live', 'blocked', 'retired'))
);
CREATE TABLE renditions (
  rendition_id bigint      NOT NULL,
  asset_id     bigint      NOT NULL,
  profile      varchar(20) NOT NULL,
  codec        char(4)     NOT NULL,
  width        bigint      NOT NULL,
  height       bigint      NOT NULL,
  bitrate      bigint,
  fps          numeric(6,3),
  preview      bytea,
  CONSTRAINT renditions_pk PRIMARY KEY (rendition_id),
  CONSTRAINT renditions_profile_uk UNIQUE (asset_id, profile),
  CONSTRAINT renditions_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id)
);
CREATE TABLE tags (
  tag_id bigint      NOT NULL,
  name   varchar(60) NOT NULL,
  uses   bigint      DEFAULT 0 NOT NULL,
  CONSTRAINT tags_pk PRIMARY KEY (tag_id),
  CONSTRAINT tags_name_uk UNIQUE (name)
);
CREATE TABLE asset_tags (
  asset_id bigint NOT NULL,
  tag_id   bigint NOT NULL,
  position bigint NOT NULL,
  CONSTRAINT asset_tags_pk PRIMARY KEY (asset_id, tag_id),
  CONSTRAINT asset_tags_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id),
  CONSTRAINT asset_tags_tag_fk FOREIGN KEY (tag_id) REFERENCES tags (tag_id)
);
CREATE TABLE cdn_links (
  link_id  bigint       NOT NULL,
  asset_id bigint       NOT NULL,
  region   char(4)      NOT NULL,
  url      varchar(400) NOT NULL,
  hits     bigint       DEFAULT 0 NOT NULL,
  expires  timestamp(0),
  token    bytea,
  CONSTRAINT cdn_links_pk PRIMARY KEY (link_id),
  CONSTRAINT cdn_links_region_uk UNIQUE (asset_id, region),
  CONSTRAINT cdn_links_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id)
);
CREATE TABLE uploads (
  client_id bigint       NOT NULL,
  seq       bigint       NOT NULL,
  asset_id  bigint,
  state     varchar(10)  NOT NULL,
  bytes     bigint       NOT NULL,
  checksum  bytea,
  started   timestamp(6) NOT NULL,
  finished  timestamp(0),
  note      text,
  body      bytea,
  CONSTRAINT uploads_pk PRIMARY KEY (client_id, seq),
  CONSTRAINT uploads_bytes_ck CHECK (bytes >= 0),
  CONSTRAINT uploads_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id)
);
CREATE TABLE client_totals (
  client_id bigint NOT NULL,
  slot      bigint NOT NULL,
  total     bigint NOT NULL,
  CONSTRAINT client_totals_pk PRIMARY KEY (client_id, slot)
);
CREATE INDEX assets_search_ix ON assets (search_title);
CREATE FUNCTION assets_search_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.search_title IS NULL THEN
    NEW.search_title := upper(NEW.title);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER assets_search_title BEFORE INSERT ON assets FOR EACH ROW EXECUTE FUNCTION assets_search_title();
