# SPDX-License-Identifier: Apache-2.0
"""What goes wrong at an operator's hands: each gets an error that says what, where and what to do, and nothing else suffers.
Prints `ok WHAT` and `not ok WHAT: WHY`. Options: --build FOLDER --scratch FOLDER"""
import argparse
import shutil
import socket
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


def report(good, what, why=""):
    global failures  # pylint: disable=global-statement
    failures += not good
    print(f"ok {what}" if good else f"not ok {what}: {why}", flush=True)


def said(what, done, status, *words):
    """The command ended as it should, in time, and its text holds all the words."""
    text = done.stdout + done.stderr
    missing = [word for word in words if word not in text]
    good = (done.returncode == status if status is not None else done.returncode != 0) and not missing
    report(good, what, f"exit status {done.returncode}, lacks {missing}: {text.strip()[-600:]}")


def run(program, *arguments, timeout=30):
    try:
        return subprocess.run([str(program), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=timeout)
    except subprocess.TimeoutExpired as problem:
        return subprocess.CompletedProcess(arguments, 999, problem.stdout.decode() if problem.stdout else "", f"still running after {timeout} s")


def variant(daemon, name, *replacements):
    """The good configuration with some of its text replaced."""
    text = daemon.config.read_text()
    for old, new in replacements:
        if old not in text:
            raise RuntimeError(f"{old!r} is not in the configuration")
        text = text.replace(old, new)
    path = daemon.folder / name
    path.write_text(text)
    return path


def configurations(world, program):
    daemon = world["daemon"]
    bad = daemon.folder / "bad.ini"
    for text, words in (
            ("[listen]\nport = 99999\n", ["bad.ini:2", "listen.port", "65535"]),
            ("[listen]\nprot = 1\n", ["bad.ini:2", "prot"]),
            ("[no such section]\nx = 1\n", ["bad.ini:2", "no such section"]),
            ("just words\n", ["bad.ini:1", "just words"]),
            ("[guard]\nprobation = soon\n", ["bad.ini:2", "guard.probation"])):
        bad.write_text(text)
        said(f"configuration {text.splitlines()[-1]!r}", run(program, "run", "--config", bad), 3, *words)
    said("a configuration that is not there", run(program, "run", "--config", daemon.folder / "none.ini"), None, "none.ini", "No such file")
    said("an unknown command", run(program, "frobnicate"), 2, "frobnicate", "help")


def surroundings(world, program):
    daemon, legacy, postgres = world["daemon"], world["legacy"], world["postgres"]
    folders = ((f"folder = {daemon.folder / 'journal'}", f"folder = {daemon.folder / 'journal2'}"), (f"file = {daemon.folder / 'state.db'}", f"file = {daemon.folder / 'state2.db'}"))
    said("the port is in use", run(program, "run", "--config", variant(daemon, "port.ini", *folders)), None, str(daemon.port), "in use")
    said("the journal is another daemon's", run(program, "run", "--config", variant(daemon, "lock.ini", (f"port = {daemon.port}", "port = 0"))), None, "journal")
    (daemon.folder / "wrong.password").write_text("wrong\n")
    (daemon.folder / "wrong.password").chmod(0o600)
    said("the source's password is wrong", run(program, "check", "--config", variant(daemon, "password.ini", (str(daemon.folder / "source.password"), str(daemon.folder / "wrong.password")))),
         None, "01017")
    said("the source is not there", run(program, "check", "--config", variant(daemon, "source.ini", (f"port = {legacy.port}", "port = 9"))), None, "source", "127.0.0.1")
    said("the service is not known", run(program, "check", "--config", variant(daemon, "service.ini", ("service = LEGACY", "service = NOWHERE"))), None, "12514")
    said("the target is not there", run(program, "check", "--config", variant(daemon, "target.ini", (postgres.conninfo, "host=127.0.0.1 port=9 dbname=x"))), None, "target")
    said("the good configuration", run(program, "check", "--config", daemon.config), 0)


def refused(what, arguments, code):
    began = time.monotonic()
    try:
        oracledb.connect(**arguments)
        report(False, what, "it was let in")
    except oracledb.Error as problem:
        report(code in str(problem) and time.monotonic() - began < 10, what, f"{problem} after {time.monotonic() - began:.1f} s")


def clients(world):
    daemon, where = world["daemon"], world["legacy"].connect()
    good = {"user": where["user"], "password": where["password"], "dsn": f"127.0.0.1:{daemon.port}/{where['service']}"}
    refused("a client's password is wrong", dict(good, password="wrong"), "ORA-01017")
    refused("a client's service is not known", dict(good, dsn=f"127.0.0.1:{daemon.port}/NOWHERE"), "ORA-12514")
    with oracledb.connect(**good) as connection:
        cursor = connection.cursor()
        try:
            cursor.execute("SELEKT 1 FROM dual")
            report(False, "a statement that is none", "it ran")
        except oracledb.DatabaseError as problem:
            report("ORA-00900" in str(problem) or "ORA-00" in str(problem), "a statement that is none", str(problem))
        report(cursor.execute("SELECT 1 FROM dual").fetchone() == (1,), "the connection lives on after it")
    for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00\x05\x00\x00\x01", b"\xff" * 3000, b"\x00\x3a\x00\x00\x01\x00\x00\x00" + b"\x00" * 50):
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=5) as stranger:
            stranger.sendall(text)
            stranger.settimeout(2)
            try:
                stranger.recv(4096)
            except OSError:
                pass
        daemon.process.check()
    with oracledb.connect(**good) as connection:
        report(connection.cursor().execute("SELECT 2 FROM dual").fetchone() == (2,), "bytes that are no Oracle Net do no harm")


