# SPDX-License-Identifier: Apache-2.0
"""The target fails while it is secondary and while it is primary, under the load of a real driver: nothing fails, nothing is lost.
Prints `ok WHAT` and `not ok WHAT: WHY`. Options: --build FOLDER --scratch FOLDER --seed N --rollbacks N --outage SECONDS --ratio TIMES --cuts N --freezes N --pace SECONDS"""
import contextlib
import functools
import http.server
import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import oracledb  # noqa: E402

import suite  # noqa: E402
from suite import comes_true  # noqa: E402
import compare  # noqa: E402
from databases import TARGET_SCHEMA  # noqa: E402
from processes import Process  # noqa: E402
from workload import Clients  # noqa: E402

report = functools.partial(suite.report, always=True)
oracledb.defaults.fetch_lobs = False
CLIENTS = 6


class Webhook:
    """Takes the daemon's alerts, as an operator's pager would."""

    def __init__(self):
        self.taken = []
        taken = self.taken

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def expect(self, what, *wanted):
        """Each (code, status), some time."""
        def missing():
            seen = {(alert["code"], alert["status"]) for alert in self.taken}
            return [one for one in wanted if one not in seen]
        report(comes_true(lambda: not missing()), f"{what}: alerts are told", f"missing {missing()} of {self.taken}" if missing() else ", ".join(f"{code} {status}" for code, status in wanted))
        self.taken.clear()


class World(suite.World):
    rows = [f"INSERT INTO tags (tag_id, name) VALUES ({n}, 'tag {n}')" for n in range(1, 51)] + [f"INSERT INTO client_totals (client_id, slot, total) VALUES (0, {n}, 0)" for n in range(4)]

    def __init__(self, given):
        super().__init__(given)
        self.webhook = Webhook()
        self.settings = {"probation_s": 1, "threshold": 0.9, "sections": {"alerts": {"webhook": self.webhook.url}}}

    def until_status(self, what, condition):
        self.until(what, lambda: condition(self.admin.status()))

    def until_applied(self, what):
        """Until the other side has everything that is committed now; the load may go on."""
        last = self.admin.status()["lag"]["csn"]
        self.until_status(what, lambda status: status["lag"]["applied"] >= last)

    def equal(self, clients, what):
        """Clients stand still, the mirror catches up, both sides are read by their own tools."""
        clients.pause()
        self.until_status("lag 0", lambda status: status["lag"]["records"] == 0 and status["lag"]["in_doubt"] == 0)
        time.sleep(0.3)
        source, target = compare.export_both(self.legacy, self.postgres.conninfo, TARGET_SCHEMA, self.folder / "check")
        result = compare.compare(source, target)
        report(result.equal, f"{what}: both sides are equal", f"{result.rows} rows" if result.equal else "; ".join(result.examples[:5]))
        total = sum(int(row[0]) for row in self.legacy.rows("SELECT total FROM CLIENT_TOTALS", self.legacy.database))
        report(clients.counted() <= total <= clients.counted() + clients.doubtful(), f"{what}: every count is there once",
               f"{total} of {clients.counted()}, {clients.doubtful()} in doubt")
        clients.resume()

    def no_errors(self, clients, what):
        errors = clients.errors()
        report(not errors, f"{what}: no client saw an error", f"{clients.calls()} calls, longest {clients.longest_ms()} ms" if not errors else "; ".join(errors[:5]))


def live_rate(world, clients, seconds):
    """What goes on while both sides are there: the clients' commits and calls a second."""
    began, first, calls = time.monotonic(), world.admin.status()["lag"]["csn"], clients.calls()
    time.sleep(seconds)
    took = time.monotonic() - began
    return (world.admin.status()["lag"]["csn"] - first) / took, (clients.calls() - calls) / took


def catch_up(world, timeout_s):
    """From the moment the mirror moves again until it has caught up, the load going on: commits applied, seconds."""
    before, moved, first = time.monotonic(), None, world.admin.status()["lag"]["applied"]
    end = before + timeout_s
    while time.monotonic() < end:
        world.daemon.process.check()
        now, lag = time.monotonic(), world.admin.status()["lag"]
        if lag["applied"] > first and moved is None:
            moved = before
        if lag["records"] < 20:
            return lag["applied"] - first, now - (moved or now)
        before = now
        time.sleep(0.01)
    raise RuntimeError(f"the mirror does not catch up: not within {timeout_s} s; status {world.admin.status()}")


