# SPDX-License-Identifier: Apache-2.0
"""What is done to the product, stage by stage."""
import contextlib
import time

import corruption
from proxy import Proxy
from world import PATIENCE, fault_points, servers

# Points that only come up when somebody provokes them.
PROVOKED = {"gap_ledger", "mirror_careful", "reconcile_horizon", "reconcile_committed", "backfill_read", "backfill_written", "backfill_committed", "divergence_found"}
AT_START = {"start_recovered", "start_positioned"}
# The hit is drawn from 1 to this; the rare ones come but now and then.
FREQUENT = {"reply_sent": 400, "commit_answered": 60, "dml_answered": 80, "dml_queued": 80}
LANES = {"lanes_sent": 3, "lane_committing": 3, "lanes_committed": 3}  # they need a backlog
RARE = {"journal_segment": 1, "mirror_released": 2, **LANES}


def prepare(torture):
    """mirroring begins, what was there is copied and compared"""
    world = torture.world
    world.daemon.phase("dual-write")
    world.daemon.work("backfill")
    world.daemon.work("verify")
    rows, different = world.compare()
    torture.check(f"prepare: {rows} rows are equal after the backfill", not different, "; ".join(map(str, different[:8])))
    for client in world.clients:
        client.start()
    world.working_since = time.monotonic()


def calm(torture):
    """conflicting transactions, nothing else happens"""
    time.sleep(3 if torture.arguments.short else 120)
    torture.judge("calm")
    torture.tell(f"  {torture.world.done()} transactions")
    torture.world.go_on()


def kills(torture):
    """kill -9 at every fault point that comes by itself"""
    points = [name for name in fault_points() if name not in PROVOKED and (not torture.arguments.point or name in torture.arguments.point)]
    _kill_rounds(torture, "kills", points, lambda point: _provoke(torture.world, point))


def provoked_kills(torture):
    """kill -9 at the fault points of backfill, repair and trouble, which are provoked"""
    world = torture.world
    points = [name for name in PROVOKED if not torture.arguments.point or name in torture.arguments.point]
    _kill_rounds(torture, "provoked kills", points, lambda point: _provoke(world, point))
    world.target.execute("ALTER TABLE slots DROP CONSTRAINT IF EXISTS in_the_way")
    _settle_findings(torture, "provoked kills")


def _kill_rounds(torture, name, points, provoke):
    world, daemon = torture.world, torture.world.daemon
    hits = torture.arguments.hits or (1 if torture.arguments.short else 20)
    points, began = sorted(points), time.monotonic()
    for round_ in range(hits):
        torture.random.shuffle(points)
        for point in points:
            _one_kill(torture, point, provoke)
        torture.progress(name, (round_ + 1) * len(points), hits * len(points), began)
        if round_ % 5 != 4 and round_ != hits - 1:
            continue
        daemon.start()
        daemon.wait_up()
        if name == "kills":
            torture.judge(f"{name}, round {round_ + 1}")
            world.go_on()
        if round_ != hits - 1:
            daemon.kill()
    missed = [point for point in points if torture.hits.get(point, 0) < hits]
    torture.check(f"{name}: every point was hit {hits} times", not missed, ", ".join(f"{point} {torture.hits.get(point, 0)}" for point in missed))


def _one_kill(torture, point, provoke):
    """Starts the daemon so that it dies at the point; a few tries, with a smaller hit each time."""
    daemon = torture.world.daemon
    daemon.kill()
    most = 1 if point in AT_START or point in PROVOKED else RARE.get(point, FREQUENT.get(point, 12))
    for seconds in (10, 20, 40):
        daemon.start(f"{point}:{torture.random.randint(1, most)}")
        if point in PROVOKED or point in RARE:
            _provoked(daemon, lambda: provoke(point))
        died = daemon.wait_death(seconds)
        while torture.world.after_death:
            torture.world.after_death.pop()()
        if died:
            where = daemon.died_at()
            if where != point:
                raise RuntimeError(f"the daemon died at {where}, not at {point}")
            torture.hits[point] = torture.hits.get(point, 0) + 1
            torture.figures["kills"] += 1
            torture.figures["fault_points"] = len(torture.hits)
            return
        torture.tell(f"  {point} was not reached in {seconds} s")
        daemon.kill()
        torture.figures["kills"] += 1
        most = 1


