# SPDX-License-Identifier: Apache-2.0
"""What goes wrong at an operator's hands: each gets an error that says what, where and what to do, and nothing else suffers.
Prints `ok WHAT` and `not ok WHAT: WHY`. Options: --build FOLDER --scratch FOLDER"""
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import oracledb  # noqa: E402

import call_limits  # noqa: E402
import suite  # noqa: E402
from suite import PATIENCE, comes_true, report  # noqa: E402
from databases import Process, free_port, port_answers, wait_for  # noqa: E402


def said(what, done, status, *words):
    """The command ended as it should, in time, and its text holds all the words."""
    text = done.stdout + done.stderr
    missing = [word for word in words if word not in text]
    good = (done.returncode == status if status is not None else done.returncode != 0) and not missing
    report(good, what, f"exit status {done.returncode}, lacks {missing}: {text.strip()[-600:]}")


def run(program, *arguments, timeout=PATIENCE):
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


def command_lines(program):
    for arguments, words in (
            (["nosuch"], ["no command nosuch", "understudy help"]),
            (["status", "--percent", "5"], ["status takes no --percent", "understudy help status"]),
            (["gaps", "open"], ["gaps does not know", "open"]),
            (["verify", "--rows-per-second", "many"], ["--rows-per-second", "whole number", "many"]),
            (["help", "nosuch"], ["no command nosuch"])):
        said(f"command line {' '.join(arguments)!r}", run(program, *arguments), 2, *words)
    said("a command's own help", run(program, "phase", "--help"), 0, "usage: understudy phase PHASE", "--percent N", "--reason TEXT")


