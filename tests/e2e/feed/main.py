# SPDX-License-Identifier: Apache-2.0
"""Rows that no statement names reach the target by key feeds. Prints `ok WHAT` and `not ok WHAT: WHY`.
Options: --build FOLDER --scratch FOLDER --kills N --load SECONDS --seed N"""
import functools
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import suite  # noqa: E402
from workload import ITEMS, Bypass, Client, pause, resume, stop  # noqa: E402

report = functools.partial(suite.report, always=True)
HERE = Path(__file__).resolve().parent
TABLES = {"orders": "id", "order_lines": "order_id, line", "order_history": "id", "stock": "item", "reservations": "id", "notes": "id"}
OURS = ("SELECT COUNT(*) FROM (SELECT table_name AS n FROM information_schema.tables WHERE table_schema = 'MEDIA' UNION ALL SELECT trigger_name FROM "
        "information_schema.triggers WHERE trigger_schema = 'MEDIA') x WHERE n LIKE 'UNDERSTUDY\\_F%' OR n LIKE 'UNDERSTUDY\\_T%'")


class World(suite.World):
    settings = {"probation_s": 1, "threshold": 0.5, "sections": {"feed": {"look": "300ms", "poll": "20ms", "poll_max": "200ms"}}}
    schema_source, schema_target = HERE / "source.sql", HERE / "target.sql"
    rows = [f"INSERT INTO stock VALUES ({n}, 1000)" for n in range(ITEMS)]

    def feeds(self):
        return {one["table"]: one for one in self.admin.get("/v1/feed")["tables"]}

    @staticmethod
    def by_table(rows, nothing):
        tables, current = {}, None
        for row in rows:
            if row[0] == "TABLE":
                current = tables.setdefault(row[1], [])
            else:
                current.append([None if cell == nothing else cell for cell in row])
        return tables

    def differences(self):
        found, rows = [], 0
        sources = self.by_table(self.legacy.rows("".join(f"SELECT 'TABLE', '{table}'; SELECT * FROM {table.upper()} ORDER BY {key};" for table, key in TABLES.items()),
                                                 self.legacy.database), "NULL")
        targets = self.by_table(self.postgres.rows("".join(f"SELECT 'TABLE', '{table}'; SELECT * FROM media.{table} ORDER BY {key};" for table, key in TABLES.items())), "")
        for table in TABLES:
            source, target = sources[table], targets[table]
            rows += len(source)
            if source != target:
                ours, theirs = {tuple(row) for row in source}, {tuple(row) for row in target}
                found.append(f"{table}: only on the source {sorted(ours - theirs)[:3]}, only on the target {sorted(theirs - ours)[:3]}")
        return found, rows

    def equal(self, what, timeout_s=suite.PATIENCE):
        """Everybody stands still; then both sides become and stay equal, row by row, read by their own tools."""
        began, found, rows = time.monotonic(), ["never compared"], 0
        while found and time.monotonic() < began + timeout_s:
            found, rows = self.differences()
            time.sleep(0.05 if found else 0)
        report(not found, f"{what}: both sides are equal", f"{rows} rows, {time.monotonic() - began:.1f} s after the last write" if not found else "; ".join(found))


def install(world):
    """One table by hand, with the SQL that is printed; the others by the command."""
    status, text = world.daemon.cli("feed", "list")
    report(status == 0 and "ORDERS_HISTORY on ORDERS" in text and "PROCEDURE RESERVE" in text and "ORDER_LINES_FK" in text, "the list says why tables need a feed", text)
    status, script = world.daemon.cli("feed", "install", "--print", "--table", "NOTES")
    report(status == 0 and "CREATE OR REPLACE TRIGGER" in script and not any(one["state"] != "absent" for one in world.feeds().values()),
           "the SQL is printed and not run", f"{len(script)} bytes")
    statements = [re.sub(r"^--.*\n", "", part, flags=re.M).strip() for part in re.split(r"^/\s*$", script, flags=re.M)]
    world.on_source(*[one for one in statements if one])
    world.until("the feed made by hand", lambda: world.feeds()["NOTES"]["state"] == "on")
    report(True, "a feed made by hand is recognised")
    status, text = world.daemon.cli("feed", "install", "--all")
    report(status == 0 and text.count("installed") == len(TABLES) - 1, "the command makes the others", text)
    world.until("all feeds", lambda: all(one["state"] == "on" for one in world.feeds().values()))
    status, text = world.daemon.cli("feed", "install", "--print", "--form", "mvlog", "--table", "STOCK")
    report(status == 0 and 'CREATE MATERIALIZED VIEW LOG ON "MEDIA"."STOCK" WITH PRIMARY KEY, SEQUENCE' in text, "the other form is printed", text)


LAG_S = 15  # at most while the load runs; with a processor of its own the feed has some tenths of a second


def under_load(world, writers, seconds):
    resume(writers)
    time.sleep(seconds)
    world.until("keys by every feed", lambda: all(one["keys"] > 0 for one in world.feeds().values()))
    lag = world.admin.get("/v1/feed")["totals"]
    pause(writers)
    world.equal("under load")
    gaps = world.open_gaps()
    report(not gaps, "triggers, procedures and cascades leave no gap", "; ".join(gaps[:3]))
    feeds = world.feeds()
    # Written by the reader, or by the mirror, which takes what is noted into the batch of a statement with side effects: then the reader finds it equal.
    report(all(feeds[name]["keys"] > 0 for name in feeds) and not any(one["discarded"] for one in feeds.values()),
           "rows that no client of the daemon wrote came by the feed",
           ", ".join(f"{name} {one['keys']} keys, {one['written']} written" for name, one in feeds.items()))
    report(lag["lag_s"] < LAG_S, "the feed kept up", f"lag {lag['lag_s']:.2f} s, {lag['backlog']} waiting")
    metrics = world.admin.request("GET", "/metrics", raw=True)
    report("understudy_feed_keys_total" in metrics and "understudy_feed_lag_seconds" in metrics and "understudy_feed_tables_on 6" in metrics, "the metrics tell of it")


