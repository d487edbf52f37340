-- SPDX-License-Identifier: Apache-2.0
-- The tables that the driver cases work on, in the legacy dialect. Statements end with a line that holds only "/".
CREATE SEQUENCE case_seq START WITH 1 INCREMENT BY 1 CACHE 20
/
CREATE TABLE t_number (
  id    NUMBER(9) NOT NULL,
  n     NUMBER,
  n5    NUMBER(5),
  n18   NUMBER(18),
  n38   NUMBER(38),
  n52   NUMBER(5,2),
  n3810 NUMBER(38,10),
  i     INTEGER,
  CONSTRAINT t_number_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_float (
  id NUMBER(9) NOT NULL,
  f  FLOAT,
  bf BINARY_FLOAT,
  bd BINARY_DOUBLE,
  CONSTRAINT t_float_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_text (
  id    NUMBER(9) NOT NULL,
  v10   VARCHAR2(10),
  v10c  VARCHAR2(10 CHAR),
  v400  VARCHAR2(400),
  v4000 VARCHAR2(4000),
  c5    CHAR(5 CHAR),
  c1    CHAR(1),
  nv    NVARCHAR2(40),
  CONSTRAINT t_text_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_time (
  id  NUMBER(9) NOT NULL,
  d   DATE,
  t0  TIMESTAMP(0),
  t3  TIMESTAMP(3),
  t6  TIMESTAMP(6),
  tz  TIMESTAMP(6) WITH TIME ZONE,
  ltz TIMESTAMP(6) WITH LOCAL TIME ZONE,
  CONSTRAINT t_time_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_interval (
  id NUMBER(9) NOT NULL,
  ym INTERVAL YEAR(4) TO MONTH,
  ds INTERVAL DAY(6) TO SECOND(6),
  CONSTRAINT t_interval_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_raw (
  id    NUMBER(9) NOT NULL,
  r16   RAW(16),
  r2000 RAW(2000),
  CONSTRAINT t_raw_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_lob (
  id NUMBER(9) NOT NULL,
  c  CLOB,
  b  BLOB,
  CONSTRAINT t_lob_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_dml (
  id   NUMBER(9)    NOT NULL,
  name VARCHAR2(40) NOT NULL,
  qty  NUMBER(5)    DEFAULT 7,
  code VARCHAR2(10),
  note VARCHAR2(100),
  CONSTRAINT t_dml_pk PRIMARY KEY (id),
  CONSTRAINT t_dml_code_uk UNIQUE (code),
  CONSTRAINT t_dml_qty_ck CHECK (qty >= 0)
)
/
CREATE TABLE t_parent (
  id   NUMBER(9) NOT NULL,
  name VARCHAR2(40),
  CONSTRAINT t_parent_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_child (
  id        NUMBER(9) NOT NULL,
  parent_id NUMBER(9),
  name      VARCHAR2(40),
  CONSTRAINT t_child_pk PRIMARY KEY (id),
  CONSTRAINT t_child_parent_fk FOREIGN KEY (parent_id) REFERENCES t_parent (id)
)
/
CREATE TABLE t_wide (
  id NUMBER(9) NOT NULL,
  a  VARCHAR2(4000), b VARCHAR2(4000), c VARCHAR2(4000), d VARCHAR2(4000), e VARCHAR2(4000),
  f  VARCHAR2(4000), g VARCHAR2(4000), h VARCHAR2(4000), i VARCHAR2(4000), j VARCHAR2(4000),
  CONSTRAINT t_wide_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_many (
  id NUMBER(9) NOT NULL,
  g  NUMBER(9) NOT NULL,
  v  VARCHAR2(40),
  n  NUMBER(12,2),
  CONSTRAINT t_many_pk PRIMARY KEY (id)
)
/
CREATE TABLE t_digit (d NUMBER(1) NOT NULL, CONSTRAINT t_digit_pk PRIMARY KEY (d))
/
INSERT INTO t_digit SELECT 0 FROM dual UNION ALL SELECT 1 FROM dual UNION ALL SELECT 2 FROM dual UNION ALL SELECT 3 FROM dual UNION ALL SELECT 4 FROM dual UNION ALL SELECT 5 FROM dual UNION ALL SELECT 6 FROM dual UNION ALL SELECT 7 FROM dual UNION ALL SELECT 8 FROM dual UNION ALL SELECT 9 FROM dual
/
INSERT INTO t_many (id, g, v, n) SELECT x.k, MOD(x.k, 10), 'row ' || TO_CHAR(x.k), x.k / 4 FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 1 AS k FROM t_digit a, t_digit b, t_digit c, t_digit e, t_digit f) x
/
COMMIT
/
CREATE PROCEDURE p_add(a IN NUMBER, b IN NUMBER, c OUT NUMBER) IS BEGIN c := a + b; END;
/
CREATE PROCEDURE p_twice(x IN OUT NUMBER) IS BEGIN x := x * 2; END;
/
CREATE PROCEDURE p_text(a IN VARCHAR2, b OUT VARCHAR2) IS BEGIN b := a || '!'; END;
/
CREATE PROCEDURE p_fail IS BEGIN RAISE_APPLICATION_ERROR(-20017, 'as asked'); END;
/
CREATE FUNCTION f_add(a IN NUMBER, b IN NUMBER) RETURN NUMBER IS BEGIN RETURN a + b; END;
/
CREATE PROCEDURE p_rows(up_to IN NUMBER, rows_out OUT SYS_REFCURSOR) IS BEGIN OPEN rows_out FOR SELECT id, v FROM t_many WHERE id <= up_to ORDER BY id; END;
/
