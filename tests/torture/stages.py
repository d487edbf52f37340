# SPDX-License-Identifier: Apache-2.0
"""What is done to the product, stage by stage."""
import time

from world import fault_points

# Points that only come up when somebody provokes them.
PROVOKED = {"gap_ledger", "mirror_careful", "reconcile_horizon", "reconcile_committed", "backfill_read", "backfill_written", "backfill_committed", "divergence_found"}
AT_START = {"start_recovered", "start_positioned"}
# The hit is drawn from 1 to this; the rare ones come but now and then.
FREQUENT = {"reply_sent": 400, "commit_answered": 60, "dml_answered": 80, "dml_queued": 80}
RARE = {"journal_segment": 1, "mirror_released": 2}


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


def calm(torture):
    """conflicting transactions, nothing else happens"""
    time.sleep(6 if torture.arguments.short else 60)
    torture.judge("calm")
    torture.tell(f"  {torture.world.done()} transactions")
    torture.world.go_on()


def kills(torture):
    """kill -9 at every fault point"""
    world, daemon, arguments = torture.world, torture.world.daemon, torture.arguments
    hits = arguments.hits or (1 if arguments.short else 20)
    points = [name for name in fault_points() if name not in PROVOKED and (not arguments.point or name in arguments.point)]
    for round_ in range(hits):
        torture.random.shuffle(points)
        for point in points:
            one_kill(torture, point)
        if round_ % 5 == 4 or round_ == hits - 1:
            daemon.start()
            daemon.wait_up()
            if not torture.judge(f"kills, round {round_ + 1}"):
                return
            world.go_on()
            daemon.kill()
    daemon.start()
    daemon.wait_up()
    missed = [point for point in points if torture.hits.get(point, 0) < hits]
    torture.check(f"kills: every point was hit {hits} times", not missed, ", ".join(f"{point} {torture.hits.get(point, 0)}" for point in missed))


def one_kill(torture, point):
    """Starts the daemon so that it dies at the point; a few tries, with a smaller hit each time."""
    daemon = torture.world.daemon
    daemon.kill()
    most = 1 if point in AT_START else RARE.get(point, FREQUENT.get(point, 12))
    for seconds in (6, 8, 10):
        hit = torture.random.randint(1, most)
        daemon.start(f"{point}:{hit}")
        if daemon.wait_death(seconds):
            where = daemon.died_at()
            if where == point:
                torture.hits[point] = torture.hits.get(point, 0) + 1
                torture.figures["kills"] += 1
                torture.figures["fault_points"] = len(torture.hits)
                return
            raise RuntimeError(f"the daemon died at {where}, not at {point}")
        torture.tell(f"  {point}:{hit} was not reached in {seconds} s")
        daemon.kill()
        torture.figures["kills"] += 1
        most = 1


ALWAYS = [prepare]
ALL = [prepare, calm, kills]
