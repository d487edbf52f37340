# SPDX-License-Identifier: Apache-2.0
"""understudy assess against a daemon in observe: what a real driver sent, weighed by executions; then an override, which counts from its first moment.
Prints `ok WHAT` and `not ok WHAT: WHY`. Options: --build FOLDER --scratch FOLDER"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "demo"))

import oracledb  # noqa: E402

from admin import AdminError  # noqa: E402
from databases import Daemon, Legacy, Postgres, legacy_statements  # noqa: E402

failures = 0
BLOCK = "BEGIN UPDATE tags SET uses = uses + 1 WHERE tag_id = 1; UPDATE tags SET uses = uses + 1 WHERE tag_id = 2; END;"
DICTIONARY = "SELECT COUNT(*) FROM user_tables"
READ, WRITE = "SELECT name FROM tags WHERE tag_id = :1", "UPDATE tags SET uses = uses + 1 WHERE tag_id = :1"


def report(good, what, why=""):
    global failures  # pylint: disable=global-statement
    failures += not good
    print(f"ok {what}" if good else f"not ok {what}: {why}", flush=True)


def traffic(cursor, reads, writes, questions, blocks):
    for n in range(reads):
        cursor.execute(READ, [n % 3 + 1]).fetchall()
    for n in range(writes):
        cursor.execute(WRITE, [n % 3 + 1])
    for _ in range(questions):
        cursor.execute(DICTIONARY).fetchall()
    for _ in range(blocks):
        cursor.execute(BLOCK)
    cursor.connection.commit()


def assess(daemon, *arguments):
    done = subprocess.run([str(daemon.program), "assess", "--config", str(daemon.config), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"assess: exit status {done.returncode}: {done.stderr}")
    return done.stdout


def weighed(world, cursor):
    daemon = world["daemon"]
    traffic(cursor, reads=1900, writes=95, questions=4, blocks=1)
    text, answer = assess(daemon), json.loads(assess(daemon, "--json"))
    report("covers 99.75 % of executions, 2 of 4 statements" in text, "coverage is weighed by executions", text)
    report("the other 2:" in text and "PL/SQL is called by 1 of them" in text, "what is not covered is counted", text)
    report((answer["executions"], answer["covered_executions"], answer["statements"], answer["covered_statements"]) == (2000, 1995, 4, 2), "the same as JSON", answer)
    missed = [(one["executions"], one["state"], one["reason"]) for one in answer["not_covered"]]
    report(missed == [(4, "refused", "a view of the source's dictionary is asked"), (1, "refused", "procedural code is not translated")],
           "each with its reason, most executed first", missed)
    conninfo = f"{world['postgres'].conninfo} options='-c search_path=media'"
    text = assess(daemon, "--catalog", conninfo)
    report("without a key: " in text and "KEYLESS" in text, "tables without a key", text)
    report("no type for: " in text and "KEYLESS.WHERE_IT_IS" in text, "columns without a type", text)


def overridden(world, cursor):
    daemon = world["daemon"]
    target = "UPDATE tags SET uses = uses + 1 WHERE tag_id IN (1, 2)"
    try:
        daemon.admin.post("/v1/overrides", {"source": BLOCK, "target": target.replace("uses", "used"), "tables": "MEDIA.TAGS", "author": "test", "reason": "test"})
        report(False, "an override is prepared on the target first", "it was taken")
    except AdminError as problem:
        report("used" in problem.text, "an override is prepared on the target first", problem.text)
    daemon.admin.post("/v1/overrides", {"source": BLOCK, "target": target, "tables": "MEDIA.TAGS", "author": "test", "reason": "one statement does it"})
    traffic(cursor, reads=0, writes=0, questions=0, blocks=1)
    states = {one["kind"]: one["state"] for one in daemon.admin.get("/v1/statements")}
    report(states["pl/sql"] in ("exact", "approximate", "passed"), "an override counts at once, without a restart", states)
    answer = json.loads(assess(daemon, "--json"))
    report(answer["covered_statements"] == 3 and answer["executions"] == 2001, "assess sees it", answer)
    shown = daemon.admin.get("/v1/overrides")
    report([(one["source"], one["author"]) for one in shown] == [(BLOCK, "test")], "and it is shown with its author", shown)


def wait_until(what, seconds=10):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


def reloaded(world):
    """The file of overrides edited by hand: SIGHUP reads it again, and what the target cannot run is left out."""
    daemon = world["daemon"]
    file = daemon.folder / "overrides.json"
    listed = json.loads(file.read_text())
    listed.append({"source": DICTIONARY, "target": "SELECT count(*) FROM pg_tables", "author": "hand", "reason": "test"})
    listed.append({"source": "SELECT 1 FROM nowhere", "target": "SELECT 1 FROM no_such_table", "author": "hand", "reason": "test"})
    file.write_text(json.dumps(listed))
    os.kill(daemon.process.pid, signal.SIGHUP)
    sources = lambda: sorted(one["source"] for one in daemon.admin.get("/v1/overrides"))  # noqa: E731
    report(wait_until(lambda: sources() == sorted([BLOCK, DICTIONARY])), "SIGHUP reads the file again; what the target cannot prepare is left out", sources())
    file.write_text("[{")
    os.kill(daemon.process.pid, signal.SIGHUP)
    time.sleep(0.5)
    report(sources() == sorted([BLOCK, DICTIONARY]), "a file that cannot be read changes nothing", sources())
    daemon.process.check()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build/debug"))
    parser.add_argument("--scratch", required=True)
    options = parser.parse_args()
    scratch, build = Path(options.scratch), Path(options.build).resolve()
    logs = scratch / "logs"
    logs.mkdir(parents=True)
    postgres, legacy = Postgres(scratch / "postgres", logs), Legacy(scratch / "legacy", logs, build / "standin-server")
    daemon = Daemon(scratch / "understudy", logs, build / "understudy", legacy, postgres, {"probation_s": 1, "threshold": None})
    world = {"postgres": postgres, "legacy": legacy, "daemon": daemon}
    try:
        postgres.start()
        legacy.start()
        where = legacy.connect()
        with oracledb.connect(user=where["user"], password=where["password"], dsn=f"127.0.0.1:{legacy.port}/{where['service']}") as connection:
            for statement in legacy_statements(ROOT / "demo/schema/oracle.sql", 0):
                connection.cursor().execute(statement)
            connection.cursor().executemany("INSERT INTO tags (tag_id, name) VALUES (:1, :2)", [(n, f"tag {n}") for n in range(1, 4)])
            connection.commit()
        postgres.run_file(ROOT / "demo/schema/postgres.sql")
        extra = scratch / "extra.sql"
        extra.write_text("CREATE TABLE media.keyless (a int, where_it_is point);\n")
        postgres.run_file(extra)
        daemon.start()
        with oracledb.connect(user=where["user"], password=where["password"], dsn=f"127.0.0.1:{daemon.port}/{where['service']}") as connection:
            weighed(world, connection.cursor())
            overridden(world, connection.cursor())
        reloaded(world)
        daemon.process.check()
    except Exception as problem:  # pylint: disable=broad-except  # whatever it is, it is reported and everything is stopped
        report(False, "the test ran to its end", f"{type(problem).__name__}: {problem}")
    finally:
        for part in (daemon, legacy, postgres):
            part.stop()
    if failures:
        print(f"# logs: {logs}")
    else:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
