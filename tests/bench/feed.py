# SPDX-License-Identifier: Apache-2.0
"""What a key feed costs the source: keyed updates, each with its commit, straight at the stand-in, on two tables that differ only in the feed. The rounds take turns:
without a feed, with the trigger while nobody reads, with the trigger and the daemon that reads and empties the log. Medians of the rounds; ratios are of neighbours.
  feed.py --build FOLDER [--rounds N] [--seconds S] [--clients N]"""
import argparse
import json
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e/feed"), str(ROOT / "demo")]

import oracledb  # noqa: E402

import main as feed_test  # noqa: E402

ROWS = 10000
VARIANTS = ("without", "trigger", "trigger and reader")
TICK = os.sysconf("SC_CLK_TCK")


def client(number, connect, table, seconds, results):
    with oracledb.connect(**connect) as connection:
        cursor = connection.cursor()
        latencies, key, end = [], number, time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            key = (key * 48271 + 11) % ROWS
            cursor.execute(f"UPDATE {table} SET n = n + 1, v = :1 WHERE id = :2", [f"value {key}", key])
            connection.commit()
            latencies.append(time.perf_counter() - began)
        results.put(latencies)


def processor_s(pids):
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def drained(world):
    """No row waited in two passes that began after this call."""
    for _ in range(2):
        time.sleep(0.25)
        world.until("the log is empty", lambda: world.admin.get("/v1/feed")["totals"]["backlog"] == 0, 120)


def one_round(world, table, options, reader):
    results = multiprocessing.Queue()
    source = [world.legacy.pid(), world.legacy.server.pid]
    connect = world.driver_arguments(world.legacy.port)
    before = processor_s(source)
    clients = [multiprocessing.Process(target=client, args=(n, connect, table, options.seconds, results)) for n in range(1, options.clients + 1)]
    for one in clients:
        one.start()
    latencies = sorted(value for _ in clients for value in results.get())
    for one in clients:
        one.join()
    if reader:
        drained(world)  # what is left is read at the source's cost too
    return {"per_s": len(latencies) / options.seconds, "p50_us": latencies[len(latencies) // 2] * 1e6, "p99_us": latencies[len(latencies) * 99 // 100] * 1e6,
            "cpu_us": (processor_s(source) - before) / len(latencies) * 1e6}


def prepare(world):
    world.postgres.start()
    world.legacy.start()
    tables = ("plain_rows", "fed_rows")
    world.on_source(*[f"CREATE TABLE {table} (id NUMBER(9) PRIMARY KEY, n NUMBER(12) NOT NULL, v VARCHAR2(40))" for table in tables])
    with oracledb.connect(**world.driver_arguments(world.legacy.port)) as connection:
        for table in tables:
            connection.cursor().executemany(f"INSERT INTO {table} VALUES (:1, 0, 'start')", [(n,) for n in range(ROWS)])
        connection.commit()
    world.postgres.rows("CREATE SCHEMA media; " + "; ".join(f"CREATE TABLE media.{table} (id bigint PRIMARY KEY, n bigint NOT NULL, v varchar(40))" for table in tables))
    world.start_daemon()
    world.enter("dual-write")
    status, text = world.daemon.cli("feed", "install", "--table", "FED_ROWS")
    if status != 0:
        raise RuntimeError(text)
    world.until("the feed", lambda: world.feeds()["FED_ROWS"]["state"] == "on")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    options.scratch = Path(tempfile.mkdtemp(prefix="feed-bench."))
    options.scratch.chmod(0o755)
    feed_test.World.settings = {"probation_s": 1, "threshold": 0.5}  # the feeds as they come
    world = feed_test.World(options)
    figures = {variant: [] for variant in VARIANTS}
    try:
        prepare(world)
        for number in range(options.rounds + 1):
            for variant in VARIANTS:
                pid = world.daemon.process.pid
                if variant != "trigger and reader":
                    os.kill(pid, signal.SIGSTOP)
                result = one_round(world, "plain_rows" if variant == "without" else "fed_rows", options,
                                   variant == "trigger and reader")
                os.kill(pid, signal.SIGCONT)
                drained(world)
                if number:  # the first is to warm up
                    figures[variant].append(result)
        report(figures)
    finally:
        world.stop()


def report(figures):
    base = figures["without"]
    summary = {}
    print(f"{'':20} {'commits/s':>10} {'p50 us':>8} {'p99 us':>8} {'source cpu us':>14}   of the round without beside it: rate, p50, cpu")
    for variant, rounds in figures.items():
        middle = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        ratios = {name: statistics.median(one[name] / other[name] for one, other in zip(rounds, base)) for name in ("per_s", "p50_us", "cpu_us")}
        summary[variant] = {**middle, "ratios": ratios}
        print(f"{variant:20} {middle['per_s']:10.0f} {middle['p50_us']:8.0f} {middle['p99_us']:8.0f} {middle['cpu_us']:14.0f}   "
              f"{ratios['per_s']:.2f}, {ratios['p50_us']:.2f}, {ratios['cpu_us']:.2f}")
    out = ROOT / "build/results/bench-feed.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(summary, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
