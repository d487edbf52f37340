# SPDX-License-Identifier: Apache-2.0
"""The torture's world: the stand-in, PostgreSQL, the daemon with its fault points, the clients; and how it is judged, by means that are not the product's own."""
import collections
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "drivers"), str(HERE.parent / "support")]
import servers  # noqa: E402  pylint: disable=wrong-import-position
import workload  # noqa: E402  pylint: disable=wrong-import-position
from servers import ROOT, run  # noqa: E402  pylint: disable=wrong-import-position

# How long a condition is waited for: only what fails, or a machine that is very busy, takes so long.
PATIENCE = 150

# table -> key, columns as (name, kind): n number of fixed scale, v number of any, t text, d date, s timestamp, c large text
TABLES = {
    "ledger": (("client", "n"), "client:n n:n kind:t a:n b:n amount:n"), "counters": (("id",), "id:n value:n"), "accounts": (("id",), "id:n balance:n version:n"),
    "slots": (("id",), "id:n code:t"), "parents": (("id",), "id:n name:t"), "children": (("id",), "id:n parent_id:n name:t"), "churn": (("id",), "id:n value:n note:t"),
    "stock": (("id",), "id:n grp:n qty:n"), "events": (("id",), "id:n at:d exactly:s text:t"), "watched": (("id",), "id:n v:t shouted:t changes:n"), "hot": (("id",), "id:n n:n"),
    "bulk": (("id",), "id:n v:n t:t"), "texts": (("id",), "id:n d:d f:v c:c"), "plain": ((), "client:n n:n note:t"),
}


def columns_of(table):
    return [part.split(":") for part in TABLES[table][1].split()]


def _whole(text):
    """Lines that end with a mark, so that a blank at the end is seen."""
    return [line[:-2] for line in text.split("\n") if line]


def fault_points():
    """From the product's own table: name -> number."""
    text = (ROOT / "src/base/fault.h").read_text()
    return {name: int(number) for number, name in re.findall(r"X\((\d+), (\w+), ", text)}


class Target(servers.Target):
    def start(self):
        self.conninfo = run([self.SCRIPT, "start", self.folder, "--while", os.getpid(), "jit=off"])
        run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", HERE / "schema_target.sql", self.conninfo])

    def execute(self, statement):
        run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", f"SET search_path = {servers.TARGET_SCHEMA}; SET session_replication_role = replica; {statement}", self.conninfo])

    def crash(self):
        run([self.SCRIPT, "crash", self.folder])

    def resume(self):
        run([self.SCRIPT, "resume", self.folder])

    def lines(self, table):
        def text(name, kind):
            if kind == "c":
                return f"md5({name})"
            if kind == "v":
                return f"trim_scale({name})::text"
            if kind == "d":
                return f"to_char({name}, 'YYYY-MM-DD HH24:MI:SS')"
            return f"to_char({name}, 'YYYY-MM-DD HH24:MI:SS.US')" if kind == "s" else f"{name}::text"
        columns = ", ".join(f"coalesce({text(name, kind)}, '~')" for name, kind in columns_of(table))
        return _whole(run(["psql", "-X", "-A", "-t", "-F", "|", "-c", f"SELECT {columns}, '$' FROM {servers.TARGET_SCHEMA}.{table}", self.conninfo]))