def _provoked(daemon, provoke):
    """The daemon may die while it is asked: that is what is wanted."""
    try:
        daemon.wait_up()
        provoke()
    except Exception:  # pylint: disable=broad-except  # drivers and http.client say many things when a server dies
        if not daemon.wait_death(5):
            raise


def _provoke(world, point):
    daemon, target = world.daemon, world.target
    if point.startswith("backfill_"):
        daemon.request("POST", "/v1/backfill", {"author": "torture", "restart": True})
    elif point == "mirror_careful":
        target.execute("ALTER TABLE slots DROP CONSTRAINT IF EXISTS in_the_way; UPDATE slots SET code = 'code 3' WHERE id = 9 AND NOT EXISTS (SELECT 1 FROM slots WHERE code = 'code 3')")
        target.execute("ALTER TABLE counters DROP CONSTRAINT IF EXISTS in_the_way; ALTER TABLE counters ADD CONSTRAINT in_the_way CHECK (value < 0) NOT VALID")
        world.after_death.append(lambda: target.execute("ALTER TABLE counters DROP CONSTRAINT IF EXISTS in_the_way"))
    elif point in LANES:  # the mirror waits for a while, and then has much to do at once
        target.execute("BEGIN; LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT")
    elif point in RARE:  # a segment is filled
        world.fill(12)
    elif point == "gap_ledger":
        connection = world.through()
        connection.cursor().execute("BEGIN UPDATE churn SET note = 'block' WHERE id = 1; UPDATE churn SET note = 'block' WHERE id = 2; COMMIT; END;")
    else: # something to find, and to repair
        target.execute("UPDATE texts SET c = c || '!' WHERE id = (SELECT min(id) FROM texts WHERE c NOT LIKE '%!')")
        daemon.work("verify", restart=True)
        daemon.request("POST", "/v1/repair", {"divergences": "all", "author": "torture"})


def _settle_findings(torture, name):
    """Verify, repair, verify again: what was damaged on purpose is found and made good."""
    world = torture.world
    world.rest()
    world.daemon.wait_caught_up()
    verify_and_repair(world)
    world.daemon.work("verify", restart=True)
    torture.judge(name)
    left = _open(world)
    torture.check(f"{name}: nothing is open after the repair", not left, str(left[:4]))
    world.go_on()


def _open(world):
    return world.daemon.request("GET", "/v1/divergences?status=open")


def verify_and_repair(world):
    world.daemon.work("verify", restart=True)
    found = _open(world)
    if any(row["table"].upper().endswith("PLAIN") for row in found): # without a key it is copied again as a whole
        world.daemon.work("backfill", restart=True, table="PLAIN")
        world.daemon.work("verify", restart=True, table="PLAIN")
    for _ in range(20):
        if not _open(world):
            break
        world.daemon.request("POST", "/v1/repair", {"divergences": "all", "author": "torture"})
        time.sleep(0.3)
    return found


def no_findings(torture):
    """a sweep over equal databases finds nothing"""
    world = torture.world
    world.rest()
    world.daemon.wait_caught_up()
    before = len(_open(world))
    world.daemon.work("verify", restart=True)
    found = _open(world)
    torture.figures["false_findings"] += len(found)
    torture.check("no findings: the sweep has none", not found, f"{before} before; " + "; ".join(str((row["table"], row["key"], row["reason"])) for row in found[:5]))
    world.go_on()


