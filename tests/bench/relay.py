# SPDX-License-Identifier: Apache-2.0
"""What the relay costs: processor microseconds of the proxy per call, and calls a second, beside HAProxy in TCP mode and beside no proxy at all.
The same real driver, the same statements, in turns of a few seconds, so that whatever else the machine does falls on all alike."""
import argparse
import json
import shutil
import statistics
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "demo"))

import oracledb  # noqa: E402

from databases import Daemon, Legacy, Postgres, legacy_statements  # noqa: E402
from machine import free_port, port_answers, wait_for  # noqa: E402
from processes import Process, cpu_s  # noqa: E402

READ = "SELECT asset_id, external_id, title, kind, status, size_bytes, rating, released, created_at, version FROM assets WHERE asset_id = :id"
WRITE = "UPDATE assets SET version = version + 1 WHERE asset_id = :id"
ROWS = 500


class Worker(threading.Thread):
    """80 % reads by key, 20 % updates with commit, over one connection."""

    def __init__(self, number, arguments):
        super().__init__(daemon=True)
        self.number, self.connection = number, oracledb.connect(**arguments)
        self.calls, self.stopping = 0, False

    def run(self):
        cursor = self.connection.cursor()
        turn = self.number
        while not self.stopping:
            turn += 1
            if turn % 10 == 0:
                cursor.execute(WRITE, id=1 + (turn * 7 + self.number) % ROWS)
                self.connection.commit()
                self.calls += 2
            else:
                cursor.execute(READ, id=1 + turn % ROWS).fetchall()
                self.calls += 1
        self.connection.close()


def turn(arguments, pid, clients, seconds):
    """Calls a second and the proxy's processor microseconds per call."""
    workers = [Worker(number, arguments) for number in range(clients)]
    for worker in workers:
        worker.start()
    time.sleep(0.5)
    calls, cpu, began = sum(worker.calls for worker in workers), cpu_s(pid) if pid else 0.0, time.monotonic()
    time.sleep(seconds)
    calls, cpu, elapsed = sum(worker.calls for worker in workers) - calls, (cpu_s(pid) - cpu if pid else 0.0), time.monotonic() - began
    for worker in workers:
        worker.stopping = True
    for worker in workers:
        worker.join(20)
    return calls / elapsed, cpu * 1e6 / max(calls, 1)


def start_haproxy(folder, logs, port):
    if not shutil.which("haproxy"):
        return None, 0
    own = free_port()
    config = folder / "haproxy.cfg"
    config.write_text(f"global\n  nbthread 2\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
                      f"frontend in\n  bind 127.0.0.1:{own}\n  default_backend out\nbackend out\n  server legacy 127.0.0.1:{port}\n")
    process = Process("haproxy", [shutil.which("haproxy"), "-db", "-f", config], logs / "haproxy.log")
    wait_for(lambda: process.check() or port_answers(own), 10, "HAProxy's port")
    return process, own


def median(figures):
    return round(statistics.median(figures), 1)


def measure(options, legacy, daemon, haproxy, haproxy_port):
    where = legacy.connect()
    login = {"user": where["user"], "password": where["password"]}
    lanes = {"direct": (legacy.port, 0)}
    if haproxy:
        lanes["haproxy"] = (haproxy_port, haproxy.pid)
    lanes["understudy_observe"] = (daemon.port, daemon.process.pid)
    figures = {name: {"calls_per_s": [], "cpu_us_per_call": []} for name in [*lanes, "understudy_dual_write"]}
    for phase in ("observe", "dual-write"):
        if phase == "dual-write":
            daemon.admin.post("/v1/phase", {"to": "dual-write", "author": "bench", "reason": "bench"})
        for _ in range(options.turns):
            for name, (port, pid) in lanes.items():
                if phase == "dual-write":
                    if name != "understudy_observe":
                        continue
                    name = "understudy_dual_write"
                rate, cost = turn(dict(login, dsn=f"127.0.0.1:{port}/{where['service']}"), pid, options.clients, options.seconds)
                figures[name]["calls_per_s"].append(rate)
                figures[name]["cpu_us_per_call"].append(cost)
    return {name: {key: median(values) for key, values in lane.items()} for name, lane in figures.items() if lane["calls_per_s"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build/release"))
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    scratch, build = Path(options.scratch), Path(options.build).resolve()
    logs = scratch / "logs"
    logs.mkdir(parents=True)
    postgres, legacy = Postgres(scratch / "postgres", logs), Legacy(scratch / "legacy", logs, build / "standin-server")
    daemon = Daemon(scratch / "understudy", logs, build / "understudy", legacy, postgres, {"probation_s": 1, "threshold": None})
    haproxy = None
    try:
        postgres.start()
        legacy.start()
        where = legacy.connect()
        with oracledb.connect(user=where["user"], password=where["password"], dsn=f"127.0.0.1:{legacy.port}/{where['service']}") as connection:
            cursor = connection.cursor()
            for statement in legacy_statements(ROOT / "demo/schema/oracle.sql", 0):
                cursor.execute(statement)
            cursor.executemany("INSERT INTO assets (asset_id, external_id, title, kind, status, created_at) VALUES (:1, :2, :3, 'video', 'live', SYSTIMESTAMP)",
                               [(n, f"ext-{n}", f"Title {n}") for n in range(1, ROWS + 1)])
            connection.commit()
        postgres.run_file(ROOT / "demo/schema/postgres.sql")
        daemon.start()
        haproxy, haproxy_port = start_haproxy(scratch, logs, legacy.port)
        result = measure(options, legacy, daemon, haproxy, haproxy_port)
    finally:
        if haproxy:
            haproxy.stop()
        for part in (daemon, legacy, postgres):
            part.stop()
    results = ROOT / "build/results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "relay.json").write_text(json.dumps(result, indent=1) + "\n")
    for name, lane in result.items():
        ratio = f", {lane['calls_per_s'] / result['haproxy']['calls_per_s']:.2f} of HAProxy's rate" if "haproxy" in result and name.startswith("understudy") else ""
        print(f"{name:24} {lane['calls_per_s']:>9,.0f} calls/s  {lane['cpu_us_per_call']:>7.1f} us of processor per call{ratio}")
    if "haproxy" not in result:
        print("SKIPPED: HAProxy is not installed (package haproxy); there is nothing to compare with but no proxy at all")
    shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