class Source(servers.Source):
    def query(self, statement):
        return run(["mariadb", "--no-defaults", f"--socket={self.folder}/mariadb.sock", "-uroot", "--batch", "--skip-column-names", "--raw", "--default-character-set=utf8mb4", "-e", statement])

    def names(self):
        rows = self.query(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{servers.USER}'").split("\n")
        return {name.lower(): name for name in rows}

    def lines(self, table):
        def text(name, kind):
            if kind == "c":
                return f"MD5({name})"
            if kind == "v":
                return f"TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST({name} AS CHAR)))"
            return f"CAST({name} AS CHAR)"
        columns = ", ".join(f"COALESCE({text(f'`{name.upper()}`', kind)}, '~')" for name, kind in columns_of(table))
        return _whole(self.query(f"SELECT CONCAT_WS('|', {columns}, '$') FROM `{servers.USER}`.`{self.names()[table]}`"))

    def kill(self):
        self.process.child.kill()
        self.process.child.wait()


class Daemon(servers.Daemon):
    """The daemon, started with a fault point or without one. The admin API and the port stay the same over restarts."""

    RETAIN = "64M"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.journal, self.retain = self.folder / "journal", self.RETAIN

    def start(self, fault=None):
        if fault:
            os.environ["UNDERSTUDY_FAULT"] = fault
        try:
            self.launch()
        finally:
            os.environ.pop("UNDERSTUDY_FAULT", None)

    def launch(self):
        if not (self.folder / "understudy.ini").exists():
            self.prepare()
            (self.folder / "journal.key").write_bytes(os.urandom(32))
            (self.folder / "journal.key").chmod(0o600)
        super().launch()

    def sections(self):
        made = super().sections()
        made["listen"]["workers"] = 2
        made["mirror"] = {"fold": 4, "lanes": 4}
        made["journal"] = {"folder": self.journal, "segment": "1M", "retain": self.retain, "key_file": self.folder / "journal.key"}
        return made

    def start_with(self, **changed):
        """Stops in order and starts again, the configuration as it always is but for these."""
        self.stop()
        self.configure(**changed)
        self.start()
        self.wait_up()

    def wait_death(self, seconds):
        try:
            self.process.child.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def kill(self):
        if self.process.alive():
            self.process.child.kill()
        self.process.child.wait()

    def died_at(self):
        """The fault point at which it died, or why it ended otherwise."""
        status = self.process.child.returncode
        words = [line for line in self.process.tail().splitlines() if line.startswith("fault point ")]
        if status == -signal.SIGKILL:
            return words[-1].split()[2] if words else "killed"
        raise RuntimeError(f"the daemon ended with {status}:\n{self.process.tail()}")

    def status(self):
        return self.request("GET", "/v1/status")

    def caught_up(self):
        lag = self.status()["lag"]
        return lag["csn"] == lag["applied"] and lag["records"] == 0 and lag["in_doubt"] == 0

    def wait_caught_up(self, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while True:
            self.process.check()
            try:
                if self.caught_up():
                    return
            except OSError:
                pass
            if time.monotonic() > end:
                raise RuntimeError(f"the mirror does not catch up within {seconds} s: {self.status()['lag']} {self.status()['mirror']}")
            time.sleep(0.05)

    def cli(self, *arguments):
        done = subprocess.run([str(self.program), arguments[0], "--config", str(self.folder / "understudy.ini"), *arguments[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def log_count(self, word):
        return self.log.read_text(errors="replace").count(word)


class World:
    def __init__(self, folder, build, clients, seed, tell):
        self.folder, self.tell, self.seed = Path(folder), tell, seed
        self.user, self.password, self.service = servers.USER, servers.PASSWORD, servers.SERVICE
        self.source, self.target = Source(folder, build), Target(folder)
        self.daemon = Daemon(folder, build, self.source, self.target)
        self.clients = [workload.Client(number + 1, self, seed) for number in range(clients)]
        self.lock = threading.Lock()
        self.losses = []             # (time, client, kind, code): connections that clients lost
        self.connect_failures = 0
        self.filler = 5 * 10**8
        self.after_death = []        # what undoes what was provoked
        self.worked, self.working_since = 0.0, None  # seconds in which the clients worked

    def port(self):
        return self.daemon.port

    def lost(self, client, kind, problem):
        with self.lock:
            self.losses.append((time.time(), client.number, kind, workload.code_of(problem)))

    def connect_failed(self, problem):
        with self.lock:
            self.connect_failures += 1

    # ---- life ----

    def start(self):
        self.source.start()
        self.target.start()
        connection = self.direct()
        cursor = connection.cursor()
        for part in (HERE / "schema_source.sql").read_text().split("\n/\n"):
            text = "\n".join(line for line in part.splitlines() if not line.startswith("--")).strip()
            if text:
                cursor.execute(text)
        workload.seed_rows(connection)
        connection.close()
        self.daemon.start()
        self.daemon.wait_up()

    def direct(self):
        return workload.oracledb.connect(user=self.user, password=self.password, host="127.0.0.1", port=self.source.port, service_name=self.service)

    def through(self):
        return workload.oracledb.connect(user=self.user, password=self.password, host="127.0.0.1", port=self.daemon.port, service_name=self.service)

    def fill(self, rows, enough=lambda: False):
        """So many large rows of a client of its own, or until it is enough: the journal grows."""
        with self.through() as connection:
            for _ in range(rows):
                self.filler += 1
                connection.cursor().execute("INSERT INTO texts (id, c) VALUES (:1, :2)", [self.filler, "filler " * 15000])
                connection.commit()
                if enough():
                    return

    def stop(self):
        for client in self.clients:
            client.stop()
        for client in self.clients:
            if client.ident:
                client.join(60)
        self.daemon.stop()
        self.source.stop()
        self.target.stop()

    def rest(self, seconds=PATIENCE):
        """All clients between two transactions, and none begins another."""
        if self.working_since is not None:
            self.worked, self.working_since = self.worked + time.monotonic() - self.working_since, None
        for client in self.clients:
            client.rest()
        end = time.monotonic() + seconds
        for client in self.clients:
            if client.ident and not client.standing.wait(max(0.1, end - time.monotonic())):
                raise RuntimeError(f"client {client.number} does not come to rest")

    def go_on(self):
        self.working_since = self.working_since or time.monotonic()
        for client in self.clients:
            client.go_on()

    def done(self):
        return sum(client.done for client in self.clients)

    def problems(self):
        return [problem for client in self.clients for problem in client.problems]

    # ---- judgement ----

    def compare(self):
        """Every row of both sides: list of (table, key, source row, target row)."""
        different = []
        rows = 0
        for table, (key, _) in TABLES.items():
            sides = []
            if not key: # as sets in which a row may stand several times
                left, right = (collections.Counter(side.lines(table)) for side in (self.source, self.target))
                rows += left.total()
                different.extend((table, line, left[line], right[line]) for line in left.keys() | right.keys() if left[line] != right[line])
                continue
            for lines in (self.source.lines(table), self.target.lines(table)):
                sides.append({})
                for line in lines:
                    if not line:
                        continue
                    name = "|".join(line.split("|")[:len(key)])
                    if name in sides[-1]:
                        different.append((table, name, "twice", line))
                    sides[-1][name] = line
            rows += len(sides[0])
            for name in sides[0].keys() | sides[1].keys():
                left, right = sides[0].get(name), sides[1].get(name)
                if left != right:
                    different.append((table, name, left, right))
        return rows, different

    def ledger_problems(self, sides=None):
        """What clients were told against what each side holds: (lost, doubled) as lists of texts."""
        lost, doubled = [], []
        for side in sides or (self.source, self.target):
            where = "source" if side is self.source else "target"
            rows = [line.split("|") for line in side.lines("ledger") if line]
            there = {(int(row[0]), int(row[1])) for row in rows}
            for client in self.clients:
                for n, told in client.told.items():
                    if told == workload.ACKED and (client.number, n) not in there:
                        lost.append(f"{where}: client {client.number} transaction {n} was acknowledged and is not there")
                    if told == workload.ABSENT and (client.number, n) in there:
                        doubled.append(f"{where}: client {client.number} transaction {n} was never committed and is there")
            self._sums(side, where, rows, lost, doubled)
        return lost, doubled

    def _sums(self, side, where, rows, lost, doubled):
        def judge(what, is_, should, most=None):
            if is_ < should:
                lost.append(f"{where}: {what} is {is_}, should be {should}")
            elif is_ > (should if most is None else most):
                doubled.append(f"{where}: {what} is {is_}, should be {should if most is None else most}")
        counted = {}
        balance = {i: workload.FIRST_BALANCE * 100 for i in range(1, workload.ACCOUNTS + 1)}
        moves = dict.fromkeys(balance, 0)
        for row in rows:
            if row[2] == "counter":
                counted[int(row[3])] = counted.get(int(row[3]), 0) + 1
            elif row[2] == "transfer":
                amount = round(float(row[5]) * 100)
                for account, change in ((int(row[3]), -amount), (int(row[4]), amount)):
                    balance[account] += change
                    moves[account] += 1
        for line in side.lines("counters"):
            identity, value = map(int, line.split("|"))
            judge(f"counter {identity}", value, counted.get(identity, 0))
        for line in side.lines("accounts"):
            identity, amount, version = line.split("|")
            judge(f"account {identity}'s moves", int(version), moves[int(identity)])
            if round(float(amount) * 100) != balance[int(identity)]:
                lost.append(f"{where}: account {identity} holds {amount}, should hold {balance[int(identity)] / 100}")
        for line in side.lines("hot"):
            identity, n = map(int, line.split("|"))
            acked = sum(client.hot[identity - 1][0] for client in self.clients)
            judge(f"hot row {identity}", n, acked, acked + sum(client.hot[identity - 1][1] for client in self.clients))
