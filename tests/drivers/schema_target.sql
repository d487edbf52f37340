-- SPDX-License-Identifier: Apache-2.0
-- The same tables on PostgreSQL, as a DBA would have prepared them: same names, same keys, PostgreSQL's own types.
CREATE SCHEMA cases;
SET search_path = cases;
CREATE SEQUENCE case_seq START WITH 1 INCREMENT BY 1;
CREATE TABLE t_number (
  id    bigint NOT NULL,
  n     numeric,
  n5    numeric(5),
  n18   bigint,
  n38   numeric(38),
  n52   numeric(5,2),
  n3810 numeric(38,10),
  i     numeric(38),
  CONSTRAINT t_number_pk PRIMARY KEY (id)
);
CREATE TABLE t_float (
  id bigint NOT NULL,
  f  numeric,
  bf real,
  bd double precision,
  CONSTRAINT t_float_pk PRIMARY KEY (id)
);
CREATE TABLE t_text (
  id    bigint NOT NULL,
  v10   varchar(10),
  v10c  varchar(10),
  v400  varchar(400),
  v4000 varchar(4000),
  c5    char(5),
  c1    char(1),
  nv    varchar(40),
  CONSTRAINT t_text_pk PRIMARY KEY (id)
);
CREATE TABLE t_time (
  id  bigint NOT NULL,
  d   timestamp(0),
  t0  timestamp(0),
  t3  timestamp(3),
  t6  timestamp(6),
  tz  timestamptz(6),
  ltz timestamptz(6),
  CONSTRAINT t_time_pk PRIMARY KEY (id)
);
CREATE TABLE t_interval (
  id bigint NOT NULL,
  ym interval year to month,
  ds interval day to second(6),
  CONSTRAINT t_interval_pk PRIMARY KEY (id)
);
CREATE TABLE t_raw (
  id    bigint NOT NULL,
  r16   bytea,
  r2000 bytea,
  CONSTRAINT t_raw_pk PRIMARY KEY (id)
);
CREATE TABLE t_lob (
  id bigint NOT NULL,
  c  text,
  b  bytea,
  CONSTRAINT t_lob_pk PRIMARY KEY (id)
);
CREATE TABLE t_dml (
  id   bigint       NOT NULL,
  name varchar(40)  NOT NULL,
  qty  numeric(5)   DEFAULT 7,
  code varchar(10),
  note varchar(100),
  CONSTRAINT t_dml_pk PRIMARY KEY (id),
  CONSTRAINT t_dml_code_uk UNIQUE (code),
  CONSTRAINT t_dml_qty_ck CHECK (qty >= 0)
);
CREATE TABLE t_parent (
  id   bigint NOT NULL,
  name varchar(40),
  CONSTRAINT t_parent_pk PRIMARY KEY (id)
);
CREATE TABLE t_child (
  id        bigint NOT NULL,
  parent_id bigint,
  name      varchar(40),
  CONSTRAINT t_child_pk PRIMARY KEY (id),
  CONSTRAINT t_child_parent_fk FOREIGN KEY (parent_id) REFERENCES t_parent (id)
);
CREATE TABLE t_wide (
  id bigint NOT NULL,
  a  varchar(4000), b varchar(4000), c varchar(4000), d varchar(4000), e varchar(4000),
  f  varchar(4000), g varchar(4000), h varchar(4000), i varchar(4000), j varchar(4000),
  CONSTRAINT t_wide_pk PRIMARY KEY (id)
);
CREATE TABLE t_many (
  id bigint NOT NULL,
  g  bigint NOT NULL,
  v  varchar(40),
  n  numeric(12,2),
  CONSTRAINT t_many_pk PRIMARY KEY (id)
);
CREATE TABLE t_digit (d smallint NOT NULL, CONSTRAINT t_digit_pk PRIMARY KEY (d));
