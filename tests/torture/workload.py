# SPDX-License-Identifier: Apache-2.0
"""The torture's clients: real driver sessions whose transactions conflict on purpose. Each client keeps a ledger of what it was told."""
import datetime
import random
import threading
import time

import oracledb

from rest import Rest

COUNTERS, ACCOUNTS, SLOTS, GROUPS, HOT, WATCHED = 6, 12, 10, 5, 2, 8
FIRST_BALANCE, STOCK_PER_GROUP = 1000, 8
ACKED, ABSENT, DOUBT = "acknowledged", "absent", "in doubt"
LOST_CODES = {"DPY-4011", "DPY-6005", "DPY-1001", "DPY-6000", "DPY-6003", "DPY-4024", "ORA-03113", "ORA-03114", "ORA-12541", "ORA-12537", "ORA-12547", "ORA-01041", "ORA-03135", "DPY-6001"}
# What Oracle itself may answer to transactions that conflict.
EXPECTED = {"ORA-00060", "ORA-00001", "ORA-02291", "ORA-02292", "ORA-02290"}
INSERT_LEDGER = "INSERT INTO ledger (client, n, kind, a, b, amount) VALUES (:1, :2, :3, :4, :5, :6)"


def code_of(problem):
    detail = problem.args[0] if problem.args else None
    return getattr(detail, "full_code", "") or str(problem)[:60]


def is_lost(problem):
    return isinstance(problem, OSError) or code_of(problem) in LOST_CODES


