# SPDX-License-Identifier: Apache-2.0
"""Writers of the feed test: clients of the daemon, and one that goes straight to the source."""
import random
import threading
import time

import oracledb

from rest import Rest

ITEMS = 20
BACK_S = 90  # within which a call comes back


class Writer(threading.Thread):
    """Keeps a connection, and opens another when it is lost: the daemon is killed under it."""

    def __init__(self, name, number, connect, seed, pace_s):
        super().__init__(daemon=True, name=name)
        self.number, self.connect, self.pace_s = number, connect, pace_s
        self.random = random.Random(f"{seed}-{name}-{number}")
        self.rest, self.stopping = Rest(at_rest=True), threading.Event()
        self.done, self.lost, self.stumbles, self.deadlocks, self.errors, self.sequence = 0, 0, 0, 0, [], 0
        self.orders = []
        self.acts = self.all_acts()

    def all_acts(self):
        raise NotImplementedError

    def run(self):
        connection = None
        while self.rest.between(self.stopping.is_set):
            try:
                if connection is None:
                    connection = oracledb.connect(**self.connect)
                self.random.choice(self.acts)(connection, connection.cursor())
                self.done += 1
            except oracledb.Error as problem:
                text = str(problem)
                if "Commands out of sync" in text:  # the stand-in lost its place between two tables' DDL: said, and begun anew
                    self.stumbles += 1
                elif "ORA-00060" in text and connection is not None:  # the writers lock the same rows in their own order: as an application does, roll back and go on
                    self.deadlocks += 1
                    connection.rollback()
                    continue
                elif not any(code in text for code in ("DPY-4011", "DPY-6005", "DPY-1001", "DPY-6000", "ORA-12", "ORA-03113")):
                    self.errors.append(f"{self.name} {self.number}: {text[:200]}")
                self.lost += 1
                connection = None
                time.sleep(0.1)
            time.sleep(self.random.random() * 2 * self.pace_s)
        if connection is not None:
            connection.close()
        self.rest.over()

    def next_id(self):
        self.sequence += 1
        return self.number * 1000000 + self.sequence


class Client(Writer):
    def all_acts(self):
        return [self.order, self.order, self.touch, self.touch, self.cancel, self.reserve, self.read]

    def order(self, connection, cursor):
        number = self.next_id()
        cursor.execute("INSERT INTO orders (id, status, total) VALUES (:1, 'new', :2)", [number, self.random.randrange(1000)])
        cursor.executemany("INSERT INTO order_lines (order_id, line, item) VALUES (:1, :2, :3)", [(number, line, self.random.randrange(ITEMS)) for line in range(3)])
        connection.commit()
        self.orders.append(number)

    def touch(self, connection, cursor):
        if self.orders:
            cursor.execute("UPDATE orders SET status = :1, total = total + 1 WHERE id = :2", [self.random.choice(["paid", "sent"]), self.random.choice(self.orders)])
            connection.commit()

    def cancel(self, connection, cursor):
        if len(self.orders) > 5:
            number = self.orders.pop(self.random.randrange(len(self.orders)))
            cursor.execute("DELETE FROM orders WHERE id = :1", [number])
            connection.commit()

    def reserve(self, connection, cursor):
        """Commits inside: the client never does."""
        cursor.callproc("reserve", [self.random.randrange(ITEMS), 1])

    def read(self, connection, cursor):
        cursor.execute("SELECT status, total FROM orders WHERE id = :1", [self.random.choice(self.orders) if self.orders else 0]).fetchall()

    def note(self, connection, cursor):
        cursor.execute("INSERT INTO notes (id, text) VALUES (:1, :2)", [self.next_id(), "by a client"])
        cursor.execute("UPDATE stock SET quantity = quantity + 1 WHERE item = :1", [self.random.randrange(ITEMS)])
        connection.commit()


class Bypass(Writer):
    def all_acts(self):
        return [self.note, self.note, self.rename, self.stock, self.forget, self.cancel]

    def note(self, connection, cursor):
        cursor.executemany("INSERT INTO notes (id, text) VALUES (:1, :2)", [(self.next_id(), f"straight {n}") for n in range(self.random.randrange(1, 5))])
        connection.commit() if self.random.random() < 0.8 else connection.rollback()

    def rename(self, connection, cursor):
        """The key changes: the old row must go and the new one come."""
        cursor.execute("UPDATE notes SET id = id + 500000, text = 'renamed' WHERE id BETWEEN :1 AND :2 AND MOD(id, 1000000) < 500000",
                       [self.number * 1000000 + max(self.sequence - 6, 0), self.number * 1000000 + self.sequence - 3])
        connection.commit()

    def stock(self, connection, cursor):
        cursor.execute("UPDATE stock SET quantity = quantity + 5 WHERE item < :1", [self.random.randrange(1, ITEMS)])
        connection.commit()

    def forget(self, connection, cursor):
        cursor.execute("DELETE FROM notes WHERE MOD(id, 7) = :1 AND id > :2", [self.random.randrange(7), self.number * 1000000 + self.sequence - 40])
        connection.commit()

    def cancel(self, connection, cursor):
        """An order goes, its lines with it, and nobody sees either on the wire."""
        cursor.execute("DELETE FROM orders WHERE id = (SELECT MIN(id) FROM orders WHERE MOD(id, 3) = :1)", [self.random.randrange(3)])
        connection.commit()


def pause(writers):
    for writer in writers:
        writer.rest.ask()
    for writer in writers:
        if not writer.rest.wait(BACK_S):
            raise RuntimeError(f"{writer.name} {writer.number} does not come to rest")


def resume(writers):
    for writer in writers:
        writer.rest.end()


def stop(writers):
    for writer in writers:
        writer.stopping.set()
        writer.rest.end()
    for writer in writers:
        writer.join(BACK_S)
