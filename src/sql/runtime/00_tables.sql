-- SPDX-License-Identifier: Apache-2.0
-- The schema `understudy` on the target: positions, epoch, and the functions that say what Oracle's say. Idempotent: run at every start.
CREATE SCHEMA IF NOT EXISTS understudy;
CREATE TABLE IF NOT EXISTS understudy.applied (reader text PRIMARY KEY, csn bigint, position bigint, updated timestamptz);
CREATE TABLE IF NOT EXISTS understudy.lane (lane integer PRIMARY KEY, lanes integer NOT NULL, csn bigint NOT NULL, upto bigint NOT NULL, position bigint NOT NULL, horizon bigint NOT NULL, ahead bigint[] NOT NULL, updated timestamptz);
CREATE TABLE IF NOT EXISTS understudy.epoch (id integer PRIMARY KEY, epoch bigint NOT NULL, primary_side text NOT NULL, changed timestamptz);
GRANT USAGE ON SCHEMA understudy TO PUBLIC;
