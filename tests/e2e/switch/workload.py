# SPDX-License-Identifier: Apache-2.0
"""Clients of the switch tests: each works in its own thread with its own connection, notes every error, and keeps what it was acknowledged."""
import hashlib
import random
import threading
import time

import oracledb

from rest import Rest

NEW_ASSET = ("INSERT INTO assets (asset_id, external_id, title, kind, status, size_bytes, created_at, changed_at, version) VALUES "
             "(assets_seq.NEXTVAL, :ext, :title, 'video', 'draft', :size_bytes, SYSTIMESTAMP, SYSDATE, 1) RETURNING asset_id, search_title INTO :id, :search")
NEW_UPLOAD = ("INSERT INTO uploads (client_id, seq, state, bytes, checksum, started, note, body) "
              "VALUES (:client, :seq, 'lob', :bytes, :checksum, SYSTIMESTAMP, :note, :body)")


BACK_S = 90  # within which a call comes back, whatever happens to the databases


class Client(threading.Thread):
    """One connection for its whole life: a lost one is an error."""

    def __init__(self, number, connect, seed, pace_s=0.01):
        super().__init__(daemon=True)
        self.number, self.connect, self.pace_s = number, connect, pace_s
        self.random = random.Random(f"{seed}-{number}")
        self.stopping = threading.Event()
        self.rest = Rest()
        self.errors, self.transactions, self.calls, self.longest_s = [], 0, 0, 0.0
        self.assets, self.uploads, self.seq, self.counter = {}, {}, 0, 0
        self.tolerant, self.rolled_back, self.doubtful = False, 0, 0
        self.connection = None

    # --- one call -------------------------------------------------------------------------------------------------------------

    def timed(self, act, *arguments, **named):
        began = time.monotonic()
        try:
            return act(*arguments, **named)
        finally:
            self.calls += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began)

    def expect(self, good, text):
        if not good:
            self.errors.append(f"client {self.number}: {text}")

    # --- transactions ---------------------------------------------------------------------------------------------------------

    def new_asset(self, cursor):
        self.seq += 1
        number, text = cursor.var(oracledb.NUMBER), cursor.var(str, 200)
        title = f"Über {self.number}-{self.seq}"
        self.timed(cursor.execute, NEW_ASSET, ext=f"c{self.number}-{self.seq}", title=title, size_bytes=self.seq, id=number, search=text)
        asset = int(number.getvalue()[0])
        self.expect(text.getvalue()[0] == title.upper(), f"the trigger's value came back as {text.getvalue()}")
        tags = self.random.sample(range(1, 51), 3)
        self.timed(cursor.executemany, "INSERT INTO asset_tags (asset_id, tag_id, position) VALUES (:1, :2, :3)", [(asset, tag, n) for n, tag in enumerate(tags)])
        if self.random.random() < 0.3:
            time.sleep(self.random.random() * 0.2)  # open for a while: the one that a switch finds in the middle
        self.timed(self.connection.commit)
        self.assets[asset] = 1

    def touch(self, cursor):
        if not self.assets:
            self.new_asset(cursor)
            return
        asset = self.random.choice(list(self.assets))
        self.timed(cursor.execute, "UPDATE assets SET version = version + 1, changed_at = SYSDATE WHERE asset_id = :id", id=asset)
        self.expect(cursor.rowcount == 1, f"update of asset {asset} touched {cursor.rowcount} rows")
        if self.random.random() < 0.3:
            time.sleep(self.random.random() * 0.1)
            self.timed(self.connection.rollback)
            return
        self.timed(self.connection.commit)
        self.assets[asset] += 1

    def count(self, cursor):
        """All clients write the same few rows, outside and inside of transactions."""
        slot = self.random.randrange(4)
        self.connection.autocommit = self.random.random() < 0.5
        self.timed(cursor.execute, "UPDATE client_totals SET total = total + 1 WHERE client_id = 0 AND slot = :slot", slot=slot)
        if not self.connection.autocommit:
            self.timed(self.connection.commit)
        self.connection.autocommit = False
        self.counter += 1

    def upload(self, cursor):
        """Temporary LOBs are made first, the row later."""
        self.seq += 1
        note = "Größe 東京 " * self.random.randrange(1, 3000)
        body = self.random.randbytes(self.random.randrange(1, 60000))
        clob, blob = self.timed(self.connection.createlob, oracledb.DB_TYPE_CLOB), self.timed(self.connection.createlob, oracledb.DB_TYPE_BLOB)
        self.timed(clob.write, note)
        self.timed(blob.write, body)
        time.sleep(self.random.random() * 0.05)
        self.timed(cursor.execute, NEW_UPLOAD, client=self.number, seq=self.seq, bytes=len(body), checksum=hashlib.sha256(body).digest(), note=clob, body=blob)
        self.timed(self.connection.commit)
        self.uploads[self.seq] = (note, body)

    def read_back(self, cursor):
        if self.assets:
            asset = self.random.choice(list(self.assets))
            row = self.timed(cursor.execute, "SELECT version FROM assets WHERE asset_id = :id", id=asset).fetchone()
            self.expect(row == (self.assets[asset],), f"asset {asset} should have version {self.assets[asset]}, has {row}")
        if self.uploads:
            seq = self.random.choice(list(self.uploads))
            row = self.timed(cursor.execute, "SELECT note, body FROM uploads WHERE client_id = :client AND seq = :seq", client=self.number, seq=seq).fetchone()
            self.expect(row == self.uploads[seq], f"upload {seq} is not what was written: {len(row) if row else 'no'} values")

    def do(self, act, cursor):
        """While connections of the target are cut, a transaction may end as it would with Oracle: rolled back, or in doubt at its commit."""
        try:
            act(cursor)
        except oracledb.DatabaseError as problem:
            code = problem.args[0].code
            if not self.tolerant or code not in (25402, 25408):
                raise
            self.rolled_back += code == 25402
            self.doubtful += code == 25408
            self.connection.autocommit = False
            self.connection.rollback()
            self.assets.clear()
            self.uploads.clear()

    # --- the loop -------------------------------------------------------------------------------------------------------------

    def run(self):
        work = [self.new_asset, self.touch, self.count, self.upload, self.read_back, self.read_back, self.read_back, self.read_back]
        try:
            self.connection = oracledb.connect(**self.connect)
            cursor = self.connection.cursor()
            while self.rest.between(self.stopping.is_set):
                self.do(self.random.choice(work), cursor)
                self.transactions += 1
                time.sleep(self.pace_s)
            self.connection.close()
        except Exception as problem:  # pylint: disable=broad-except  # any error of a client is what these tests look for
            self.errors.append(f"client {self.number}: {type(problem).__name__}: {problem}")
        self.rest.over()


