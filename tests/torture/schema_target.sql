-- SPDX-License-Identifier: Apache-2.0
-- The same tables on PostgreSQL.
CREATE SCHEMA cases;
SET search_path = cases;
CREATE SEQUENCE event_seq START WITH 1 INCREMENT BY 1;
CREATE TABLE ledger (client bigint NOT NULL, n bigint NOT NULL, kind varchar(20) NOT NULL, a bigint, b bigint, amount numeric(12,2), CONSTRAINT ledger_pk PRIMARY KEY (client, n));
CREATE TABLE counters (id bigint NOT NULL, value numeric(12) NOT NULL, CONSTRAINT counters_pk PRIMARY KEY (id));
CREATE TABLE accounts (id bigint NOT NULL, balance numeric(14,2) NOT NULL, version bigint NOT NULL, CONSTRAINT accounts_pk PRIMARY KEY (id));
CREATE TABLE slots (id bigint NOT NULL, code varchar(20), CONSTRAINT slots_pk PRIMARY KEY (id), CONSTRAINT slots_code_uk UNIQUE (code));
CREATE TABLE parents (id bigint NOT NULL, name varchar(40), CONSTRAINT parents_pk PRIMARY KEY (id));
CREATE TABLE children (id bigint NOT NULL, parent_id bigint NOT NULL, name varchar(40), CONSTRAINT children_pk PRIMARY KEY (id),
                       CONSTRAINT children_parent_fk FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE);
CREATE TABLE churn (id bigint NOT NULL, value numeric(12,4), note varchar(60), CONSTRAINT churn_pk PRIMARY KEY (id));
CREATE TABLE stock (id bigint NOT NULL, grp smallint NOT NULL, qty bigint NOT NULL, CONSTRAINT stock_pk PRIMARY KEY (id));
CREATE TABLE events (id bigint NOT NULL, at timestamp(0) NOT NULL, exactly timestamp(6), text varchar(60), CONSTRAINT events_pk PRIMARY KEY (id));
CREATE TABLE watched (id bigint NOT NULL, v varchar(40), shouted varchar(40), changes bigint DEFAULT 0 NOT NULL, CONSTRAINT watched_pk PRIMARY KEY (id));
CREATE TABLE hot (id bigint NOT NULL, n numeric(12) NOT NULL, CONSTRAINT hot_pk PRIMARY KEY (id));
CREATE TABLE bulk (id bigint NOT NULL, v bigint, t varchar(20), CONSTRAINT bulk_pk PRIMARY KEY (id), CONSTRAINT bulk_v_ck CHECK (v >= 0));
CREATE TABLE texts (id bigint NOT NULL, d timestamp(0), f numeric, c text, CONSTRAINT texts_pk PRIMARY KEY (id));
CREATE TABLE plain (client bigint NOT NULL, n bigint NOT NULL, note varchar(60));
CREATE FUNCTION watched_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.shouted := upper(NEW.v);
  NEW.changes := coalesce(CASE WHEN TG_OP = 'UPDATE' THEN OLD.changes END, 0) + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER watched_change BEFORE INSERT OR UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION watched_change();
