-- SPDX-License-Identifier: Apache-2.0
-- What the torture's clients work on, in the legacy dialect. Statements end with a line that holds only "/".
CREATE SEQUENCE event_seq START WITH 1 INCREMENT BY 1 CACHE 20
/
CREATE TABLE ledger (
  client NUMBER(9)    NOT NULL,
  n      NUMBER(9)    NOT NULL,
  kind   VARCHAR2(20) NOT NULL,
  a      NUMBER(9),
  b      NUMBER(9),
  amount NUMBER(12,2),
  CONSTRAINT ledger_pk PRIMARY KEY (client, n)
)
/
CREATE TABLE counters (
  id    NUMBER(9)  NOT NULL,
  value NUMBER(12) NOT NULL,
  CONSTRAINT counters_pk PRIMARY KEY (id)
)
/
CREATE TABLE accounts (
  id      NUMBER(9)    NOT NULL,
  balance NUMBER(14,2) NOT NULL,
  version NUMBER(9)    NOT NULL,
  CONSTRAINT accounts_pk PRIMARY KEY (id)
)
/
CREATE TABLE slots (
  id   NUMBER(9) NOT NULL,
  code VARCHAR2(20),
  CONSTRAINT slots_pk PRIMARY KEY (id),
  CONSTRAINT slots_code_uk UNIQUE (code)
)
/
CREATE TABLE parents (
  id   NUMBER(9) NOT NULL,
  name VARCHAR2(40),
  CONSTRAINT parents_pk PRIMARY KEY (id)
)
/
CREATE TABLE children (
  id        NUMBER(9) NOT NULL,
  parent_id NUMBER(9) NOT NULL,
  name      VARCHAR2(40),
  CONSTRAINT children_pk PRIMARY KEY (id),
  CONSTRAINT children_parent_fk FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE
)
/
CREATE TABLE churn (
  id    NUMBER(9) NOT NULL,
  value NUMBER(12,4),
  note  VARCHAR2(60),
  CONSTRAINT churn_pk PRIMARY KEY (id)
)
/
CREATE TABLE stock (
  id  NUMBER(9) NOT NULL,
  grp NUMBER(3) NOT NULL,
  qty NUMBER(9) NOT NULL,
  CONSTRAINT stock_pk PRIMARY KEY (id)
)
/
CREATE TABLE events (
  id      NUMBER(12) NOT NULL,
  at      DATE       NOT NULL,
  exactly TIMESTAMP(6),
  text    VARCHAR2(60),
  CONSTRAINT events_pk PRIMARY KEY (id)
)
/
CREATE TABLE watched (
  id      NUMBER(9) NOT NULL,
  v       VARCHAR2(40),
  shouted VARCHAR2(40),
  changes NUMBER(9) DEFAULT 0 NOT NULL,
  CONSTRAINT watched_pk PRIMARY KEY (id)
)
/
CREATE TABLE hot (
  id NUMBER(9)  NOT NULL,
  n  NUMBER(12) NOT NULL,
  CONSTRAINT hot_pk PRIMARY KEY (id)
)
/
CREATE TABLE bulk (
  id NUMBER(12) NOT NULL,
  v  NUMBER(9),
  t  VARCHAR2(20),
  CONSTRAINT bulk_pk PRIMARY KEY (id),
  CONSTRAINT bulk_v_ck CHECK (v >= 0)
)
/
CREATE TABLE texts (
  id NUMBER(12) NOT NULL,
  d  DATE,
  f  NUMBER,
  c  CLOB,
  CONSTRAINT texts_pk PRIMARY KEY (id)
)
/
CREATE TABLE plain (
  client NUMBER(9) NOT NULL,
  n      NUMBER(9) NOT NULL,
  note   VARCHAR2(60)
)
/
CREATE OR REPLACE TRIGGER watched_change BEFORE INSERT OR UPDATE ON watched FOR EACH ROW
BEGIN
  :NEW.shouted := UPPER(:NEW.v);
  :NEW.changes := NVL(:OLD.changes, 0) + 1;
END;
/