class Clients:
    def __init__(self, count, connect, seed, pace_s):
        self.all = [Client(number + 1, connect, seed, pace_s) for number in range(count)]

    def start(self):
        for client in self.all:
            client.start()

    def pause(self):
        for client in self.all:
            client.rest.ask()
        for client in self.all:
            if not client.rest.wait(BACK_S):
                client.errors.append(f"client {client.number}: a call did not come back within {BACK_S} s")

    def resume(self):
        for client in self.all:
            client.rest.end()

    def stop(self):
        for client in self.all:
            client.stopping.set()
            client.rest.end()
        for client in self.all:
            client.join(BACK_S)
            if client.is_alive():
                client.errors.append(f"client {client.number}: does not end")

    def errors(self):
        return [error for client in self.all for error in client.errors]

    def longest_ms(self):
        longest = max(client.longest_s for client in self.all) * 1000
        for client in self.all:
            client.longest_s = 0.0
        return round(longest)

    def all_do_more(self, transactions=2):
        """A condition: from now on each client has done so many transactions more, those included that wait at this moment. One that has ended with an error does none."""
        wanted = [(client, client.transactions + transactions) for client in self.all if client.is_alive()]
        return lambda: all(client.transactions >= number or not client.is_alive() for client, number in wanted)

    def calls(self):
        return sum(client.calls for client in self.all)

    def counted(self):
        return sum(client.counter for client in self.all)

    def doubtful(self):
        return sum(client.doubtful for client in self.all)

    def rolled_back(self):
        return sum(client.rolled_back for client in self.all)

    def tolerate(self, yes):
        for client in self.all:
            client.tolerant = yes
