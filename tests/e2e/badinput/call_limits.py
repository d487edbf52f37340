# SPDX-License-Identifier: Apache-2.0
"""The limits that bound what a logged-in client may send: each is reached with bytes of our own on the socket of a session that a driver has logged in. The client hears
of it, in time; the call is counted as one that was not read, or the connection is closed; nothing is kept of it, and everybody else is served."""
import os
import socket
import struct
import time

import oracledb
from suite import PATIENCE, comes_true, report
from sockets import open_sockets  # found by suite.py

PARSE, BIND, EXECUTE = 0x1, 0x8, 0x20
MEBIBYTE = 1 << 20
CURSORS = 65535
DATA_TYPE, RAW_TYPE, PING = 6, 23, b"\x03\x93\x01"
HEARS_S = 120  # within which a client hears of its limit; 270 MiB are sent until then
SETTLED_KB = 96 * 1024  # what the process may have grown by, once it is over: the allocator keeps some


def ub4(number):
    size = (number.bit_length() + 7) // 8
    return bytes([size]) + number.to_bytes(size, "big")


def execute(options, sql_size, binds, executions=1):
    """An execution up to its text, as at field version 12."""
    head = b"\x03\x5e\x01" + ub4(options) + ub4(0) + b"\x01" + ub4(sql_size) + b"\x01" + ub4(13) + b"\0\0" + ub4(0) + ub4(0) + ub4(0x7FFFFFFF)
    head += (b"\x01" if binds else b"\0") + ub4(binds) + bytes(5) + b"\0" + ub4(0)                # defines
    head += ub4(0) + b"\0\x01" + b"\0" + ub4(0) + b"\0" + ub4(0) + ub4(0)                          # field versions 4 and 5
    head += b"\0" + ub4(0) + b"\0" + b"\0" + ub4(0) + b"\0" + ub4(0) + b"\0" + b"\0" + ub4(0)      # 7, 8, 9
    return head, ub4(1) + ub4(executions) + ub4(0) * 11


def descriptor(size):
    return bytes([RAW_TYPE, 1, 0, 0]) + ub4(size) + ub4(0) + ub4(0) + b"\0" + ub4(0) + ub4(0) + b"\0" + ub4(0) + ub4(0)


class Session:
    """The socket of a session; the driver that logged it in does not touch it any more."""

    def __init__(self, arguments):
        before = open_sockets()
        self.driver = oracledb.connect(**arguments)
        self.driver.ping()
        self.socket = socket.socket(fileno=os.dup(max(open_sockets() - before)))
        self.socket.settimeout(PATIENCE)

    def send(self, payload):
        self.socket.sendall(struct.pack(">IBBHH", 10 + len(payload), DATA_TYPE, 0, 0, 0) + payload)

    def answer(self):
        """The payload of the next DATA packet; None: the connection was closed."""
        try:
            while True:
                head = self.take(8)
                body = self.take(struct.unpack(">I", head[:4])[0] - 8)
                if head[4] == DATA_TYPE:
                    return body[2:]
        except OSError:
            return None

    def take(self, size):
        out = b""
        while len(out) < size:
            piece = self.socket.recv(size - len(out))
            if not piece:
                raise ConnectionError("closed")
            out += piece
        return out

    def closed(self):
        """Whether nothing but the end of the connection comes."""
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def resident_kb(process):
    with open(f"/proc/{process.child.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def too_large_packet(session):
    session.socket.sendall(struct.pack(">IBBHH", 3 * MEBIBYTE, DATA_TYPE, 0, 0, 0) + bytes(10000))


def too_many_binds(session):
    sql = b"BEGIN NULL; END;"
    head, tail = execute(PARSE | BIND | EXECUTE, len(sql), 70000)
    session.send(head + bytes([len(sql)]) + sql + tail + descriptor(1) * 100)


def too_many_executions(session):
    sql = b"INSERT INTO tags (tag_id) VALUES (:1)"
    head, tail = execute(PARSE | BIND | EXECUTE, len(sql), 1, 5000000)
    session.send(head + bytes([len(sql)]) + sql + tail + descriptor(1))
    for _ in range(50):
        session.send(b"\x07\x01\x01" * 100000)


def too_large_text(session):
    head, _ = execute(PARSE | EXECUTE, 160 * MEBIBYTE, 0)
    session.send(head + b"\xfe")
    chunk = ub4(MEBIBYTE) + b"x" * MEBIBYTE
    for _ in range(140):
        session.send(chunk)


def too_large_call(session):
    sql = b"INSERT INTO tags (tag_id, name) VALUES (:1, :2)"
    head, tail = execute(PARSE | BIND | EXECUTE, len(sql), 1, 1000)
    session.send(head + bytes([len(sql)]) + sql + tail + descriptor(MEBIBYTE))
    row = b"\x07\xfe" + ub4(MEBIBYTE) + b"x" * MEBIBYTE + b"\0"
    for _ in range(270):
        session.send(row)


def too_many_cursors(session):
    """Statements that are never closed: as many as the table keeps are answered one by one; then one more."""
    sql = b"BEGIN NULL; END;"
    head, tail = execute(PARSE | EXECUTE, len(sql), 0)
    call = head + bytes([len(sql)]) + sql + tail
    for number in range(CURSORS):
        session.send(call)
        if session.answer() is None:
            raise OSError(f"closed at cursor {number + 1}")
    began = time.monotonic()
    session.send(call)
    return began


# what is sent, what it is called, whether it is counted as a call that was not read (else the connection is closed at once)
CASES = [
    (too_large_packet, "a packet of 3 MiB (packet_bytes)", False),
    (too_many_binds, "70,000 binds (binds)", True),
    (too_many_executions, "5,000,000 executions in one call (array_rows)", True),
    (too_large_text, "a text of 160 MiB (value_bytes)", True),
    (too_large_call, "a call of 270 MiB (call_bytes)", True),
    (too_many_cursors, "65,536 open cursors (cursors)", True),
]


def opaque_calls(world):
    return (world.logs / "understudy.log").read_text(errors="replace").count("call.opaque")


def one(world, send, what, counted):
    daemon = world.daemon
    before, began = opaque_calls(world), time.monotonic()
    session = Session(world.driver_arguments(daemon.port))
    try:
        began = send(session) or began
    except OSError:
        pass  # closed while it was being sent
    heard = "an answer" if counted and session.answer() is not None else "closed" if session.closed() else "nothing"
    took = time.monotonic() - began
    session.end()
    daemon.process.check()
    seen = comes_true(lambda: opaque_calls(world) > before) if counted else opaque_calls(world) > before
    report(heard != "nothing" and took < HEARS_S and seen == counted, f"{what}: the client hears of it" + (", the call is counted" if counted else ""), f"{heard} after {took:.1f} s, counted: {seen}")
    with oracledb.connect(**world.driver_arguments(daemon.port)) as connection:
        report(connection.cursor().execute("SELECT 1 FROM dual").fetchone() == (1,), f"{what}: everybody else is served")


def check(world):
    process = world.daemon.process
    with oracledb.connect(**world.driver_arguments(world.daemon.port)) as connection:
        connection.ping()
    before = resident_kb(process)
    for send, what, counted in CASES:
        one(world, send, what, counted)
    report(comes_true(lambda: not world.admin.get("/v1/sessions")), "no session of them is left", str(world.admin.get("/v1/sessions"))[:300])
    report(comes_true(lambda: resident_kb(process) < before + SETTLED_KB), "nothing of them is kept in memory", f"{before} KiB became {resident_kb(process)} KiB")