def target_trouble(torture):
    """the target is stopped, cut off, blocked, full, and refuses rows; no client sees it"""
    world, target, short = torture.world, torture.world.target, torture.arguments.short
    for _ in range(1 if short else 5):
        target.crash()
        time.sleep(1 if short else 5)
        target.resume()
        time.sleep(1)
    for _ in range(5 if short else 60):
        target.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        time.sleep(0.2)
    target.rows(f"BEGIN; LOCK TABLE cases.counters; SELECT pg_sleep({1 if short else 8}); COMMIT")
    target.execute("CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$; "
                   "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON ledger FOR EACH ROW EXECUTE FUNCTION full_disk(); ALTER TABLE ledger ENABLE ALWAYS TRIGGER full_disk")
    time.sleep(1 if short else 10)
    target.execute("DROP TRIGGER full_disk ON ledger")
    torture.judge("target trouble")
    world.go_on()


def _reported(world):
    """Tables of which the product says that something may be missing or differs."""
    open_gaps = [gap for gap in world.daemon.request("GET", "/v1/gaps") if not gap["cleared_us"]]
    return {row["table"].split(".")[-1].lower() for row in _open(world)} | {gap["table"].lower() for gap in open_gaps}


def target_refuses(torture):
    """a constraint on the target refuses rows for a while: reported, and repaired"""
    world, target = torture.world, torture.world.target
    target.execute("ALTER TABLE counters ADD CONSTRAINT in_the_way CHECK (value < 0) NOT VALID")
    with contextlib.suppress(RuntimeError):  # then the check below says so
        servers.wait_for(lambda: _reported(world), PATIENCE, "a report")
    time.sleep(1)
    target.execute("ALTER TABLE counters DROP CONSTRAINT in_the_way")
    world.rest()
    world.daemon.wait_caught_up()
    _, different = world.compare()
    known = _reported(world)
    silent = [row for row in different if row[0] not in known and "*" not in known]
    torture.check("target refuses: it is reported", bool(known), "nothing was")
    torture.check("target refuses: nothing differs that is not reported", not silent, str(silent[:4]))
    _settle_findings(torture, "target refuses")


def source_trouble(torture):
    """the source's connections are cut at calls and at COMMIT, its server is killed and comes back"""
    world, daemon, short = torture.world, torture.world.daemon, torture.arguments.short
    proxy = Proxy(world.source.port, torture.arguments.seed)
    daemon.start_with(source={"port": proxy.port})
    for _ in range(1 if short else 10):
        proxy.share = 0.01
        time.sleep(2)
        proxy.share = 0.08
        time.sleep(1.5)
        with contextlib.suppress(RuntimeError):  # then the check below says so
            servers.wait_for(lambda: proxy.cuts >= 5, PATIENCE, "cuts")
        proxy.share = 0.0
        time.sleep(0.3)
    torture.check(f"source trouble: connections were cut ({proxy.cuts})", proxy.cuts >= 5)
    torture.judge("source trouble: cut")
    world.go_on()
    for _ in range(1 if short else 10):
        world.source.kill()
        time.sleep(0.3)
        world.source.launch()
        time.sleep(1.5)
    torture.judge("source trouble: server killed")
    daemon.start_with()
    proxy.stop()
    world.go_on()


def chaos(torture):
    """everything at once, by chance: the daemon killed, the target crashed, connections cut, the source's server killed; half of the reads go to the target"""
    world, daemon, chance = torture.world, torture.world.daemon, torture.random
    daemon.phase("shadow")
    daemon.phase("canary", percent=50)
    proxy = Proxy(world.source.port, torture.arguments.seed + 1)
    daemon.start_with(source={"port": proxy.port})

    def kill_daemon():
        daemon.kill()
        torture.figures["kills"] += 1
        time.sleep(chance.random() * 0.3)
        daemon.start()

    def crash_target():
        world.target.crash()
        time.sleep(chance.random() * 3)
        if chance.random() < 0.4:
            kill_daemon()
        world.target.resume()

    def cut():
        proxy.share = chance.choice([0.01, 0.05, 0.2])
        time.sleep(chance.random() * 1.5)
        proxy.share = 0.0

    def kill_source():
        world.source.kill()
        time.sleep(chance.random())
        world.source.launch()

    for round_ in range(1 if torture.arguments.short else 6):
        until = time.monotonic() + (8 if torture.arguments.short else 40)
        while time.monotonic() < until:
            chance.choice([kill_daemon, kill_daemon, crash_target, cut, cut, kill_source])()
            time.sleep(chance.random() * 2)
            daemon.process.check()
        daemon.wait_up()
        torture.judge(f"chaos, round {round_ + 1}")
        world.go_on()
    daemon.start_with()
    daemon.phase("dual-write")
    proxy.stop()


