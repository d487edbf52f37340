# SPDX-License-Identifier: Apache-2.0
"""Stages in which something breaks: the journal's disk, the journal itself, the target's disk and speed; and transactions that end without a COMMIT of the client."""
import contextlib
import os
import shutil
import subprocess
import time

import oracledb
import stages
import workload
from proxy import Proxy
from world import PATIENCE, run, servers

SECTOR = 512


# ---- disks: small file systems on memory, which root may mount ----

class Disk:
    """A file system of a given size. Its end is in `remove`; what is mounted is never left behind."""

    def __init__(self, folder):
        self.folder, self.loop, self.under = folder, None, None
        folder.mkdir(parents=True, exist_ok=True)

    def small(self, size):
        run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", self.folder])
        return self

    def grow(self, size):
        run(["mount", "-o", f"remount,size={size}", self.folder])

    def failing(self, size):
        """A block device whose storage runs out under it: from then on a write of a block that was never written fails when it is synced (EIO), as on a disk that dies."""
        self.under = Disk(self.folder.with_name(self.folder.name + "-under")).small(size)
        image = self.under.folder / "image"
        with open(image, "wb") as file:
            file.truncate(256 << 20)
        self.loop = run(["losetup", "--find", "--show", image])
        run(["mkfs.ext2", "-q", "-F", self.loop])
        run(["mount", self.loop, self.folder])
        return self

    def break_it(self):
        filler = self.under.folder / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass

    def mend(self):
        (self.under.folder / "filler").unlink()

    def remove(self):
        subprocess.run(["umount", str(self.folder)], check=False, capture_output=True)
        if self.loop:
            subprocess.run(["losetup", "-d", self.loop], check=False, capture_output=True)
        if self.under:
            self.under.remove()


def may_mount():
    return os.geteuid() == 0 and shutil.which("losetup") is not None and os.path.exists("/dev/loop-control")


def skip(torture, stage, why):
    torture.skipped.append(stage)
    torture.tell(f"  SKIPPED {stage}: {why}")


def move_journal(world, to):
    """The daemon stops; its journal goes on in another folder. The other one is small: what is applied is given up before."""
    daemon = world.daemon
    source = daemon.journal
    daemon.retain = daemon.RETAIN if to == daemon.folder / "journal" else "2M"
    daemon.start_with()
    end = time.monotonic() + PATIENCE
    while daemon.retain != daemon.RETAIN and sum(file.stat().st_size for file in source.iterdir() if file.is_file()) > 6000000 and time.monotonic() < end:
        time.sleep(0.5)
    daemon.stop()
    for name in os.listdir(source):
        if os.path.isfile(source / name):
            shutil.copy2(source / name, to / name)
    if source == daemon.folder / "journal":
        shutil.rmtree(source)
    daemon.journal = to
    daemon.configure()
    daemon.start()
    daemon.wait_up()


def journal_back(world):
    home = world.daemon.folder / "journal"
    home.mkdir(mode=0o700, exist_ok=True)
    move_journal(world, home)


def failures(world):
    """What the journal itself counts."""
    return world.daemon.request("GET", "/v1/status")["journal"]


def more_is_done(world, than):
    with contextlib.suppress(RuntimeError):
        servers.wait_for(lambda: world.done() > than, PATIENCE, "a transaction")
    return world.done() > than


def settle(torture, name, verify=True):
    """It is told that something may be missing, and after a sweep and a repair nothing is."""
    world = torture.world
    world.rest()
    world.daemon.wait_caught_up()
    gaps = [gap for gap in world.daemon.request("GET", "/v1/gaps") if not gap["cleared_us"]]
    torture.check(f"{name}: the ledger of gaps says so", bool(gaps))
    if verify:
        stages.verify_and_repair(world)
        world.daemon.work("verify", restart=True)
    torture.judge(name)
    world.go_on()


