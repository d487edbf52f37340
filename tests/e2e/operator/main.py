#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an operator meets besides the migration itself: which token opens what, an API that answers while work waits for a lock, exit statuses that scripts can rely on,
an encrypted journal and logs in which no secret and no bind can be read."""
import http.client
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import oracledb  # noqa: E402

import suite  # noqa: E402
from suite import report  # noqa: E402
from admin import AdminError  # noqa: E402
from databases import PASSWORD, free_port  # noqa: E402

READER = "a-token-that-only-reads"
SECRET = "Zebra4711Crossing"
PATHS = ("/metrics", "/v1/status", "/v1/work", "/v1/divergences", "/v1/statements", "/v1/sessions", "/v1/overrides", "/v1/gaps", "/v1/audit", "/v1/report", "/v1/feed")


def call(world, method, path, token=None, body=None):
    """Status and text of one call, with a token or without."""
    connection = http.client.HTTPConnection("127.0.0.1", world.daemon.admin_port, timeout=20)
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def tokens(world):
    everything = world.daemon.token.read_text().strip()
    opened = [path for path in PATHS if call(world, "GET", path)[0] != 401]
    report(not opened, "without a token nothing of the application can be read", str(opened))
    guessed = [wrong for wrong in ("", "x", everything[:-1], everything + "x", everything.upper() + " ") if call(world, "GET", "/v1/status", wrong)[0] != 401]
    report(not guessed, "a wrong token opens nothing", str(guessed))
    closed = [path for path in PATHS for token in (everything, READER) if call(world, "GET", path, token)[0] != 200]
    report(not closed, "each of the two tokens reads everything", str(closed))
    status, text = call(world, "POST", "/v1/phase", READER, json.dumps({"to": "dual-write"}))
    report(status == 401 and "may only read" in text and world.admin.status()["phase"] == "observe", "the reader's token changes nothing", text)
    status, text = call(world, "GET", "/health")
    report(status == 200 and json.loads(text) == {"status": "ok"}, "/health wants none and says nothing else", text)
    status, text = call(world, "GET", "/")
    report(status == 200 and "<html" in text and "MEDIA" not in text, "the page wants none and holds no data", text[:100])
    report(call(world, "GET", "/v1/nothing")[0] == 404 and call(world, "POST", "/v1/status", everything)[0] == 400, "unknown paths and methods are said")


def waits_for_lock(world):
    """The trigger of a feed cannot be made while a transaction has the table: the API answers meanwhile, and the work goes on when it ends."""
    with oracledb.connect(**world.driver_arguments(world.legacy.port)) as connection:
        connection.cursor().execute("UPDATE tags SET name = 'held' WHERE tag_id = 1")
        started = time.monotonic()
        answer = world.admin.post("/v1/feed", {"action": "install", "table": "TAGS", "author": "test", "reason": "test"})
        report(answer.get("started") == 1 and time.monotonic() - started < 5, "installing a feed is started, not waited for", str(answer))
        world.until("the work runs", lambda: feed_work(world) == {"TAGS": "running"})
        slowest = 0
        for path in ("/v1/status", "/v1/work", "/metrics", "/v1/feed") * 3:
            began = time.monotonic()
            call(world, "GET", path, READER)
            slowest = max(slowest, time.monotonic() - began)
        report(slowest < 2, "the API answers while the work waits for a lock", f"the slowest call took {slowest:.2f} s", always=True)
        try:
            world.admin.post("/v1/feed", {"action": "remove", "table": "TAGS"})
            report(False, "a second change of feeds is refused meanwhile", "it was taken")
        except AdminError as problem:
            report(problem.code == "STATE" and "understudy work" in problem.text, "a second change of feeds is refused meanwhile", str(problem))
        report(feed_work(world) == {"TAGS": "running"}, "it still waits", str(feed_work(world)))
        connection.rollback()
    world.until("the work is done", lambda: feed_work(world) == {"TAGS": "done"})
    world.until("the feed is on", lambda: {one["table"]: one["state"] for one in world.admin.get("/v1/feed")["tables"]}["TAGS"] == "on")
    status, text = world.daemon.cli("feed", "remove", "--table", "TAGS")
    report(status == 0 and "TAGS: removed" in text, "the command waits for the end", text)


def feed_work(world):
    return {one["table"]: one["status"] for one in world.admin.get("/v1/work") if one["work"].startswith("feed")}


def exit_statuses(world):
    daemon = world.daemon
    text = daemon.config.read_text()

    def other(old, new):
        wrong = daemon.folder / f"wrong-{abs(hash((old, new)))}.ini"
        wrong.write_text(text.replace(old, new))
        return wrong

    def run(config, *arguments):
        done = subprocess.run([str(daemon.program), arguments[0], "--config", str(config), *arguments[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr

    token = daemon.folder / "wrong.token"
    token.write_text("this is not the one\n")
    for what, config, arguments, wanted, words in (
            ("a report", daemon.config, ["status"], 0, ""),
            ("a word too many", daemon.config, ["status", "now"], 2, "understudy help status"),
            ("no option", daemon.config, ["status", "--now"], 2, "--now"),
            ("an option without its value", daemon.config, ["verify", "--table"], 2, "--table"),
            ("a phase that is none", daemon.config, ["phase", "sideways"], 2, "sideways"),
            ("a format that is none", daemon.config, ["report", "--format", "pdf"], 2, "pdf"),
            ("a share that is none", daemon.config, ["phase", "canary", "--percent", "300"], 2, "100"),
            ("a phase that is too far", daemon.config, ["phase", "shadow"], 5, "dual-write"),
            ("no such table", daemon.config, ["feed", "install", "--table", "NOPE"], 6, "NOPE"),
            ("no such override", daemon.config, ["override", "remove", "77"], 6, "77"),
            ("no such statement", daemon.config, ["waive", "deadbeef", "--reason", "test"], 6, "deadbeef"),
            ("no such refused transaction", daemon.config, ["waive", "refused:77", "--reason", "test"], 6, "77"),
            ("a wrong token", other(str(daemon.token), str(token)), ["status"], 7, "token"),
            ("a token that cannot be read", other(str(daemon.token), "/nonexistent/token"), ["cutover"], 7, "/nonexistent/token"),
            ("a daemon that is not there", other(f"port = {daemon.admin_port}", f"port = {free_port()}"), ["status"], 4, "is it running"),
            ("a configuration that is not there", daemon.folder / "none.ini", ["status"], 8, "none.ini"),
            ("a configuration that is wrong", other("[admin]", "[amdin]"), ["status"], 8, "amdin")):
        status, out, err = run(config, *arguments)
        report(status == wanted and words in err and bool(out) == (wanted == 0), f"exit status of {what}", f"{status} instead of {wanted}: {out[-200:]}{err[-300:]}")
    report(not [one for one in world.admin.get("/v1/audit") if one["action"] == "waiver"], "what was refused does not stand in the audit log")
    for arguments, wanted in ((["status"], 4), (["feed", "list"], 4), (["feed", "install"], 4), (["backfill"], 4)):
        status, _, err = run(other(f"port = {daemon.admin_port}", f"port = {free_port()}"), *arguments, "--json")
        report(status == wanted and json.loads(err)["error"]["code"] == "NETWORK", f"{' '.join(arguments)} --json says in JSON that nobody answers", err)


def reads_without_the_password(world):
    """A command that asks the daemon needs the token alone; the reader's token will do for what reads."""
    daemon = world.daemon
    folder = daemon.folder / "reader"
    folder.mkdir(mode=0o755)
    reader = folder / "reader.token"
    reader.write_text(READER + "\n")
    text = daemon.config.read_text().replace(str(daemon.folder / "source.password"), "/nonexistent/password").replace(str(daemon.token), "/nonexistent/token")
    config = folder / "understudy.ini"
    config.write_text(text)
    run = lambda *arguments: subprocess.run([str(daemon.program), *arguments, "--config", str(config)], capture_output=True, text=True, check=False, timeout=60)  # noqa: E731
    done = run("status")
    report(done.returncode == 0 and "observe" in done.stdout, "a report with the reader's token and without the source's password", done.stderr)
    done = run("phase", "dual-write")
    report(done.returncode == 7 and "token" in done.stderr, "a change wants the other one", done.stderr)


