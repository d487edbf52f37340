#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tries to make the product lose or double a write. Real databases, real driver sessions, kill -9 at every fault point, lost targets and sources,
planted corruptions. Writes build/results/torture.json; the last line is "torture: N passed, N failed, N skipped".

  torture.py [--build FOLDER] [--short] [--seed N] [--stage NAME ..] [--point NAME ..] [--hits N] [--clients N] [--keep]
"""
import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import stages
import trouble
from world import ROOT, World, fault_points, servers

LOGS_SHOWN = 5  # of so many failures the daemon's log is shown at once
RESULT = ROOT / "build/results/torture.json"


# seconds of each stage in the long form, measured; the others take about ten
EXPECTED = {"calm": 125, "target_trouble": 60, "source_trouble": 90, "chaos": 300, "kills": 560, "provoked_kills": 250, "switched": 260, "torn_tails": 60, "journal_full": 60,
            "journal_errors": 200, "flipped_bit": 90, "journal_lost": 120, "slow_target": 40, "target_disk_full": 50}


def plan():
    """All stages in their order."""
    t, s = trouble, stages
    return [s.prepare, s.calm, s.target_trouble, s.target_refuses, t.constraint_comes_and_goes, t.slow_target, t.target_disk_full, s.source_trouble, s.chaos, s.kills, t.torn_tails,
            s.no_findings, s.corruptions, s.provoked_kills, t.blocks, t.ddl, t.branches, t.journal_full, t.journal_errors, t.flipped_bit, t.journal_lost, s.switched, s.offline, s.end]


class Torture:
    """The counts of a run, and its checks."""

    def __init__(self, world, arguments, tell):
        self.world, self.arguments, self.tell = world, arguments, tell
        self.random = random.Random(arguments.seed)
        self.passed, self.failed, self.skipped = [], [], []
        self.figures = {"seed": arguments.seed, "fault_points": 0, "fault_points_all": len(fault_points()), "kills": 0, "lost": 0, "doubled": 0, "in_doubt_resolved": 0, "client_errors": 0,
                        "rows_equal": False, "corruptions_planted": 0, "corruptions_found": 0, "corruptions_repaired": 0, "reported_rows": 0, "false_findings": 0}
        self.hits = {}

    def check(self, name, good, detail=""):
        (self.passed if good else self.failed).append(name)
        self.tell(f"  {'ok' if good else 'NOT OK'}: {name}{': ' + detail if detail and not good else ''}")
        if not good and len(self.failed) <= LOGS_SHOWN:
            servers.show_logs(self.world.daemon.log)
        return good

    def judge(self, stage):
        """Everybody rests; the mirror catches up; then both sides, the ledgers and the positions must agree."""
        world = self.world
        world.rest()
        world.daemon.wait_caught_up()
        rows, different = world.compare()
        if different:
            different = self.reported(stage, different)
        lost, doubled = world.ledger_problems()
        self.figures["lost"] += len(lost)
        self.figures["doubled"] += len(doubled)
        self.check(f"{stage}: {rows} rows are equal on both sides", not different, "; ".join(map(str, different[:8])))
        self.check(f"{stage}: nothing acknowledged is lost", not lost, "; ".join(lost[:8]))
        self.check(f"{stage}: nothing is doubled", not doubled, "; ".join(doubled[:8]))
        problems = world.problems()
        for client in world.clients:
            client.problems = []
        self.figures["client_errors"] += len(problems)
        self.check(f"{stage}: no client saw an error that Oracle would not have given", not problems, "; ".join(map(str, problems[:6])))
        return not (different or lost or doubled)

    def reported(self, stage, different):
        """Rows may differ in a table of which the product says that something may be missing: a statement over a predicate whose outcome nobody knows. A sweep and a
        repair must make them equal then. What differs in any other table is answered as it is."""
        open_gaps = {gap["table"].lower() for gap in self.world.daemon.request("GET", "/v1/gaps") if not gap["cleared_us"]}
        silent = [row for row in different if row[0] not in open_gaps and "*" not in open_gaps]
        if silent:
            return silent
        self.tell(f"  {stage}: {len(different)} rows differ in tables that are reported: {sorted({row[0] for row in different})}")
        self.figures["reported_rows"] += len(different)
        stages.verify_and_repair(self.world)
        return self.world.compare()[1]

    def eta(self, left):
        """How long the stages that are left take by what they took when they were measured; nothing for the short form or chosen stages."""
        if self.arguments.short or self.arguments.stage:
            return ""
        done, total = len(self.passed), sum(EXPECTED.get(stage.__name__, 10) for stage in left)
        return f"; {done} checks so far, about {total // 60} min {total % 60} s left"

    def progress(self, what, done, of, began):
        """A line for work of which much is of one kind."""
        passed = time.monotonic() - began
        left = passed / done * (of - done)
        self.tell(f"  {what}: {done} of {of}, {done / passed:.1f}/s, {self.world.done()} transactions, about {left // 60:.0f} min {left % 60:.0f} s left in this stage")

    def write(self, seconds):
        self.figures["transactions"], self.figures["workload_seconds"] = self.world.done(), round(self.world.worked)
        text = json.dumps({**self.figures, "seconds": round(seconds), "passed": len(self.passed), "failed": self.failed, "skipped": self.skipped, "hits": self.hits}, indent=1)
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(text + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/torture")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--stage", action="append")
    parser.add_argument("--point", action="append")
    parser.add_argument("--hits", type=int, help="how often each fault point is hit")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    began = time.monotonic()
    build = (ROOT / arguments.build).resolve()
    folder = Path(tempfile.mkdtemp(prefix="torture-", dir="/tmp"))
    folder.chmod(0o755)

    def tell(text):
        print(f"[{time.monotonic() - began:6.1f}] {text}", flush=True)

    tell(f"seed {arguments.seed}; logs in {folder}")
    world = World(folder, build, arguments.clients, arguments.seed, tell)
    torture = Torture(world, arguments, tell)
    try:
        world.start()
        tell("the world is up")
        order = plan()
        for number, stage in enumerate(order):
            wanted = stage.__name__ in arguments.stage if arguments.stage else not (arguments.short and stage.__name__ in stages.LONG)
            if not wanted and stage not in stages.ALWAYS:
                continue
            tell(f"stage {stage.__name__}: {stage.__doc__}{torture.eta(order[number:])}")
            stage(torture)
            torture.write(time.monotonic() - began)
    except Exception as problem:  # pylint: disable=broad-except  # whatever it is, the run has failed
        traceback.print_exc()
        torture.check(f"the run went to its end ({type(problem).__name__})", False, str(problem)[:1500])
    finally:
        world.stop()
    torture.write(time.monotonic() - began)
    if arguments.keep or torture.failed:
        tell(f"kept {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    if torture.failed:
        servers.show_logs(folder)
    for name in torture.failed:
        print(f"FAILED {name}")
    print(f"torture: {len(torture.passed)} passed, {len(torture.failed)} failed, {len(torture.skipped)} skipped")
    sys.exit(1 if torture.failed else 0)


main()