class Client(threading.Thread):
    def __init__(self, number, world, seed, kinds=None):
        super().__init__(daemon=True)
        self.number, self.world, self.random = number, world, random.Random(seed * 1000 + number)
        self.connection, self.n = None, 0
        self.told = {}          # n -> what the client was told of its ledger row
        self.hot = [[0, 0] for _ in range(HOT)]  # per row: acknowledged, in doubt
        self.reconnects = self.done = 0
        self.problems = []      # errors that no client should see
        self.standing, self.stopping = Rest(), False
        self.kinds = kinds or [(self.counter, 8), (self.transfer, 8), (self.swap, 4), (self.family, 4), (self.churn, 6), (self.predicate, 4), (self.event, 5),
                               (self.watch, 4), (self.increment_hot, 6), (self.many, 4), (self.text, 3), (self.auto_ledger, 4), (self.undone, 2),
                               (self.failed_auto_commit, 2), (self.merge, 3), (self.block, 3), (self.with_error, 3), (self.keyless, 3), (self.locked_table, 3), (self.own_read, 6)]

    # ---- life ----

    def run(self):
        weights = [weight for _, weight in self.kinds]
        while self.standing.between(lambda: self.stopping):
            if not self.connection and not self.connect():
                time.sleep(0.05)
                continue
            kind = self.random.choices(self.kinds, weights)[0][0]
            try:
                kind()
                self.done += 1
            except (oracledb.Error, OSError) as problem:
                self.failed(kind.__name__, problem)
            except Exception as problem:  # of the driver, which could not read an answer: told, and no row stays locked for the others
                self.problems.append((time.time(), kind.__name__, type(problem).__name__, str(problem)[:200]))
                self.drop()
        self.standing.over()
        self.drop()

    def connect(self):
        try:
            self.connection = oracledb.connect(user=self.world.user, password=self.world.password, host="127.0.0.1", port=self.world.port(), service_name=self.world.service,
                                               tcp_connect_timeout=30)
            self.connection.call_timeout = 60000
            self.cursor = self.connection.cursor()
            self.reconnects += 1
            return True
        except (oracledb.Error, OSError) as problem:
            self.connection = None
            self.world.connect_failed(problem)
            return False

    def drop(self):
        if self.connection:
            try:
                self.connection.close()
            except (oracledb.Error, OSError):
                pass
        self.connection = None

    def failed(self, kind, problem):
        code = code_of(problem)
        if self.is_lost(problem):
            self.world.lost(self, kind, problem)
            self.drop()
            return
        if code not in EXPECTED:
            self.problems.append((time.time(), kind, code, str(problem)[:200]))
        try:
            self.connection.autocommit = False
            self.connection.rollback()
        except (oracledb.Error, OSError):
            self.drop()

    def rest(self):
        self.standing.ask()

    def go_on(self):
        self.standing.end()

    def stop(self):
        self.stopping = True
        self.standing.end()

    def is_lost(self, problem):
        return is_lost(problem) or not self.connection.is_healthy()

    # ---- a transaction ----

    def execute(self, text, *binds):
        self.cursor.execute(text, list(binds))

    def enter(self, kind, a=None, b=None, amount=None):
        """The transaction's row in the ledger. Until COMMIT is on its way it must not be there."""
        self.n += 1
        self.told[self.n] = ABSENT
        self.execute(INSERT_LEDGER, self.number, self.n, kind, a, b, amount)

    def commit(self):
        n = self.n
        if self.told.get(n) == ABSENT:
            self.told[n] = DOUBT
        self.connection.commit()
        if self.told.get(n) == DOUBT:
            self.told[n] = ACKED

    def counter(self):
        which = self.random.randint(1, COUNTERS)
        if self.random.random() < 0.5:
            self.enter("counter", which)
            self.execute("UPDATE counters SET value = value + 1 WHERE id = :1", which)
        else:
            self.execute("UPDATE counters SET value = value + 1 WHERE id = :1", which)
            self.enter("counter", which)
        self.commit()

    def transfer(self):
        a, b = self.random.sample(range(1, ACCOUNTS + 1), 2)
        if self.random.random() < 0.85 and a > b:
            a, b = b, a  # mostly in one order; else there are deadlocks
        amount = self.random.randint(-5000, 5000) / 100
        if self.random.random() < 0.3:
            self.execute("SELECT balance FROM accounts WHERE id = :1 FOR UPDATE", a)
            self.cursor.fetchall()
        self.enter("transfer", a, b, amount)
        self.execute("UPDATE accounts SET balance = balance - :1, version = version + 1 WHERE id = :2", amount, a)
        if self.random.random() < 0.4:
            self.execute("SAVEPOINT before_mistake")
            self.execute("UPDATE accounts SET balance = balance + 1000000 WHERE id = :1", b)
            if self.random.random() < 0.5:
                self.execute("DELETE FROM accounts WHERE id = :1", b)
            self.execute("ROLLBACK TO SAVEPOINT before_mistake")
        self.execute("UPDATE accounts SET balance = balance + :1, version = version + 1 WHERE id = :2", amount, b)
        self.commit()

    def swap(self):
        a, b = sorted(self.random.sample(range(1, SLOTS + 1), 2))
        codes = []
        for row in (a, b):
            self.execute("SELECT code FROM slots WHERE id = :1 FOR UPDATE", row)
            codes.append(self.cursor.fetchall()[0][0])
        self.enter("swap", a, b)
        self.execute("UPDATE slots SET code = NULL WHERE id = :1", a)
        self.execute("UPDATE slots SET code = :1 WHERE id = :2", codes[0], b)
        self.execute("UPDATE slots SET code = :1 WHERE id = :2", codes[1], a)
        self.commit()

    def family(self):
        parent = self.random.randint(1, 20)
        self.enter("family", parent)
        if self.random.random() < 0.5:
            if self.random.random() < 0.5:
                self.execute("DELETE FROM children WHERE parent_id = :1", parent)
            self.execute("DELETE FROM parents WHERE id = :1", parent)
        else:
            self.execute("SELECT COUNT(*) FROM parents WHERE id = :1", parent)
            if self.cursor.fetchall()[0][0] == 0:
                self.execute("INSERT INTO parents (id, name) VALUES (:1, :2)", parent, f"of client {self.number}")
            child = self.random.randint(1, 1000000)
            self.execute("INSERT INTO children (id, parent_id, name) VALUES (:1, :2, :3)", child, parent, f"child {child}")
        self.commit()

    def churn(self):
        row = self.random.randint(1, 15)
        self.enter("churn", row)
        if self.random.random() < 0.8:
            self.execute("DELETE FROM churn WHERE id = :1", row)
        if self.random.random() < 0.8:
            self.execute("INSERT INTO churn (id, value, note) VALUES (:1, :2, :3)", row, self.random.randint(0, 10**8) / 10000, self.random.choice([None, "", "é", "x" * 60]))
        self.commit()

    def predicate(self):
        group = self.random.randint(1, GROUPS)
        self.enter("predicate", group)
        choice = self.random.random()
        if choice < 0.4:
            self.execute("UPDATE stock SET qty = qty + 1 WHERE grp = :1", group)
        elif choice < 0.7:
            self.execute("UPDATE stock SET qty = qty - 3 WHERE grp = :1 AND qty > :2", group, self.random.randint(0, 60))
        elif choice < 0.85:
            self.execute("UPDATE stock SET grp = :1 WHERE id = :2", group, self.random.randint(1, GROUPS * STOCK_PER_GROUP))
        else:
            self.execute("INSERT INTO churn (id, value, note) SELECT :1, SUM(qty), 'sum' FROM stock WHERE grp = :2", self.random.randint(1000, 10**9), group)
        self.commit()

    def event(self):
        self.enter("event")
        identity = self.cursor.var(int)
        self.execute("INSERT INTO events (id, at, exactly, text) VALUES (event_seq.NEXTVAL, SYSDATE, SYSTIMESTAMP, :1) RETURNING id INTO :2", f"{self.number}/{self.n}", identity)
        if self.random.random() < 0.3:
            self.execute("UPDATE events SET text = text || '!', at = SYSDATE WHERE id = :1", identity.getvalue()[0])
        self.commit()

    def watch(self):
        self.enter("watch")
        self.execute("UPDATE watched SET v = :1 WHERE id = :2", f"by {self.number} at {self.n}", self.random.randint(1, WATCHED))
        self.commit()

    def increment_hot(self):
        row = self.random.randint(1, HOT)
        self.connection.autocommit = True
        self.hot[row - 1][1] += 1
        try:
            self.execute("UPDATE hot SET n = n + 1 WHERE id = :1", row)
        except oracledb.Error as problem:
            if not self.is_lost(problem):
                self.hot[row - 1][1] -= 1
            raise
        self.hot[row - 1][1] -= 1
        self.hot[row - 1][0] += 1
        self.connection.autocommit = False

    def many(self):
        self.enter("many")
        rows = [(self.number * 10**6 + self.random.randint(1, 5000), -1 if self.random.random() < 0.1 else self.random.randint(0, 99), f"t{i}") for i in range(self.random.randint(2, 12))]
        if self.random.random() < 0.7:
            self.cursor.executemany("INSERT INTO bulk (id, v, t) VALUES (:1, :2, :3)", rows, batcherrors=True)
            self.cursor.getbatcherrors()
        else:
            self.cursor.executemany("UPDATE bulk SET v = :1, t = :2 WHERE id = :3", [(abs(v), t, identity) for identity, v, t in rows])
        self.commit()

    def text(self):
        self.enter("text")
        size = self.random.choice([1, 100, 4000, 40000])
        self.execute("INSERT INTO texts (id, d, f, c) VALUES (:1, :2, :3, :4)", self.number * 10**6 + self.n, datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=self.random.randint(0, 10**7)),
                     self.random.choice([1 / 8, 12345678.5, 10**20, -0.000001]), "".join(self.random.choices("abcdefgh é", k=size)))
        self.commit()

    def auto_ledger(self):
        self.connection.autocommit = True
        self.n += 1
        self.told[self.n] = DOUBT
        try:
            self.execute(INSERT_LEDGER, self.number, self.n, "auto", None, None, None)
        except oracledb.Error as problem:
            if not self.is_lost(problem):
                self.told[self.n] = ABSENT
            raise
        self.told[self.n] = ACKED
        self.connection.autocommit = False

    def undone(self):
        self.enter("undone")
        self.execute("UPDATE counters SET value = value + 1000 WHERE id = :1", self.random.randint(1, COUNTERS))
        self.connection.rollback()

    def failed_auto_commit(self):
        """A statement that carries its commit and fails commits nothing: what ran before it is still open, and is committed afterwards."""
        which = self.random.randint(1, COUNTERS)
        self.enter("counter", which)
        self.execute("UPDATE counters SET value = value + 1 WHERE id = :1", which)
        self.connection.autocommit = True
        try:
            self.execute("INSERT INTO counters (id, value) VALUES (:1, 0)", which)
        except oracledb.Error as problem:
            if self.is_lost(problem):
                raise
        self.connection.autocommit = False
        if self.random.random() < 0.3:
            time.sleep(2.5)
        self.commit()

    def merge(self):
        which = self.random.randint(1, COUNTERS)
        self.enter("counter", which)
        self.execute("MERGE INTO counters c USING (SELECT :1 AS id FROM dual) s ON (c.id = s.id) WHEN MATCHED THEN UPDATE SET c.value = c.value + 1 "
                     "WHEN NOT MATCHED THEN INSERT (id, value) VALUES (s.id, 1)", which)
        self.commit()

    def block(self):
        which = self.random.randint(1, COUNTERS)
        self.enter("counter", which)
        self.execute("BEGIN UPDATE counters SET value = value + 1 WHERE id = :1; END;", which)
        self.commit()

    def with_error(self):
        """A statement inside the transaction fails; the rest of it stands."""
        which = self.random.randint(1, COUNTERS)
        self.enter("counter", which)
        try:
            self.execute("INSERT INTO counters (id, value) VALUES (:1, 0)", which)
        except oracledb.Error as problem:
            if self.is_lost(problem):
                raise
        self.execute("UPDATE counters SET value = value + 1 WHERE id = :1", which)
        self.commit()


    def keyless(self):
        """A table without a key: rows are told apart by their content alone."""
        self.enter("keyless")
        self.execute("INSERT INTO plain (client, n, note) VALUES (:1, :2, :3)", self.number, self.n, self.random.choice([None, "a", "é"]))
        choice, older = self.random.random(), self.random.randint(1, self.n)
        if choice < 0.25:
            self.execute("DELETE FROM plain WHERE client = :1 AND n = :2", self.number, older)
        elif choice < 0.5:
            self.execute("UPDATE plain SET note = note || '.' WHERE client = :1 AND n = :2", self.number, older)
        self.commit()

    def locked_table(self):
        which = self.random.randint(1, COUNTERS)
        self.execute(f"LOCK TABLE counters IN ROW {self.random.choice(['SHARE', 'EXCLUSIVE'])} MODE")
        self.execute("SELECT value FROM counters WHERE id = :1 FOR UPDATE", which)
        value = self.cursor.fetchall()[0][0]
        self.enter("counter", which)
        self.execute("UPDATE counters SET value = :1 WHERE id = :2", value + 1, which)
        self.commit()

    def own_read(self):
        """What was acknowledged is seen, whoever answers, and what was not committed is not."""
        told = {n: what for n, what in self.told.items() if n > self.n - 40 and what != DOUBT}
        self.execute("SELECT n FROM ledger WHERE client = :1 AND n > :2", self.number, self.n - 40)
        seen = {row[0] for row in self.cursor.fetchall()}
        for n, what in told.items():
            if (what == ACKED) != (n in seen):
                self.problems.append((time.time(), "own_read", "STALE", f"transaction {n} is {what} and was {'seen' if n in seen else 'not seen'}"))


