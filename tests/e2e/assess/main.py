# SPDX-License-Identifier: Apache-2.0
"""understudy assess against a daemon in observe: what a real driver sent, weighed by executions; then an override, which counts from its first moment.
Prints `ok WHAT` and `not ok WHAT: WHY`. Options: --build FOLDER --scratch FOLDER"""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import oracledb  # noqa: E402

import suite  # noqa: E402
from suite import comes_true, report  # noqa: E402

BLOCK = "BEGIN UPDATE tags SET uses = uses + 1 WHERE tag_id = 1; UPDATE tags SET uses = uses + 1 WHERE tag_id = 2; END;"
DICTIONARY = "SELECT COUNT(*) FROM user_triggers"
READ, WRITE = "SELECT name FROM tags WHERE tag_id = :1", "UPDATE tags SET uses = uses + 1 WHERE tag_id = :1"


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
                          check=False, timeout=180)
    if done.returncode != 0:
        raise RuntimeError(f"assess: exit status {done.returncode}: {done.stderr}")
    return done.stdout


def weighed(world, cursor):
    daemon = world.daemon
    traffic(cursor, reads=1900, writes=95, questions=4, blocks=1)
    text, answer = assess(daemon), json.loads(assess(daemon, "--json"))
    report("covers 99.75 % of executions, 2 of 4 statements" in text, "coverage is weighed by executions", text)
    report("the other 2:" in text and "PL/SQL is called by 1 of them" in text, "what is not covered is counted", text)
    report((answer["executions"], answer["covered_executions"], answer["statements"], answer["covered_statements"]) == (2000, 1995, 4, 2), "the same as JSON", answer)
    missed = [(one["executions"], one["state"], one["reason"]) for one in answer["not_covered"]]
    report(missed == [(4, "refused", "a view of the source's dictionary is asked"), (1, "refused", "procedural code is not translated")],
           "each with its reason, most executed first", missed)
    conninfo = f"{world.postgres.conninfo} options='-c search_path=media'"
    text = assess(daemon, "--catalog", conninfo)
    report("without a key: " in text and "KEYLESS" in text, "tables without a key", text)
    report("no type for: " in text and "KEYLESS.WHERE_IT_IS" in text, "columns without a type", text)


def overridden(world, cursor):
    daemon = world.daemon
    target = "UPDATE tags SET uses = uses + 1 WHERE tag_id IN (1, 2)"
    problem = world.refusal("/v1/overrides", source=BLOCK, target=target.replace("uses", "used"), tables="MEDIA.TAGS")
    report(problem and "used" in problem.text, "an override is prepared on the target first", str(problem))
    daemon.admin.post("/v1/overrides", {"source": BLOCK, "target": target, "tables": "MEDIA.TAGS", "author": "test", "reason": "one statement does it"})
    traffic(cursor, reads=0, writes=0, questions=0, blocks=1)
    states = {one["kind"]: one["state"] for one in daemon.admin.get("/v1/statements")}
    report(states["pl/sql"] in ("exact", "approximate", "passed"), "an override counts at once, without a restart", states)
    answer = json.loads(assess(daemon, "--json"))
    report(answer["covered_statements"] == 3 and answer["executions"] == 2001, "assess sees it", answer)
    shown = daemon.admin.get("/v1/overrides")
    report([(one["source"], one["author"]) for one in shown] == [(BLOCK, "test")], "and it is shown with its author", shown)


def reloaded(world):
    """The file of overrides edited by hand: SIGHUP reads it again, and what the target cannot run is left out."""
    daemon = world.daemon
    file = daemon.folder / "overrides.json"
    listed = json.loads(file.read_text())
    listed.append({"source": DICTIONARY, "target": "SELECT count(*) FROM pg_tables", "author": "hand", "reason": "test"})
    listed.append({"source": "SELECT 1 FROM nowhere", "target": "SELECT 1 FROM no_such_table", "author": "hand", "reason": "test"})
    file.write_text(json.dumps(listed))
    os.kill(daemon.process.pid, signal.SIGHUP)
    sources = lambda: sorted(one["source"] for one in daemon.admin.get("/v1/overrides"))  # noqa: E731
    report(comes_true(lambda: sources() == sorted([BLOCK, DICTIONARY])), "SIGHUP reads the file again; what the target cannot prepare is left out", sources())
    file.write_text("[{")
    os.kill(daemon.process.pid, signal.SIGHUP)
    time.sleep(0.5)
    report(sources() == sorted([BLOCK, DICTIONARY]), "a file that cannot be read changes nothing", sources())

    log = daemon.logs / "understudy.log"
    config = daemon.config.read_text()
    daemon.config.write_text(config.replace("[guard]", "[reads]\nshadow_share = 40\n\n[log]\nlevel = warning\n\n[mirror]\nfold = 3\n\n[guard]"))
    os.kill(daemon.process.pid, signal.SIGHUP)
    told = ("option.changed section=reads name=shadow_share", "option.changed section=log name=level", "option.needs_restart section=mirror name=fold")
    report(comes_true(lambda: all(one in log.read_text() for one in told)), "SIGHUP takes the options that can change, and says which cannot", told)
    before = log.read_text()
    daemon.config.write_text(config + "\n[nonsense]\nx = 1\n")
    os.kill(daemon.process.pid, signal.SIGHUP)
    report(comes_true(lambda: "options.reload" in log.read_text()), "a configuration that is wrong changes nothing", "no options.reload")
    with oracledb.connect(**world.driver_arguments(daemon.port)) as connection:
        connection.ping()
    report("level=info" not in log.read_text()[len(before):], "and the log is as quiet as it was told", log.read_text()[len(before):])
    daemon.config.write_text(config)
    daemon.process.check()


def work(world):
    world.start_databases()
    extra = world.folder / "extra.sql"
    extra.write_text("CREATE TABLE media.keyless (a int, where_it_is point);\n")
    world.postgres.run_file(extra)
    world.start_daemon()
    with oracledb.connect(**world.driver_arguments(world.daemon.port)) as connection:
        weighed(world, connection.cursor())
        overridden(world, connection.cursor())
    reloaded(world)
    world.daemon.process.check()


if __name__ == "__main__":
    sys.exit(suite.run(suite.World(suite.options(__doc__)), work))