class Watch(threading.Thread):
    """What grows while the target is away and while the mirror catches up: the daemon's memory, the journal on disk, the time that status takes."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.stopping = world, threading.Event()
        self.memory_mib, self.journal_mib, self.status_ms, self.records = [], [], [], []

    def look(self):
        began = time.monotonic()
        self.records.append(self.world.admin.status()["lag"]["records"])
        self.status_ms.append((time.monotonic() - began) * 1000)
        pages = int(Path(f"/proc/{self.world.daemon.process.pid}/statm").read_text().split()[1])
        self.memory_mib.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
        self.journal_mib.append(sum(file.stat().st_blocks * 512 for file in (self.world.daemon.folder / "journal").iterdir() if file.exists()) / 2**20)

    def run(self):
        while not self.stopping.wait(1):
            try:
                self.look()
            except FileNotFoundError:
                continue  # a segment was removed between two looks

    def end(self, what):
        """At the beginning, the most, at the end."""
        self.stopping.set()
        self.join(20)
        for name, seen in (("memory of the daemon, MiB", self.memory_mib), ("journal on disk, MiB", self.journal_mib), ("records behind", self.records), ("status, ms", self.status_ms)):
            print(f"# {what}: {name}: {seen[0]:.0f}, at most {max(seen):.0f}, {seen[-1]:.0f} at the end", flush=True)


def outage(world, clients, seconds, ratio_wanted):
    """The target is away while the source is primary: clients do not notice, and the mirror catches up while the load goes on, so many times as fast as that or more."""
    watch = Watch(world)
    watch.look()
    watch.start()
    live, calls_per_s = live_rate(world, clients, min(seconds / 2, 10))
    clients.longest_ms()
    before = clients.calls()
    world.postgres.crash()
    time.sleep(seconds)
    during = clients.calls() - before
    # Without a target nothing is mirrored, so that it should be rather more; but the machine may have other work at one time than at the other.
    report(during > seconds * calls_per_s / 4, "the load went on without the target", f"{during} calls in {seconds} s, {calls_per_s:.0f} a second before")
    report(world.admin.status()["lag"]["records"] > 0, "the lag is seen")
    world.postgres.resume()
    began = time.monotonic()
    applied, took = catch_up(world, 180 + seconds)
    watch.end(f"{seconds} s without target")
    mirror = world.admin.status()["mirror"]
    print(f"# caught up {time.monotonic() - began:.1f} s after the target came back; {mirror['lane_batches']} batches over several lanes", flush=True)
    ratio = applied / max(took, 0.02) / live
    report(ratio >= ratio_wanted, f"the mirror catches up at {ratio_wanted:g} times the live rate or more",
           f"live {live:.0f} commits/s; {applied} commits in {took:.2f} s beside it: {applied / max(took, 0.02):.0f}/s, {ratio:.1f} times")
    world.webhook.expect("outage", ("TARGET_UNREACHABLE", "firing"), ("TARGET_UNREACHABLE", "resolved"))
    world.no_errors(clients, f"{seconds} s without target")
    world.equal(clients, f"{seconds} s without target")


def metrics_known(world):
    """Every metric that the rules and the board name is there."""
    there = set(re.findall(r"^understudy_[a-z0-9_]+", world.admin.request("GET", "/metrics", raw=True), re.M))
    named = set()
    for file in (suite.ROOT / "ops").iterdir():
        named |= set(re.findall(r"understudy_[a-z0-9_]+", file.read_text()))
    report(named and named <= there, "the metrics of ops/ are there", f"{len(named)} of {len(there)}" if named <= there else str(sorted(named - there)))


def children_of(lead):
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == lead:
                found.add(int(folder.name))
    return found


def freeze(postgres, frozen):
    """The server neither answers nor closes its connections: what a hung disk or a network that swallows packets looks like. The postmaster first: then it makes no more children."""
    lead = postgres.pid()
    for process in (lead, *children_of(lead)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGSTOP if frozen else signal.SIGCONT)


def load_goes_on(clients, what):
    calls, began = clients.calls(), time.monotonic()
    good = comes_true(clients.all_do_more())
    report(good, f"{what}: the load goes on", f"{clients.calls() - calls} calls in {time.monotonic() - began:.1f} s" if good else f"not every client: {clients.errors()[:5]}")


def rolled_back_by_itself(world, what, began):
    world.until_status("the guard's rollback", lambda status: status["primary"] == "source")
    print(f"# {what}: {(time.monotonic() - began) * 1000:.0f} ms from fault to served by source", flush=True)


def freezes(world, clients, count):
    """The target stops answering while it is primary, with its connections open: the guard rolls back all the same, and what the server still does when it wakes up harms nobody."""
    for number in range(1, count + 1):
        what = f"freeze {number}"
        cut_over(world)
        time.sleep(2)
        clients.longest_ms()
        freeze(world.postgres, True)
        try:
            rolled_back_by_itself(world, what, time.monotonic())
            load_goes_on(clients, what)
            time.sleep(2)
        finally:
            freeze(world.postgres, False)
        time.sleep(2)
        world.no_errors(clients, what)
        world.equal(clients, what)


def freeze_in_canary(world, clients):
    """The target stops answering while it serves all reads: they go to the source, and the guard steps back."""
    what = "freeze in canary"
    up_to_canary(world)
    time.sleep(2)
    clients.longest_ms()
    freeze(world.postgres, True)
    try:
        world.until_status("the guard steps back", lambda status: status["phase"] == "shadow")
        load_goes_on(clients, what)
        time.sleep(2)
    finally:
        freeze(world.postgres, False)
    time.sleep(1)
    longest = clients.longest_ms()
    # The guard gives a target up after 2 s without an answer, a read that waits for it a second later; as much again is for a slow machine. Without the guard it would be the network's minutes.
    report(longest < 8000, f"{what}: no read waits for longer than the guard", f"{longest} ms")
    world.no_errors(clients, what)
    world.equal(clients, what)


def up_to_canary(world):
    phase = world.admin.status()["phase"]
    order = ["observe", "dual-write", "shadow", "canary"]
    for step in order[order.index(phase) + 1:]:
        world.enter(step, **({"percent": 100} if step == "canary" else {}))


def cut_over(world):
    up_to_canary(world)
    world.enter("cutover")


def rollbacks(world, clients, count):
    """The target is away while it is primary: the guard rolls back by itself; then everything once more."""
    for number in range(1, count + 1):
        what = f"rollback {number}"
        cut_over(world)
        time.sleep(2)
        world.no_errors(clients, f"cutover {number}")
        world.postgres.crash()
        rolled_back_by_itself(world, what, time.monotonic())
        time.sleep(1)
        world.postgres.resume()
        time.sleep(1)
        world.webhook.expect(what, ("GUARD_TRIPPED", "event"), ("ROLLED_BACK", "event"), ("GAP_OPEN", "firing"))
        world.no_errors(clients, what)
        world.equal(clients, what)


def held_back(world, blocker, what):
    """The fallback waits for a row that somebody holds, until it is well behind. One row: its batch takes the four in any order, and whoever asks for more than one of them can
    meet it in a deadlock."""
    blocker.cursor().execute("UPDATE client_totals SET slot = slot WHERE client_id = 0 AND slot = 0")
    behind = comes_true(lambda: world.admin.status()["lag"]["records"] > 40)
    report(behind, f"{what}: the fallback waits for a lock", f"{world.admin.status()['lag']['records']} commits behind")


def lost_while_behind(world, clients):
    """The fallback is behind when the target is lost: what had not come back through its stream is brought from the journal."""
    what = "behind"
    cut_over(world)
    with oracledb.connect(**world.driver_arguments(world.legacy.port)) as blocker:
        held_back(world, blocker, what)
        world.postgres.crash()
        began = time.monotonic()
        time.sleep(0.5)
        blocker.rollback()
    rolled_back_by_itself(world, what, began)
    world.postgres.resume()
    time.sleep(1)
    world.no_errors(clients, what)
    world.equal(clients, what)


def refused(world):
    """Open divergences of transactions that the source has refused."""
    return [one for one in world.admin.get("/v1/divergences?status=open") if one["origin"] == "refused"]


def gate_is_closed(world, what, phase):
    problem = world.refusal("/v1/phase", to=phase)
    report(problem is not None and problem.status == 409, f"{what}: the gate is closed", str(problem)[:200] if problem else f"{phase} was entered")


def tag(connection, number, name):
    connection.cursor().execute("INSERT INTO tags (tag_id, name) VALUES (:1, :2)", [number, name])
    connection.commit()


def repaired(world, what, source):
    """The cause is still there: repair says so. It is gone: repair does the transaction again, and both sides have it."""
    status, text = world.daemon.cli("repair")
    report(status == 0 and refused(world), f"{what}: a repair is refused as long as the cause is there", text.strip())
    source.cursor().execute("DELETE FROM tags WHERE tag_id = 9000")
    source.commit()
    status, text = world.daemon.cli("repair")
    report(status == 0 and comes_true(lambda: not refused(world)), f"{what}: repaired from the command line", text.strip())


def refused_by_the_fallback(world, clients):
    """The source refuses what the primary target has acknowledged, as it comes through the stream: it is kept and told, nobody waits, and the stream goes on."""
    what = "refused by the fallback"
    cut_over(world)
    world.webhook.taken.clear()
    with oracledb.connect(**world.driver_arguments(world.legacy.port)) as source, oracledb.connect(**world.driver_arguments(world.daemon.port)) as client:
        tag(source, 9000, "in the way")
        tag(client, 9001, "in the way")
        comes_true(lambda: refused(world))
        found = refused(world)
        report(len(found) == 1 and "9001" in found[0]["target"] and found[0]["source"] == "(no row)", f"{what}: a divergence with both rows", str(found)[:400])
        load_goes_on(clients, f"{what}, and is not repaired")
        world.until_applied("the fallback goes on")
        report(world.admin.status()["primary"] == "target", f"{what}: the target stays primary")
        world.webhook.expect(what, ("WRITE_REFUSED", "firing"), ("DIVERGENCE_OPEN", "firing"))
        gate_is_closed(world, what, "complete")
        repaired(world, what, source)
        cursor = source.cursor()
        cursor.execute("SELECT name FROM tags WHERE tag_id = 9001")
        row = cursor.fetchone()
        report(row == ("in the way",), f"{what}: the write is on the source", str(row))
    world.no_errors(clients, what)


def value_without_a_form(world):
    """The primary target answers with a value that Oracle could not hold: the rows before it are the client's, then an error; never NULL, and the session goes on."""
    what = "a value that Oracle cannot hold"
    source = "SELECT tag_id AS n FROM tags WHERE tag_id < :1 ORDER BY tag_id"
    target = "SELECT CASE WHEN tag_id = 4 THEN 'NaN'::numeric ELSE tag_id END AS n FROM tags WHERE tag_id < $1 ORDER BY tag_id"
    world.admin.post("/v1/overrides", {"source": source, "target": target, "tables": "MEDIA.TAGS", "author": "test", "reason": "test"})
    with oracledb.connect(**world.driver_arguments(world.daemon.port)) as client:
        cursor = client.cursor()
        cursor.prefetchrows, cursor.arraysize = 2, 1
        rows, code = [], None
        try:
            cursor.execute(source, [10])
            for row in cursor:
                rows.append(row)
        except oracledb.DatabaseError as problem:
            code = problem.args[0].code
        report(code == 1426 and rows == [(1,), (2,), (3,)], f"{what}: the rows before it, then ORA-01426", f"{rows}, {code}")
        cursor.execute("SELECT name FROM tags WHERE tag_id = 2")
        row = cursor.fetchone()
        report(row == ("tag 2",), f"{what}: the session goes on", str(row))
    lost = re.search(r"^understudy_values_lost_total (\d+)$", world.admin.text("/metrics"), re.M)
    report(lost and lost[1] == "1", f"{what}: it is counted", lost and lost[1])