def journal_full(torture):
    """the journal's disk is full because the target is away: the clients go on, a gap is left, it mends by itself"""
    world, short = torture.world, torture.arguments.short
    if not may_mount():
        return skip(torture, "journal_full", "a file system cannot be mounted here")
    disk = Disk(world.folder / "small-disk").small("12m")
    try:
        move_journal(world, disk.folder)
        world.target.crash()
        world.fill(400, lambda: failures(world)["failed"])
        torture.check("journal full: the journal says that it failed", failures(world)["failed"], str(failures(world)))
        done = world.done()
        time.sleep(2 if short else 10)
        torture.check("journal full: the clients go on", more_is_done(world, done))
        world.target.resume()
        servers.wait_for(lambda: not failures(world)["failed"], PATIENCE, "the journal to be written again")
        settle(torture, "journal full")
        journal_back(world)
    finally:
        stop_on(world, disk)


def stop_on(world, disk):
    """Whatever happened: nothing of the daemon stands on a disk that goes."""
    if world.daemon.journal == disk.folder:
        world.daemon.kill()
        world.daemon.journal = world.daemon.folder / "journal"
        world.daemon.configure()
    disk.remove()


def journal_errors(torture):
    """writes and syncs of the journal fail with EIO; while it fails the daemon is killed once; it mends"""
    world, daemon, short = torture.world, torture.world.daemon, torture.arguments.short
    if not may_mount():
        return skip(torture, "journal_errors", "a block device cannot be made here")
    disk = Disk(world.folder / "failing-disk").failing("48m")
    try:
        move_journal(world, disk.folder)
        for round_ in range(2 if short else 3):
            disk.break_it()
            world.fill(200, lambda: failures(world)["failures"] or failures(world)["failed"]) # until a new segment is needed
            torture.check(f"journal errors, round {round_ + 1}: the journal says that it failed", failures(world)["failures"] > 0, str(failures(world)))
            done = world.done()
            time.sleep(1.5 if short else 5)
            torture.check(f"journal errors, round {round_ + 1}: the clients go on", more_is_done(world, done))
            if round_ % 2:
                daemon.kill()
                torture.figures["kills"] += 1
            disk.mend()
            if round_ % 2:
                daemon.start()
                daemon.wait_up()
            servers.wait_for(lambda: not failures(world)["failed"], PATIENCE, "the journal to be written again")
            # A process that is killed while its disk fails takes what it knew of refused records with it (docs/journal.md): the sweep is the operator's.
            settle(torture, f"journal errors, round {round_ + 1}") if not round_ % 2 else swept(torture, f"journal errors, round {round_ + 1}")
        journal_back(world)
    finally:
        stop_on(world, disk)


def swept(torture, name):
    world = torture.world
    world.rest()
    world.daemon.wait_caught_up()
    torture.figures["reported_rows"] += len(stages.verify_and_repair(world))
    world.daemon.work("verify", restart=True)
    torture.judge(name)
    world.go_on()


# ---- the journal's own bytes ----

def segments(world):
    return sorted(path for path in world.daemon.journal.glob("*.journal") if path.name[0].isdigit())


def groups(path):
    """(offset, size, records) of the groups that stand in a segment: docs/journal.md."""
    data, found, at = path.read_bytes(), [], SECTOR
    while at + SECTOR <= len(data) and data[at + 8:at + 12] == b"GRP1":
        size, count = int.from_bytes(data[at + 12:at + 16], "little"), int.from_bytes(data[at + 24:at + 28], "little")
        found.append((at, size, count))
        at += size
    return found


