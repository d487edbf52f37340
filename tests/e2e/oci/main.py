# SPDX-License-Identifier: Apache-2.0
"""Recorded sessions of thick clients through the running daemon in dual-write: a canned server says what the real one said, a canned client what the client said.
Beside it a real source serves the daemon's own connections. Every byte must arrive as it was recorded, but for the edits of the negotiation; because the recordings were made
without these edits the calls behind them cannot be read, so each must be counted, and what may have been written must be a gap.
Prints `ok WHAT` and `not ok WHAT: WHY`. Options: --build FOLDER --scratch FOLDER --captures FOLDER"""
import socket
import sys
import threading
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "captures")]

import check  # noqa: E402
import oracledb  # noqa: E402

import suite  # noqa: E402
from suite import PATIENCE, report, wait_for  # noqa: E402


def pieces_of(path):
    """[(from the client, bytes)] of the recording's one connection, in the order in which they passed."""
    client, pieces, done = None, [], {}
    for source, target, sequence, flags, payload in check.segments(path.read_bytes()):
        client = client or ((source, target) if not (flags & 2 and flags & 16) else (target, source))
        if flags & 2:
            done[source] = sequence + 1
        if not payload:
            continue
        start = done.setdefault(source, sequence)
        fresh = payload[(start - sequence) & 0xFFFFFFFF:] if (start - sequence) & 0xFFFFFFFF < len(payload) else b""
        if fresh:
            pieces.append((source == client[0], fresh))
            done[source] = sequence + len(payload)
    return pieces


class Ledger:
    """What one end has received, and waiting for it."""

    def __init__(self, connection):
        self.connection, self.data, self.changed, self.over = connection, bytearray(), threading.Condition(), False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while part := self.connection.recv(65536):
                with self.changed:
                    self.data += part
                    self.changed.notify_all()
        except OSError:
            pass
        with self.changed:
            self.over = True
            self.changed.notify_all()

    def wait(self, size):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.data) >= size or self.over, PATIENCE) and len(self.data) >= size


class Front:
    """The port that the daemon takes for the source: recorded services are played, everything else goes to the real one."""

    def __init__(self, real_port):
        self.real_port, self.plays = real_port, {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        ledger = Ledger(connection)
        ledger.wait(60)
        play = next((play for mark, play in self.plays.items() if mark in ledger.data), None)
        if play:
            play(connection, ledger)
            return
        other = socket.create_connection(("127.0.0.1", self.real_port))
        back = threading.Thread(target=self.pump, args=(other, connection), daemon=True)
        back.start()
        sent = 0
        while ledger.wait(sent + 1):
            part = bytes(ledger.data[sent:])
            other.sendall(part)
            sent += len(part)
        other.close()

    @staticmethod
    def pump(source, target):
        try:
            while part := source.recv(65536):
                target.sendall(part)
        except OSError:
            pass
        target.close()


def play_side(pieces, from_client, connection, ledger):
    """Says this side's pieces, each after everything that the recording has before it."""
    heard = 0
    for of_client, data in pieces:
        if of_client == from_client:
            connection.sendall(data)
        else:
            heard += len(data)
            if not ledger.wait(heard):
                return False
    return True


def differences(got, wanted):
    return [i for i, (a, b) in enumerate(zip(got, wanted)) if a != b]


def relay(world, path):
    daemon, front = world.daemon, world.front
    pieces = pieces_of(path)
    said = [b"".join(data for of_client, data in pieces if of_client == side) for side in (True, False)]
    mark = said[0][said[0].index(b"(CONNECTION_ID="):][:40]
    server = {}

    def play(connection, ledger):
        server["ledger"], server["good"] = ledger, play_side(pieces, False, connection, ledger)
    front.plays[mark] = play
    before = {gap["id"] for gap in daemon.admin.get("/v1/gaps")}
    with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
        ledger = Ledger(connection)
        good = play_side(pieces, True, connection, ledger) and ledger.wait(len(said[1]))
        wait_for(lambda: "good" in server, PATIENCE, "the end of the recording")
    report(good and server["good"], f"{path.name}: the conversation runs to its end", f"client {len(ledger.data)} of {len(said[1])}, server {len(server['ledger'].data)} of {len(said[0])} bytes")
    for who, got, wanted, log_in in (("server", bytes(server["ledger"].data), said[0], said[0].index(b"\x03\x76\x02")), ("client", bytes(ledger.data), said[1], said[1].index(b"AUTH_SESSKEY"))):
        places = differences(got, wanted)
        report(len(got) == len(wanted) and all(place < log_in for place in places) and len(places) <= 24, f"{path.name}: every byte reached the {who} but the edited ones ({len(places)} of {len(wanted)})",
               f"{len(got)} bytes, differences at {places[:40]}")
    return [gap for gap in daemon.admin.get("/v1/gaps") if gap["id"] not in before]


class World(suite.World):
    rows = []

    def __init__(self, given):
        super().__init__(given)
        self.captures, self.front = given.captures, None

    def start(self):
        self.start_databases()
        self.front = Front(self.legacy.port)
        real_port, self.legacy.port = self.legacy.port, self.front.port
        self.start_daemon()
        self.legacy.port = real_port


def work(world):
    world.start()
    world.enter("dual-write")
    for path in sorted(world.captures.glob("sqlplus*.pcapng")):
        gaps = relay(world, path)
        writes = b"INSERT INTO" in path.read_bytes()
        report(not writes or gaps, f"{path.name}: what it may have written is a gap ({len(gaps)})", "no gap")
    with oracledb.connect(**world.driver_arguments(world.daemon.port)) as connection:
        report(connection.cursor().execute("SELECT 1 FROM dual").fetchone() == (1,), "the daemon lives, and serves others")
    world.daemon.process.check()


if __name__ == "__main__":
    sys.exit(suite.run(World(suite.options(__doc__, captures=Path)), work))