def secrets(world):
    """Binds and passwords: not in the journal that is encrypted, not in the log, not in what the API says of statements and sessions."""
    world.admin.post("/v1/phase", {"to": "dual-write", "author": "test", "reason": "test"})
    status, text = world.daemon.cli("phase", "shadow")
    report(status == 3 and "BACKFILL_INCOMPLETE" in text and "understudy backfill" in text, "exit status of a closed gate", text)
    with oracledb.connect(**world.driver_arguments(world.daemon.port)) as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO tags (tag_id, name) VALUES (:1, :2)", [900, SECRET])
        connection.commit()
        cursor.execute(f"SELECT tag_id FROM tags WHERE name = '{SECRET}'").fetchall()
        world.until("the write is mirrored", lambda: world.admin.status()["lag"]["records"] == 0)
        said = {path: call(world, "GET", path, READER)[1] for path in PATHS}
    world.until("its row is compared", lambda: world.admin.status()["rows"]["compared"] > 0)
    status = world.admin.status()
    report(status["consistency"]["comparable"] == 0, "rows that were written are no evidence of reads", str(status["consistency"]))
    journal = b"".join(path.read_bytes() for path in (world.daemon.folder / "journal").iterdir())
    report(len(journal) > 1000 and SECRET.encode() not in journal, "no bind can be read in an encrypted journal")
    status, text = world.daemon.cli("journal", "show")
    report(status == 0 and SECRET in text, "with the key it can", text[-200:])
    log = (world.logs / "understudy.log").read_text()
    tokens_and_passwords = [PASSWORD, READER, world.daemon.token.read_text().strip()]
    report(not [word for word in (SECRET, *tokens_and_passwords) if word in log], "the log holds no bind, password or token")
    report(log.count("admin.refused") > 0, "who is refused stands in the log")
    leaks = [path for path, body in said.items() for word in (SECRET, *tokens_and_passwords) if word in body]
    report(not leaks, "the API says no bind, password or token", str(leaks))
    status, text = world.daemon.cli("config")
    report(status == 0 and not [word for word in tokens_and_passwords if word in text], "neither does the printed configuration")
    loose = [str(path) for path in (world.daemon.folder / "journal", world.daemon.folder / "state.db") if stat.S_IMODE(path.stat().st_mode) & 0o007]
    report(not loose, "others cannot read the journal's folder and the state", str(loose))