def torn_tails(torture):
    """the power goes while a group is written: a part of it is on the disk. It was acknowledged to nobody"""
    world, daemon, short = torture.world, torture.world.daemon, torture.arguments.short
    torn = 0
    for _ in range(3 if short else 25):
        daemon.kill()
        daemon.start(f"journal_written:{torture.random.randint(20, 120)}")
        if not daemon.wait_death(60):
            continue
        torture.figures["kills"] += 1
        path = segments(world)[-1]
        at, size, _ = groups(path)[-1]
        with open(path, "r+b") as file: # its last sectors never arrived, or one in the middle did not, or half of one
            kind = torture.random.randint(0, 2)
            first = at + SECTOR * torture.random.randrange(size // SECTOR)
            if kind == 0:
                file.truncate(at + torture.random.randrange(size))
            elif kind == 1:
                file.seek(first)
                file.write(bytes(at + size - first))
            else:
                file.seek(at + size - SECTOR // 2)
                file.write(bytes(SECTOR // 2))
        torn += 1
        daemon.start()
        daemon.wait_up()
        time.sleep(0.3)
    torture.check(f"torn tails: {torn} were made", torn >= (2 if short else 15))
    torture.judge("torn tails")
    world.go_on()


def flipped_bit(torture):
    """a bit of an acknowledged record is flipped: the daemon refuses to start and says where; the repair leaves a gap over all tables"""
    world, daemon = torture.world, torture.world.daemon
    for _ in range(1 if torture.arguments.short else 3):
        world.target.crash()
        time.sleep(1.5)
        daemon.kill()
        world.target.resume()
        path = segments(world)[-1]
        known = [group for group in groups(path) if group[2]]
        at, _, _ = known[len(known) // 2]
        with open(path, "r+b") as file:
            file.seek(at + 32 + 8)
            size = int.from_bytes(file.read(4), "little") # of its first record; what stands behind the last one is only filler
            place = at + 32 + torture.random.randrange(size)
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << torture.random.randrange(8)]))
        daemon.start()
        refused = daemon.wait_death(60)
        words = daemon.process.tail()
        torture.check("flipped bit: the daemon does not start", refused and daemon.process.child.returncode != 0)
        torture.check("flipped bit: it says which file, and what to do", path.name in words and "journal repair" in words, words[-400:])
        status, text = daemon.cli("journal", "verify")
        torture.check("flipped bit: verify finds it", status != 0 and "DAMAGED" in text, text)
        status, text = daemon.cli("journal", "repair", "--dry-run")
        torture.check("flipped bit: the repair tells what it would do", status == 0 and "would set aside" in text, text)
        status, text = daemon.cli("journal", "repair")
        torture.check("flipped bit: the journal is repaired", status == 0 and "set aside" in text, text)
        daemon.start()
        daemon.wait_up()
        settle(torture, "flipped bit")


def journal_lost(torture):
    """the journal's folder is lost, or an older copy is put back, while the target is away: no number is given again, a gap says so"""
    world, daemon = torture.world, torture.world.daemon
    for round_ in range(2 if torture.arguments.short else 4):
        name = f"journal lost, round {round_ + 1}"
        copy = world.folder / "older-copy"
        if round_ % 2:
            daemon.stop()
            shutil.copytree(daemon.journal, copy)
            daemon.start()
            daemon.wait_up()
            time.sleep(2)
        world.target.crash()
        time.sleep(1)
        daemon.kill()
        before = daemon.log_count("event=journal.lost")
        shutil.rmtree(daemon.journal)
        if round_ % 2:
            shutil.move(copy, daemon.journal)
        daemon.start()
        daemon.wait_up()
        torture.check(f"{name}: the start knows it", daemon.log_count("event=journal.lost") == before + 1)
        time.sleep(2)
        world.target.resume()
        settle(torture, name)


# ---- the target ----

def target_disk_full(torture):
    """the target's disk is full: really, a tablespace of a few MiB"""
    world, target = torture.world, torture.world.target
    if not may_mount():
        return skip(torture, "target_disk_full", "a file system cannot be mounted here")
    disk = Disk(world.folder / "target-disk").small("4m")
    try:
        shutil.chown(disk.folder, "postgres", "postgres")
        target.rows(f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
        target.rows(f"CREATE TABLE {servers.TARGET_SCHEMA}.room (t text) TABLESPACE small")
        target.execute("ALTER TABLE room ALTER t SET STORAGE EXTERNAL")
        target.execute("ALTER TABLE ledger SET TABLESPACE small; ALTER INDEX ledger_pk SET TABLESPACE small")
        for size in (100000, 10000, 1000): # whatever is left
            for _ in range(400):
                try:
                    target.execute(f"INSERT INTO room SELECT string_agg(md5(i::text), '') FROM generate_series(1, {size // 32}) i")
                except RuntimeError:
                    break
        seen = False
        for _ in range(100 if torture.arguments.short else 300):
            time.sleep(0.1)
            seen = seen or "No space left" in str(world.daemon.status()["mirror"])
        torture.check("target's disk full: the mirror meets it and says so", seen, str(world.daemon.status()["mirror"]))
        disk.grow("200m")
        torture.judge("target's disk full")
        target.execute("ALTER TABLE ledger SET TABLESPACE pg_default; ALTER INDEX ledger_pk SET TABLESPACE pg_default; DROP TABLE room")
        target.rows("DROP TABLESPACE small")
        world.go_on()
    finally:
        disk.remove()


def slow_target(torture):
    """the target answers late: the clients do not feel it, the mirror folds and catches up"""
    world, daemon = torture.world, torture.world.daemon
    fields = dict(part.split("=") for part in world.target.conninfo.split())
    proxy = Proxy(int(fields["port"]), torture.arguments.seed)
    proxy.delay = 0.03
    daemon.start_with(target={"conninfo": f"host=127.0.0.1 port={proxy.port} user={fields['user']} dbname={fields['dbname']} options='-c search_path={servers.TARGET_SCHEMA}'"})
    time.sleep(3 if torture.arguments.short else 30)
    torture.judge("slow target")
    daemon.start_with()
    proxy.stop()
    world.go_on()


def constraint_comes_and_goes(torture):
    """a unique key of the target is dropped and made again under load, a column gets a constraint that holds"""
    world, target = torture.world, torture.world.target
    for _ in range(2 if torture.arguments.short else 10):
        target.execute("ALTER TABLE slots DROP CONSTRAINT slots_code_uk")
        time.sleep(0.5)
        target.execute("ALTER TABLE slots ADD CONSTRAINT slots_code_uk UNIQUE (code)")
        target.execute("ALTER TABLE counters ADD CONSTRAINT not_below CHECK (value >= 0)")
        time.sleep(0.5)
        target.execute("ALTER TABLE counters DROP CONSTRAINT not_below")
    torture.judge("constraint comes and goes")
    world.go_on()


# ---- transactions that end without a COMMIT of the client ----

class Ending:
    """One more client, without a thread, with a ledger of its own kind."""

    def __init__(self, world, number, seed):
        self.world, self.client = world, workload.Client(number, world, seed)
        world.clients.append(self.client)
        self.client.standing.over()
        self.branches = 0
        self.connect()

    def counted(self):
        """A row in the ledger and a counter; whether it came through: the others lock the same rows."""
        client = self.client
        try:
            which = client.random.randint(1, workload.COUNTERS)
            client.enter("counter", which)
            client.execute("UPDATE counters SET value = value + 1 WHERE id = :1", which)
            return True
        except oracledb.Error as problem:
            if workload.code_of(problem) not in workload.EXPECTED:
                raise
            return False

    def work(self, then, told=workload.ACKED):
        """A transaction with a row in the ledger and a counter, ended by `then`."""
        client = self.client
        for _ in range(50):
            if self.counted():
                break
            client.connection.rollback()
        client.told[client.n] = workload.DOUBT
        then(client)
        client.told[client.n] = told
        client.done += 1

    def branch(self, then, told=workload.ACKED):
        """The same as a branch of a distributed transaction; `then` ends it."""
        client, connection = self.client, self.client.connection
        for _ in range(50):
            self.branches += 1
            xid = connection.xid(7, f"torture {self.branches}", "branch")
            connection.tpc_begin(xid, oracledb.TPC_BEGIN_NEW, 30)
            if self.counted():
                break
            connection.tpc_end(xid)
            connection.tpc_rollback(xid)
        connection.tpc_end(xid)
        client.told[client.n] = workload.DOUBT
        then(connection, xid)
        client.told[client.n] = told
        client.done += 1

    def connect(self):
        self.client.connection = self.world.through()
        self.client.cursor = self.client.connection.cursor()

    def end(self):
        self.client.connection.close()
        self.client.connection = None


def refused(client, text):
    try:
        client.execute(text)
    except oracledb.Error:
        return
    raise RuntimeError(f"{text} was not refused")


def strict(torture, name, but=()):
    """Nothing that was recorded in those transactions may differ, whatever the ledger of gaps says."""
    world = torture.world
    world.rest()
    world.daemon.wait_caught_up()
    different = [row for row in world.compare()[1] if row[0] not in but]
    lost, doubled = world.ledger_problems()
    torture.check(f"{name}: rows are equal before any sweep", not different, str(different[:4]))
    torture.check(f"{name}: nothing is lost or doubled before any sweep", not lost and not doubled, "; ".join((lost + doubled)[:4]))


def blocks(torture):
    """PL/SQL blocks with COMMIT or ROLLBACK inside, in open transactions"""
    world = torture.world
    ending = Ending(world, 90, torture.arguments.seed)
    for number in range(60):
        ending.client.execute("INSERT INTO churn (id, note) VALUES (:1, 'for blocks')", -1 - number)
    ending.client.connection.commit()
    # rows of churn that no other client touches: it must not wait while it holds a counter
    commits = "BEGIN UPDATE churn SET note = 'block' WHERE id = :1; COMMIT; END;"
    for number in range(5 if torture.arguments.short else 60):
        ending.work(lambda client, n=number: client.execute(commits, -1 - n))
        ending.work(lambda client, n=number: (client.execute(commits, -1 - n), client.connection.rollback()))
        ending.work(lambda client: client.execute("BEGIN ROLLBACK; END;"), workload.ABSENT)
        ending.work(lambda client: (client.execute("BEGIN ROLLBACK; END;"), client.connection.commit()), workload.ABSENT)
    time.sleep(0.5)
    ending.end()
    strict(torture, "blocks", ("churn",))
    world.go_on()
    settle(torture, "blocks")


def _two_phases(connection, xid):
    if not connection.tpc_prepare(xid):
        raise RuntimeError("a branch that has written needs no commit")
    connection.tpc_commit(xid)


def _prepared_and_undone(connection, xid):
    connection.tpc_prepare(xid)
    connection.tpc_rollback(xid)


def branches(torture):
    """branches of distributed transactions: in one phase, in two, undone, and committed by somebody else when the daemon is gone: nobody here sees when, and says so"""
    world, daemon = torture.world, torture.world.daemon
    ending = Ending(world, 92, torture.arguments.seed)

    def elsewhere(connection, xid):
        connection.tpc_prepare(xid)
        daemon.kill()
        torture.figures["kills"] += 1
        with world.direct() as other:
            other.tpc_commit(xid)
        daemon.start()
        daemon.wait_up()
        ending.connect()
    for _ in range(4 if torture.arguments.short else 40):
        ending.branch(lambda connection, xid: connection.tpc_commit(xid, one_phase=True))
        ending.branch(_two_phases)
        ending.branch(lambda connection, xid: connection.tpc_rollback(xid), workload.ABSENT)
        ending.branch(_prepared_and_undone, workload.ABSENT)
        ending.work(lambda client: client.connection.commit()) # and one that is not, on the same session
    ending.branch(elsewhere)
    ending.end()
    world.rest()
    daemon.wait_caught_up()
    lost, doubled = world.ledger_problems((world.source,))
    torture.check("branches: nothing is lost or doubled on the source", not lost and not doubled, "; ".join((lost + doubled)[:4]))
    torture.check("branches: every table is in a gap", any(gap["table"] == "*" and not gap["cleared_us"] for gap in daemon.request("GET", "/v1/gaps")))
    world.go_on()
    settle(torture, "branches")


def ddl(torture):
    """DDL in open transactions: it commits them, also when it fails; what could not be read does not"""
    world = torture.world
    ending = Ending(world, 91, torture.arguments.seed)
    for number in range(3 if torture.arguments.short else 20):
        ending.work(lambda client, n=number: client.execute(f"CREATE TABLE scratch_{n} (id NUMBER(9) PRIMARY KEY)"))
        ending.work(lambda client, n=number: (refused(client, f"CREATE TABLE scratch_{n} (id NUMBER(9))"), client.connection.rollback()), workload.DOUBT)
        ending.work(lambda client, n=number: (refused(client, "CREATE TABLE scratch (id NUMBERR NUMBER)"), client.connection.rollback()), workload.DOUBT)
        ending.work(lambda client, n=number: client.execute(f"DROP TABLE scratch_{n}"))
    ending.end()
    strict(torture, "ddl")
    world.go_on()
    settle(torture, "ddl")