def refused_at_a_rollback(world, clients):
    """The target is lost, and the source refuses one of the transactions that are brought there from the journal: the others are, and the clients are served."""
    what = "refused at a rollback"
    with oracledb.connect(**world.driver_arguments(world.legacy.port)) as source, oracledb.connect(**world.driver_arguments(world.legacy.port)) as blocker, \
            oracledb.connect(**world.driver_arguments(world.daemon.port)) as client:
        held_back(world, blocker, what)
        tag(source, 9000, "once more")
        tag(client, 9002, "once more")
        client.cursor().execute("UPDATE tags SET uses = uses + 7 WHERE tag_id = 50")
        client.commit()
        clients.longest_ms()
        world.postgres.crash()
        began = time.monotonic()
        time.sleep(0.5)
        blocker.rollback()
        rolled_back_by_itself(world, what, began)
        found = refused(world)
        report(len(found) == 1 and "9002" in found[0]["target"] and "ORA-00001" in found[0]["reason"], f"{what}: a divergence with both rows", str(found)[:400])
        cursor = source.cursor()
        cursor.execute("SELECT uses FROM tags WHERE tag_id = 50")
        uses = cursor.fetchone()
        report(uses == (7,), f"{what}: the transaction after it is there", str(uses))
        report(any(gap["table"] == "TAGS" for gap in world.admin.get("/v1/gaps")), f"{what}: its table is in a gap")
        world.postgres.resume()
        world.until_applied("the target is back")
        world.work("verify")
        time.sleep(1)
        report(len(refused(world)) == 1, f"{what}: that both sides are equal does not close it")
        gate_is_closed(world, what, "shadow")
        repaired(world, what, source)
        cursor.execute("SELECT name FROM tags WHERE tag_id = 9002")
        row = cursor.fetchone()
        report(row == ("once more",), f"{what}: the write is on the source", str(row))
    world.no_errors(clients, what)
    world.equal(clients, what)