def kills(world, writers, count):
    resume(writers)
    for _ in range(count):
        time.sleep(1)
        world.daemon.process.kill()
        time.sleep(0.5)  # the source goes on without us
        world.daemon.start()
    time.sleep(0.5)
    pause(writers)
    world.equal(f"{count} kills")
    # What was under way at a kill may be settled later than its rows are equal, and leave its gap behind the sweep that is to clear it.
    world.until("all is settled", lambda: (lag := world.admin.status()["lag"])["records"] == 0 and lag["in_doubt"] == 0)
    world.until("all feeds are on again", lambda: all(one["state"] == "on" for one in world.feeds().values()))
    gaps = [gap for gap in world.open_gaps() if "key feed" in gap]
    report(not gaps, f"{count} kills: the feeds were on all the time", "; ".join(gaps[:3]))


def switches(world, clients, bypass):
    """While the target is primary the reverse mirror's writes fire the triggers; none of them comes back."""
    world.work("verify")
    world.enter("shadow")
    for client in clients:
        client.acts = [client.note, client.read]
    resume(clients)
    world.enter("canary", percent=100, override=True)
    time.sleep(1.2)
    world.enter("cutover", override=True)
    pause_ms = world.admin.status()["last_switch"]["pause_ms"]
    written = sum(one["written"] for one in world.feeds().values())
    time.sleep(2)
    world.until("the feed has seen the reverse writes", lambda: world.admin.get("/v1/feed")["totals"]["backlog"] == 0)
    feeds = world.feeds()
    report(sum(one["written"] for one in feeds.values()) == written and feeds["NOTES"]["equal"] > 0, "while the target is primary nothing is written by the feed",
           f"pause of the cut-over {pause_ms:.0f} ms")
    status, text = world.daemon.cli("rollback", "--author", "test", "--reason", "in order")
    report(status == 0 and world.admin.status()["primary"] == "source", "a rollback in order", text)
    resume([bypass])
    time.sleep(1)
    pause([*clients, bypass])
    world.equal("cut-over and rollback")
    report(world.admin.status()["divergences"]["open"] == 0, "no row diverged")


def breaks(world, bypass):
    """Somebody drops a trigger: told, gate closed, and whole again by the command; a sweep clears it."""
    world.on_source("DROP TRIGGER UNDERSTUDY_T_NOTES", "INSERT INTO notes (id, text) VALUES (99000001, 'unseen')")
    gaps = world.until("the gap", lambda: [gap for gap in world.open_gaps() if gap.startswith("NOTES")])
    codes = world.until("the gate", lambda: (missing := {item["code"] for item in world.admin.status()["gate"]["missing"]}) & {"FEED_BROKEN"} and missing)
    report("FEED_BROKEN" in codes and "its trigger is missing" in gaps[0], "a feed that breaks is told", f"{gaps[0]}; gate {sorted(codes)}")
    holds = 'understudy_alert{code="FEED_BROKEN"} 1'
    world.until("the alert", lambda: holds in world.admin.text("/metrics"))
    status, text = world.daemon.cli("feed", "install")
    report(status == 0 and "NOTES" in text, "it is made whole by the command", text)
    world.until("the feed is on", lambda: world.feeds()["NOTES"]["state"] == "on")
    world.until("the alert's end", lambda: holds not in world.admin.text("/metrics"))
    world.work("verify")
    world.admin.post("/v1/repair", {"divergences": "all"})
    resume([bypass])
    time.sleep(0.5)
    pause([bypass])
    world.equal("after a feed that broke")


def remove(world, writers):
    """Under load: what the triggers noted last is brought before their logs go."""
    resume(writers)
    time.sleep(0.5)
    status, text = world.daemon.cli("feed", "remove")
    pause(writers)
    report(status == 0 and text.count("removed") == len(TABLES), "all feeds are removed under load", text)
    left = world.legacy.rows(OURS)[0][0]
    report(left == "0" and all(one["state"] == "absent" for one in world.feeds().values()), "nothing is left on the source", f"{left} objects")
    world.work("verify")
    world.admin.post("/v1/repair", {"divergences": "all"})
    world.equal("after the removal, a sweep and a repair")


def work(world, options):
    world.start_databases()
    world.start_daemon()
    world.enter("dual-write")
    install(world)
    world.work("backfill")
    world.work("verify")
    clients = [Client("client", n, world.driver_arguments(world.daemon.port), options.seed, 0.01) for n in range(1, 4)]
    bypass = Bypass("bypass", 9, world.driver_arguments(world.legacy.port), options.seed, 0.02)
    writers = [*clients, bypass]
    for writer in writers:
        writer.start()
    under_load(world, writers, options.load)
    kills(world, writers, options.kills)
    switches(world, clients, bypass)
    breaks(world, bypass)
    remove(world, writers)
    errors = [error for writer in writers for error in writer.errors]
    report(not errors, "no client saw an error but the kills", f"{sum(writer.done for writer in writers)} transactions, {sum(writer.lost for writer in writers)} connections lost"
           if not errors else "; ".join(errors[:5]))
    print(f"# {sum(writer.stumbles for writer in writers)} calls that the stand-in lost, {sum(writer.deadlocks for writer in writers)} deadlocks among the writers", flush=True)
    stop(writers)


if __name__ == "__main__":
    given = suite.options(__doc__, kills=3, load=5.0, seed="1")
    sys.exit(suite.run(World(given), lambda world: work(world, given)))