def a_difference_without_its_values(world):
    """What differed stands in the ledger; log and alert say where it is."""
    daemon = world.daemon
    for verb in (["backfill", "--wait"], ["verify", "--wait"], ["phase", "shadow"]):
        status, text = daemon.cli(*verb)
        report(status == 0, " ".join(verb), text)
    world.postgres.rows("SET session_replication_role = replica; UPDATE media.tags SET name = 'Planted0815Value' WHERE tag_id = 900")
    with oracledb.connect(**world.driver_arguments(daemon.port)) as connection:
        connection.cursor().execute("SELECT name FROM tags WHERE tag_id = :1", [900]).fetchall()
        world.until("the difference is confirmed", lambda: world.admin.get("/v1/divergences?status=open"))
    status, text = daemon.cli("divergences")
    report(status == 0 and SECRET in text and "Planted0815Value" in text, "the ledger has both rows", text)
    world.until("the statement is demoted", lambda: "statement.demoted" in (world.logs / "understudy.log").read_text())
    log = (world.logs / "understudy.log").read_text()
    report(SECRET not in log and "Planted0815Value" not in log and "shadow.divergent" in log, "the log says where it is, and no value",
           "\n".join(line for line in log.splitlines() if SECRET in line or "Planted0815Value" in line))


def work(world):
    world.folder.mkdir(parents=True, exist_ok=True)
    reader, key = world.folder / "reader.token", world.folder / "journal.key"
    reader.write_text(READER + "\n")
    key.write_bytes(os.urandom(32))
    world.settings = {**world.settings, "sections": {"admin": {"read_token_file": reader}, "journal": {"key_file": key}}}
    world.start_databases()
    world.start_daemon()
    world.until("the dictionary is there", lambda: not [one for one in world.admin.status()["gate"]["missing"] if one["code"] == "DICTIONARY_MISSING"])
    for part in (tokens, waits_for_lock, exit_statuses, reads_without_the_password, secrets, a_difference_without_its_values):
        part(world)


class OperatorWorld(suite.World):
    @staticmethod
    def until(what, holds, seconds=30):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: not within {seconds} s")
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(suite.run(OperatorWorld(suite.options(__doc__)), work))