def cuts(world, clients, count):
    """Connections to the primary target are cut one by one: transactions end as with Oracle, nothing is lost or doubled; then back in order."""
    cut_over(world)
    clients.tolerate(True)
    for _ in range(count):
        world.postgres.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'understudy' AND backend_type = 'client backend' "
                            "ORDER BY random() LIMIT 4")
        time.sleep(0.7)
    what = f"{count} cuts"
    load_goes_on(clients, what)  # a commit in doubt is waited for, some seconds
    time.sleep(2)
    report(world.admin.status()["primary"] == "target", f"{what}: the target is still primary", str(world.admin.status()["primary"]))
    world.no_errors(clients, what)
    print(f"# {what}: {clients.rolled_back()} transactions rolled back, {clients.doubtful()} in doubt", flush=True)
    clients.tolerate(False)
    asked = ("phase", "dual-write", "--author", "test", "--reason", "in order")
    status, text = world.daemon.cli(*asked, "--dry-run")
    report(status == 0 and text.startswith("shadow"), f"{what}: a rollback in order will end in shadow, and says so", text)
    status, text = world.daemon.cli(*asked)
    now = world.admin.status()
    report(status == 0 and now["primary"] == "source", f"{what}: a rollback in order", text)
    report("phase shadow" in text and now["phase"] == "shadow", f"{what}: the answer names the phase in which it ended", f"{text} {now['phase']}")
    world.equal(clients, what)