def untranslatable(world):
    """A statement without a translation is relayed while the source is primary; the mirror says that rows may have been missed."""
    daemon, where = world["daemon"], world["legacy"].connect()
    daemon.admin.post("/v1/phase", {"to": "dual-write", "author": "test", "reason": "test"})
    with oracledb.connect(user=where["user"], password=where["password"], dsn=f"127.0.0.1:{daemon.port}/{where['service']}") as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN UPDATE tags SET uses = uses + 1 WHERE tag_id = 1; UPDATE tags SET uses = uses + 1 WHERE tag_id = 2; END;")
        connection.commit()
        report(cursor.execute("SELECT SUM(uses) FROM tags").fetchone() == (2,), "a block without a translation runs on the source")
    end = time.monotonic() + 10
    while not daemon.admin.get("/v1/gaps") and time.monotonic() < end:
        time.sleep(0.1)
    gaps = daemon.admin.get("/v1/gaps")
    report(bool(gaps), "it is in the gaps ledger", str(gaps))
    for phase, word in (("cutover", "STATE"), ("nonsense", "observe, dual-write")):
        try:
            daemon.admin.post("/v1/phase", {"to": phase, "author": "test", "reason": "test"})
            report(False, f"phase {phase} from dual-write", "it was entered")
        except AdminError as problem:
            report(problem.status in (400, 409, 422) and (word in problem.code or word in problem.text), f"phase {phase} from dual-write is refused with a reason", str(problem))
    try:
        daemon.admin.post("/v1/overrides", {"source": "UPDATE tags SET uses = 0", "target": "UPDATE no_such_table SET x = 1", "author": "test", "reason": "test"})
        report(False, "an override that PostgreSQL does not take", "it was accepted")
    except AdminError as problem:
        report("no_such_table" in problem.text, "an override that PostgreSQL does not take is refused with its error", problem.text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build/debug"))
    parser.add_argument("--scratch", required=True)
    options = parser.parse_args()
    scratch, build = Path(options.scratch), Path(options.build).resolve()
    logs = scratch / "logs"
    logs.mkdir(parents=True)
    program = build / "understudy"
    postgres, legacy = Postgres(scratch / "postgres", logs), Legacy(scratch / "legacy", logs, build / "standin-server")
    daemon = Daemon(scratch / "understudy", logs, program, legacy, postgres, {"probation_s": 1, "threshold": None})
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
        daemon.start()
        configurations(world, program)
        surroundings(world, program)
        clients(world)
        untranslatable(world)
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