def configurations(world, program):
    daemon = world.daemon
    bad = daemon.folder / "bad.ini"
    for text, words in (
            ("[listen]\nport = 99999\n", ["bad.ini:2", "listen.port", "65535"]),
            ("[listen]\nprot = 1\n", ["bad.ini:2", "prot"]),
            ("[no such section]\nx = 1\n", ["bad.ini:2", "no such section"]),
            ("just words\n", ["bad.ini:1", "just words"]),
            ("[guard]\nprobation = soon\n", ["bad.ini:2", "guard.probation"])):
        bad.write_text(text)
        said(f"configuration {text.splitlines()[-1]!r}", run(program, "run", "--config", bad), 8, *words)
    said("a configuration that is not there", run(program, "run", "--config", daemon.folder / "none.ini"), 8, "none.ini", "config example")
    said("an unknown command", run(program, "frobnicate"), 2, "frobnicate", "help")
    said("a number that is none", run(program, "phase", "canary", "--percent", "5x"), 2, "--percent", "5x")
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([str(program), "limits"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE)
    report(done.returncode == 1 and "standard output" in done.stderr, "an answer that cannot be written", f"exit status {done.returncode}: {done.stderr}")


def surroundings(world, program):
    daemon, legacy, postgres = world.daemon, world.legacy, world.postgres
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


REFUSED_S = 20  # a refusal takes some round trips; what it must not be is the driver's or the daemon's own wait, a minute or more


def refused(what, arguments, code):
    began = time.monotonic()
    try:
        oracledb.connect(**arguments)
        report(False, what, "it was let in")
    except oracledb.Error as problem:
        report(code in str(problem) and time.monotonic() - began < REFUSED_S, what, f"{problem} after {time.monotonic() - began:.1f} s")


def clients(world):
    daemon, good = world.daemon, world.driver_arguments(world.daemon.port)
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


def closed_after(stranger, at_most):
    """How long the daemon kept the connection; None: longer than that."""
    began = time.monotonic()
    stranger.settimeout(at_most)
    try:
        while stranger.recv(65536):
            pass
    except TimeoutError:
        return None
    except OSError:
        pass
    return time.monotonic() - began


def connect_packet(service):
    text = f"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME={service})(CID=(PROGRAM=t)(HOST=h)(USER=u))))".encode()
    body = struct.pack(">HHHHHHHHHHIBB", 319, 300, 0, 8192, 65535, 0x4F98, 0, 1, len(text), 74, 0, 0x84, 0x84) + bytes(24) + struct.pack(">IIII", 8192, 8192, 0, 0)
    return struct.pack(">HHBBH", 8 + len(body) + len(text), 0, 1, 0, 0) + body + text


LOGIN_S, IDLE_S = 4, 5  # of the daemon with small limits: a log-in by a driver, three of them in a row, must come through on a slow machine


def connected(arguments):
    """A connection, when there is room for it: the daemon sees a little later than the client that another one is closed."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return oracledb.connect(**arguments)
        except oracledb.Error as problem:
            if "12520" not in str(problem) or time.monotonic() > end:
                raise
        time.sleep(0.1)


def log_in_limits(port, service, log):
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        took = closed_after(stranger, PATIENCE)
        report(took is not None and LOGIN_S - 0.5 < took < LOGIN_S + 15, "a client that says nothing is disconnected", f"after {took}")
    report(comes_true(lambda: "LOGIN_US" in log.read_text()), "and the log names the limit", "no LOGIN_US")
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(connect_packet(service)[:40])
        report(closed_after(stranger, PATIENCE) is not None, "half a CONNECT and nothing more", "still open")

    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(connect_packet(service))
        stranger.settimeout(PATIENCE)
        accept = stranger.recv(8192)
        report(len(accept) > 8 and accept[4] == 2, "a CONNECT of our own is accepted", str(accept[:16]))
        stranger.sendall(struct.pack(">IBBH", 64 << 20, 6, 0, 0) + bytes(5000))
        report(closed_after(stranger, PATIENCE) is not None, "a packet of 64 MiB", "still open")
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(connect_packet(service))
        stranger.settimeout(PATIENCE)
        stranger.recv(8192)
        try:
            for _ in range(400):  # piece by piece, never a whole message
                stranger.sendall(struct.pack(">IBBHH", 8000, 6, 0, 0, 0) + b"\x01\x06" + b"x" * 7988)
                time.sleep(0.001)
        except OSError:
            pass
        report(closed_after(stranger, PATIENCE) is not None, "more than a log-in ever needs", "still open")


def session_limits(good, log):
    connections = [connected(good) for _ in range(3)]
    refused("one session too many", good, "12520")
    connections.pop().close()
    with connected(good) as connection:
        report(connection.cursor().execute("SELECT 1 FROM dual").fetchone() == (1,), "a place that was left is given again")
    for connection in connections:
        connection.close()

    idle, busy = connected(good), connected(good)
    noticed = log.read_text().count("IDLE_US")
    end = time.monotonic() + PATIENCE
    while log.read_text().count("IDLE_US") == noticed and time.monotonic() < end:
        busy.cursor().execute("SELECT 1 FROM dual").fetchone()
        time.sleep(0.5)
    try:
        idle.cursor().execute("SELECT 1 FROM dual")
        report(False, "a silent session is disconnected", "it lives")
    except oracledb.Error as problem:
        report("DPY-4011" in str(problem) or "DPY-1001" in str(problem) or "ORA-03113" in str(problem), "a silent session is disconnected", str(problem))
    report(busy.cursor().execute("SELECT 2 FROM dual").fetchone() == (2,), "one that works is not")
    report(log.read_text().count("IDLE_US") > noticed, "and the log names that limit", "no IDLE_US")
    busy.close()


def limits(world, program):
    """Each limit that a client may run into, through a socket: an end that says why, and the process lives."""
    daemon, service = world.daemon, world.legacy.connect()["service"]
    port, admin = free_port(), free_port()
    config = variant(daemon, "limits.ini", (f"port = {daemon.port}", f"port = {port}\nsessions = 3\nlogin_timeout = {LOGIN_S}s\nidle_timeout = {IDLE_S}s"),
                     (f"port = {daemon.admin_port}", f"port = {admin}"),
                     (f"folder = {daemon.folder / 'journal'}", f"folder = {daemon.folder / 'journal3'}"), (f"file = {daemon.folder / 'state.db'}", f"file = {daemon.folder / 'state3.db'}"))
    log = daemon.logs / "limits.log"
    second = Process("limits", [program, "run", "--config", config], log)
    try:
        wait_for(lambda: second.check() or port_answers(port), PATIENCE, "the second daemon")
        log_in_limits(port, service, log)
        session_limits(world.driver_arguments(port), log)
        second.check()
    finally:
        second.stop(15)


def distributed(world):
    """A branch of a distributed transaction is relayed; who commits it, and when, is not seen, so its writes are a gap: at its end in this session, and at its commit in another."""
    daemon = world.daemon

    def told():
        return [gap for gap in daemon.admin.get("/v1/gaps") if "distributed" in gap["reason"]]

    with oracledb.connect(**world.driver_arguments(daemon.port)) as writer, oracledb.connect(**world.driver_arguments(daemon.port)) as ender:
        xid = writer.xid(7, b"global", b"branch")
        writer.tpc_begin(xid)
        writer.cursor().execute("INSERT INTO tags (tag_id, name) VALUES (90, 'branch')")
        writer.tpc_end(xid)
        wait_for(told, PATIENCE, "a gap at the end of the branch in its session")
        before = len(told())
        report(ender.tpc_prepare(xid), "a branch is prepared by another session")
        ender.tpc_commit(xid)
        report(writer.cursor().execute("SELECT COUNT(*) FROM tags WHERE tag_id = 90").fetchone() == (1,), "a branch is committed through the relay")
        report(before > 0, "the writes of a branch are a gap", str(daemon.admin.get("/v1/gaps")))
        problem = world.refusal("/v1/phase", to="shadow")
        report(problem and any(word in problem.text.lower() for word in ("doubt", "gap", "verif")), "a gap of a branch closes the gate", problem.text[:400] if problem else "the phase was entered")


def untranslatable(world):
    """A statement without a translation is relayed while the source is primary; the mirror says that rows may have been missed."""
    daemon = world.daemon
    world.enter("dual-write")
    with oracledb.connect(**world.driver_arguments(daemon.port)) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN UPDATE tags SET uses = uses + 1 WHERE tag_id = 1; UPDATE tags SET uses = uses + 1 WHERE tag_id = 2; END;")
        connection.commit()
        report(cursor.execute("SELECT SUM(uses) FROM tags").fetchone() == (2,), "a block without a translation runs on the source")
    report(comes_true(lambda: daemon.admin.get("/v1/gaps")), "it is in the gaps ledger", "nothing is")
    distributed(world)
    for phase, word in (("cutover", "STATE"), ("nonsense", "observe, dual-write")):
        problem = world.refusal("/v1/phase", to=phase)
        report(problem and problem.status in (400, 409, 422) and (word in problem.code or word in problem.text), f"phase {phase} from dual-write is refused with a reason", str(problem))
    problem = world.refusal("/v1/overrides", source="UPDATE tags SET uses = 0", target="UPDATE no_such_table SET x = 1")
    report(problem and "no_such_table" in problem.text, "an override that PostgreSQL does not take is refused with its error", str(problem))


def work(world):
    world.start_databases()
    world.start_daemon()
    command_lines(world.program)
    configurations(world, world.program)
    surroundings(world, world.program)
    clients(world)
    limits(world, world.program)
    call_limits.check(world)
    untranslatable(world)
    world.daemon.process.check()


if __name__ == "__main__":
    sys.exit(suite.run(suite.World(suite.options(__doc__)), work))