def dry_runs(world):
    """Every verb that changes something can be tried: it says what it would do, and nothing is changed, not even the audit log."""
    one = world.admin.get("/v1/statements")[0]["fingerprint"]
    override = ("override", "add", "--source", "SELECT NAME FROM TAGS WHERE TAG_ID = :1", "--target", "SELECT name FROM tags WHERE tag_id = $1")

    def seen():
        return [world.admin.get(path) for path in ("/v1/audit", "/v1/overrides", "/v1/work")] + [world.admin.status()["phase"]]
    before = seen()
    for verb in (("backfill",), ("verify",), ("repair",), ("users", "import"), ("waive", one, "--reason", "none"), override):
        status, text = world.daemon.cli(*verb, "--dry-run")
        report(status == 0, f"{verb[0]} --dry-run", text.strip())
    report(seen() == before, "a dry run changes nothing", f"{seen()} and {before}"[:300] if seen() != before else "")


def restart(world):
    """What was measured outlives the process: statements, comparisons, rows, a waiver."""
    one = world.admin.get("/v1/statements")[0]["fingerprint"]
    status, text = world.daemon.cli("waive", one, "--author", "test", "--reason", "in the test")
    report(status == 0, "a waiver from the command line", text.strip())
    kept = ("executions", "relayed", "served", "comparable", "equal", "divergent", "demoted", "waived")

    def evidence():
        return ({statement["fingerprint"]: [statement[name] for name in kept] for statement in world.admin.get("/v1/statements")},
                [world.admin.status()[part][name] for part, name in (("consistency", "equal"), ("rows", "compared"), ("rows", "bound"))],
                float(re.search(r"^understudy_guard_baseline_seconds (\S+)$", world.admin.text("/metrics"), re.M)[1]))
    seen = [None, evidence()]  # what the clients did last is compared until two looks say the same

    def at_rest():
        time.sleep(1)
        seen[:] = [seen[1], evidence()]
        return seen[0] == seen[1]
    comes_true(at_rest)
    before = seen[1]
    world.daemon.stop()
    world.daemon.start()
    after = evidence()
    report(before == after and before[0][one][-1] and before[2] > 0, "what was measured is there after a restart",
           f"{len(before[0])} statements, {before[1]}, the guard's baseline {before[2]} s" if before == after else f"{before} then {after}"[:600])


