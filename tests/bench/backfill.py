# SPDX-License-Identifier: Apache-2.0
"""The backfill beside COPY: the demo's tables from the stand-in into PostgreSQL by the daemon, and the same rows with psql's COPY from a file into the same, emptied tables, in
turns. By the clock the source's reading is in the figure, which COPY does not have; so the processor time of each process is told too.
  backfill.py --build FOLDER [--rounds N] [--assets N]"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "demo")]

import suite  # noqa: E402
from databases import legacy_statements  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def processor_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def psql(world, *commands):
    """Seconds by the clock."""
    arguments = [word for command in commands for word in ("-c", command)]
    began = time.perf_counter()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments, world.postgres.conninfo], stdin=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def backfill(world):
    began, used = time.perf_counter(), processor_s(world.daemon.process.pid)
    world.admin.post("/v1/backfill", {"author": "bench", "restart": True})
    while True:
        lines = [line for line in world.admin.get("/v1/work") if line["work"] == "backfill"]
        if lines and all(line["status"] == "done" for line in lines):
            break
        if any(line["status"] == "failed" for line in lines):
            raise RuntimeError(str(lines))
        time.sleep(0.02)
    rows = sum(line["rows"] for line in lines)
    return rows, time.perf_counter() - began, processor_s(world.daemon.process.pid) - used


def copy(world, tables):
    files = {table: world.folder / f"{table}.copy" for table in tables}
    psql(world, *(f"\\copy media.{table} to '{path}'" for table, path in files.items()))
    empty(world, tables)
    return psql(world, "SET session_replication_role = replica", *(f"\\copy media.{table} from '{path}'" for table, path in files.items()))


def empty(world, tables):
    psql(world, "TRUNCATE " + ", ".join(f"media.{table}" for table in tables), "CHECKPOINT")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--assets", type=int, default=50000)
    options = parser.parse_args()
    options.build = options.build.resolve()
    with tempfile.TemporaryDirectory(prefix="bench-backfill-") as scratch:
        Path(scratch).chmod(0o755)
        options.scratch = Path(scratch)
        world = suite.World(options)
        try:
            world.start_databases()
            world.on_source("DELETE FROM tags", *legacy_statements(ROOT / "demo/schema/load.sql", options.assets))
            world.start_daemon()
            world.admin.post("/v1/phase", {"to": "dual-write", "author": "bench", "reason": "bench"})
            tables = [row[0] for row in world.postgres.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'media'")]
            ours, bare, processor, rows = [], [], [], 0
            for _ in range(options.rounds):
                empty(world, tables)
                rows, seconds, used = backfill(world)
                ours.append(rows / seconds)
                processor.append(used / rows * 1e6)
                bare.append(rows / copy(world, tables))
        finally:
            world.stop()
    result = {"rows": rows, "backfill_rows_per_s": round(statistics.median(ours)), "copy_rows_per_s": round(statistics.median(bare)),
              "of_copy": round(statistics.median(a / b for a, b in zip(ours, bare)), 2), "daemon_us_per_row": round(statistics.median(processor), 2)}
    (ROOT / "build/results").mkdir(parents=True, exist_ok=True)
    (ROOT / "build/results/backfill.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{rows:,} rows, {options.rounds} rounds, medians: backfill {result['backfill_rows_per_s']:,} rows/s, COPY from a file {result['copy_rows_per_s']:,} rows/s, "
          f"ratio {result['of_copy']}; the daemon {result['daemon_us_per_row']} us of processor a row")


if __name__ == "__main__":
    main()