def _cut_over(world):
    daemon = world.daemon
    world.rest()
    daemon.wait_caught_up()
    daemon.phase("shadow")
    daemon.phase("cutover")
    world.go_on()


def _fallback_is_true(torture, name):
    """The target is primary: the source has everything too, and nothing excuses a difference."""
    world = torture.world
    world.rest()
    world.daemon.wait_caught_up()
    with contextlib.suppress(RuntimeError):
        servers.wait_for(lambda: not world.compare()[1], PATIENCE, "the stream")
    _, different = world.compare()
    lost, doubled = world.ledger_problems()
    torture.check(f"{name}: rows are equal while the target is primary", not different, "; ".join(map(str, different[:6])))
    torture.check(f"{name}: nothing is lost or doubled while the target is primary", not lost and not doubled, "; ".join((lost + doubled)[:6]))
    world.go_on()


def _back_on_source(torture, name):
    world, daemon = torture.world, torture.world.daemon
    servers.wait_for(lambda: daemon.is_up() and daemon.status()["primary"] == "source", PATIENCE, "the step back to the source")
    time.sleep(2)
    world.target.resume()
    time.sleep(2)
    world.rest()
    daemon.wait_caught_up()
    lost, doubled = world.ledger_problems((world.source,))
    torture.check(f"{name}: nothing is lost or doubled on the source, before any sweep", not lost and not doubled, "; ".join((lost + doubled)[:6]))
    verify_and_repair(world)
    torture.judge(name)
    world.go_on()


def switched(torture):
    """the target is primary: every write comes back to the source, the daemon is killed again and again; then the target dies, the source takes over with all that was acknowledged"""
    world, daemon, short = torture.world, torture.world.daemon, torture.arguments.short
    proxy = Proxy(world.source.port, torture.arguments.seed)
    world.rest() # nothing in doubt: a row without a key could not be told from others, and would be a gap
    daemon.wait_caught_up()
    daemon.start_with(source={"port": proxy.port})
    verify_and_repair(world)
    world.go_on()
    _cut_over(world)
    time.sleep(3 if short else 30)
    _fallback_is_true(torture, "switched")
    for _ in range(3 if short else 20):
        time.sleep(torture.random.random() * 2)
        daemon.kill()
        torture.figures["kills"] += 1
        daemon.start()
        daemon.wait_up()
    _fallback_is_true(torture, "switched, after kills")
    proxy.delay = 0.15 # the way to the source is slow: what the target has acknowledged is not there yet when it dies
    time.sleep(4)
    world.target.crash()
    proxy.delay = 0.0
    _back_on_source(torture, "switched: after the target's death")
    for round_ in range(1 if short else 8): # both at once: what had not come back through the stream stands in the journal alone
        _cut_over(world)
        proxy.delay = torture.random.choice([0.0, 0.1])
        time.sleep(1 + torture.random.random() * 3)
        daemon.kill()
        world.target.crash()
        proxy.delay = 0.0
        torture.figures["kills"] += 1
        daemon.start()
        _back_on_source(torture, f"switched: both killed, round {round_ + 1}")
    daemon.start_with()
    proxy.stop()