def started_without_source(world):
    """The daemon is killed while the target is primary, and starts while the source is away: when that is back, what is acknowledged from then on comes there too."""
    what = "a start without the source"
    cut_over(world)
    world.daemon.process.kill()
    world.legacy.server.kill()
    world.daemon.start()
    time.sleep(2)
    world.legacy.server = Process("standin-server", world.legacy.command(), world.legacy.logs / "standin-again.log")
    found, written, began = None, False, time.monotonic()
    while found is None and time.monotonic() < began + suite.PATIENCE:
        time.sleep(0.2)
        try:
            if not written:
                with oracledb.connect(**world.driver_arguments(world.daemon.port)) as client:
                    tag(client, 9003, "after the start")
                written = True
            with oracledb.connect(**world.driver_arguments(world.legacy.port)) as source:
                cursor = source.cursor()
                cursor.execute("SELECT name FROM tags WHERE tag_id = 9003")
                found = cursor.fetchone()
        except oracledb.Error:
            continue
    report(written and found == ("after the start",), f"{what}: the write comes back to the source", f"{found}, {time.monotonic() - began:.1f} s")
    on_target = world.postgres.rows(f"SELECT name FROM {TARGET_SCHEMA}.tags WHERE tag_id = 9003")
    report(on_target == [["after the start"]], f"{what}: and is on the target", str(on_target))


def work(world, options):
    world.start_databases()
    world.start_daemon()
    clients = Clients(CLIENTS, world.driver_arguments(world.daemon.port), options.seed, options.pace)
    clients.start()
    time.sleep(1)
    metrics_known(world)
    world.enter("dual-write")
    world.work("backfill")
    if options.outage:
        outage(world, clients, options.outage, options.ratio)
    if options.rollbacks:
        rollbacks(world, clients, options.rollbacks)
    if options.rollbacks:
        lost_while_behind(world, clients)
        refused_by_the_fallback(world, clients)
        value_without_a_form(world)
        refused_at_a_rollback(world, clients)
    if options.freezes:
        freeze_in_canary(world, clients)
        freezes(world, clients, options.freezes)
    if options.cuts:
        cuts(world, clients, options.cuts)
    clients.stop()
    world.no_errors(clients, "the end")
    dry_runs(world)
    restart(world)
    if options.rollbacks:
        started_without_source(world)


if __name__ == "__main__":
    given = suite.options(__doc__, seed="1", rollbacks=2, outage=20, ratio=3.0, cuts=10, pace=0.01, freezes=1)
    sys.exit(suite.run(World(given), lambda world: work(world, given)))