def seed_rows(connection):
    """What is there before anybody works."""
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO counters (id, value) VALUES (:1, 0)", [(i,) for i in range(1, COUNTERS + 1)])
    cursor.executemany("INSERT INTO accounts (id, balance, version) VALUES (:1, :2, 0)", [(i, FIRST_BALANCE) for i in range(1, ACCOUNTS + 1)])
    cursor.executemany("INSERT INTO slots (id, code) VALUES (:1, :2)", [(i, f"code {i}") for i in range(1, SLOTS + 1)])
    cursor.executemany("INSERT INTO stock (id, grp, qty) VALUES (:1, :2, :3)", [(i, i % GROUPS + 1, i) for i in range(1, GROUPS * STOCK_PER_GROUP + 1)])
    cursor.executemany("INSERT INTO hot (id, n) VALUES (:1, 0)", [(i,) for i in range(1, HOT + 1)])
    cursor.executemany("INSERT INTO watched (id, v) VALUES (:1, :2)", [(i, f"first {i}") for i in range(1, WATCHED + 1)])
    cursor.executemany("INSERT INTO parents (id, name) VALUES (:1, :2)", [(i, f"parent {i}") for i in range(1, 21)])
    cursor.executemany("INSERT INTO texts (id, d, f, c) VALUES (:1, :2, :3, :4)",
                       [(i, datetime.datetime(2020, 1, 1, 0, 0, i % 60), i * 1.5, f"text {i} " + "x" * (i * 7 % 3000)) for i in range(1, 301)])
    connection.commit()