def corruptions(torture):
    """planted damage is found, all of it and nothing else, and repaired"""
    world, figures = torture.world, torture.figures
    world.rest()
    world.daemon.wait_caught_up()
    no = _open(world)
    torture.check("corruptions: nothing is open before", not no, str(no[:3]))
    planted, acts = corruption.plant(world.target, 220)
    _, different = world.compare()
    really = {(table.upper(), key) for table, key, _, _ in different}
    torture.check(f"corruptions: {acts} planted, {len(planted)} rows differ", planted == really, f"{len(planted - really)} do not differ, {len(really - planted)} were not planted")
    found = {(row["table"].split(".")[-1], row["key"].split("=")[-1].strip("() ")) for row in verify_and_repair(world)}
    figures["corruptions_planted"] += len(planted)
    figures["corruptions_found"] += len(planted & found)
    figures["false_findings"] += len(found - planted)
    torture.check("corruptions: all are found", planted <= found, str(sorted(planted - found)[:6]) + " " + str(sorted(found)[:3]))
    torture.check("corruptions: nothing else is", found <= planted, str(sorted(found - planted)[:6]))
    _, different = world.compare()
    figures["corruptions_repaired"] += len(planted) - len(different)
    torture.check("corruptions: all are repaired", not different, str(different[:4]))
    world.daemon.work("verify", restart=True)
    left = _open(world)
    torture.check("corruptions: nothing is open afterwards", not left, str(left[:4]))
    world.go_on()


def offline(torture):
    """the daemon stays down: its journal is listed, shown, verified, and replayed to the target by the command"""
    world, daemon = torture.world, torture.world.daemon
    world.target.crash()
    done = world.done()
    servers.wait_for(lambda: world.done() > done + 20, PATIENCE, "some transactions")
    world.rest()
    daemon.stop()
    world.target.resume()
    status, text = daemon.cli("journal", "verify")
    torture.check("offline: the journal verifies", status == 0 and "good" in text, text)
    status, text = daemon.cli("journal", "list")
    torture.check("offline: its segments are listed", status == 0 and ".journal" in text, text)
    status, text = daemon.cli("journal", "show")
    torture.check("offline: its records are shown", status == 0 and "UPDATE counters SET value = value + 1" in text, text[:300])
    plain = [path.name for path in (daemon.folder / "journal").glob("*.journal") if b"UPDATE counters" in path.read_bytes()]
    torture.check("offline: what stands on the disk is encrypted", not plain, str(plain[:3]))
    status, text = daemon.cli("journal", "replay", "--dry-run")
    torture.check("offline: the target is behind", status == 0 and " 0 transactions" not in text, text)
    status, text = daemon.cli("journal", "replay")
    torture.check("offline: the journal is replayed", status == 0, text)
    rows, different = world.compare()
    torture.check(f"offline: {rows} rows are equal then", not different, str(different[:4]))
    daemon.start()
    daemon.wait_up()
    status, text = daemon.cli("journal", "replay")
    torture.check("offline: beside a daemon it is refused", status != 0 and "in use" in text, text)
    world.go_on()


def end(torture):
    """everybody stops; both sides, the ledgers and the positions agree"""
    world = torture.world
    equal = torture.judge("end")
    torture.figures["rows_equal"] = equal
    lag = world.daemon.status()["lag"]
    stored = world.target.rows("SELECT csn FROM understudy.applied WHERE reader = 'mirror'")
    torture.check("end: the position on the target is the journal's last", int(stored[0][0]) == lag["csn"] == lag["applied"], f"{stored} {lag}")
    torture.figures["in_doubt_resolved"] = world.daemon.log_count("event=mirror.doubt_settled")
    torture.figures["transactions"] = world.done()
    torture.figures["reconnects"] = sum(client.reconnects for client in world.clients)


ALWAYS = [prepare, end]
LONG = {"chaos", "switched", "slow_target", "target_disk_full", "journal_full", "journal_errors", "flipped_bit", "journal_lost", "constraint_comes_and_goes"}  # not in the short form, unless asked for
