#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cursor soak: each driver against a server that recycles cursor ids at once, with the relay's tap in between.

  soak.py [--build FOLDER] [--calls N] [--driver NAME ..] [--output FILE]

Nine calls of ten use one of 15 statements, which move on every 200 calls, the others one of 415, with room for 20 in the driver's statement cache: so most calls are
re-executions by cursor id, cursors are closed all the time, and each id comes to stand for one statement after the other, each of which is executed again many times. One statement of five is a change, one fails at every second execution and keeps its cursor, one call of fifty
fails to parse. Counted are re-executions, ids that the tap did not know, and readings that were wrong: another statement than the server's own list says, another
bind, another answer at the client. It goes on in rounds, each on a connection of its own, until the driver has re-executed --calls times.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import servers  # noqa: E402  pylint: disable=wrong-import-position
from processes import die_with_parent  # noqa: E402  pylint: disable=wrong-import-position
from servers import ROOT  # noqa: E402  pylint: disable=wrong-import-position

DRIVERS = ROOT / "build/drivers"
ROUND = 500000  # calls on one connection


def prepare_java(build):
    folder = Path(build) / "cursor-java"
    folder.mkdir(parents=True, exist_ok=True)
    servers.run(["javac", "-nowarn", "-cp", DRIVERS / "java/ojdbc8.jar", "-d", folder, HERE / "java/CursorClient.java"])


def prepare_go(build):
    folder = Path(build) / "cursor-go"
    folder.mkdir(parents=True, exist_ok=True)
    for source in (HERE / "go/main.go", DRIVERS / "go/go.mod", DRIVERS / "go/go.sum"):
        (folder / source.name).write_bytes(source.read_bytes())
    servers.run(["go", "build", "-mod=mod", "-o", folder / "client", "."], cwd=folder, env=dict(os.environ, GOFLAGS="-mod=mod", CGO_ENABLED="0"), timeout=300)


def clients(build):
    def java(jar):
        return (DRIVERS / f"java/{jar}.jar", ["java", "-Xmx512m", "-cp", f"{build}/cursor-java:{DRIVERS}/java/{jar}.jar", "CursorClient"], prepare_java)
    return {"python": (DRIVERS / "python/bin/python", [DRIVERS / "python/bin/python", HERE / "python_client.py"], None),
            "node": (DRIVERS / "node/node_modules/oracledb/package.json", ["node", HERE / "node_client.js"], None),
            "ojdbc8": java("ojdbc8"), "ojdbc11": java("ojdbc11"),
            "go": (DRIVERS / "go/go.sum", [f"{build}/cursor-go/client"], prepare_go)}


def soak(build, command, calls, seed):
    with subprocess.Popen([build / "tests/cursor-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) as server:  # pylint: disable=subprocess-popen-preexec-fn
        port = server.stdout.readline().strip()
        done = subprocess.run([*map(str, command), port, str(calls), str(seed)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env=dict(os.environ, NODE_PATH=str(DRIVERS / "node/node_modules")), preexec_fn=die_with_parent)  # pylint: disable=subprocess-popen-preexec-fn
        server.stdin.close()
        said = server.stdout.read()
    if not said.strip():
        return dict.fromkeys(("reexecutions", "executions", "unknown", "closed", "errors"), 0) | {"wrong": 1}, {"calls": 0, "wrong": 0}, f"the server ended with {server.returncode}"
    counted = json.loads(said)
    if done.returncode != 0:
        return counted, {"calls": 0, "wrong": 1, "version": "?"}, done.stderr.strip()[-600:]
    return counted, json.loads(done.stdout.strip().splitlines()[-1]), None


def record(output, name, sums):
    results = json.loads(output.read_text()) if output.exists() else {}
    results[name] = {key: sums[key] for key in ("reexecutions", "unknown", "wrong")}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=1) + "\n")


def rounds(build, name, command, wanted):
    """Rounds, each with a connection and a seed of its own, until the driver has re-executed often enough. Answers the sums and what went wrong."""
    began, sums, number = time.monotonic(), {}, 0
    while sums.get("reexecutions", 0) < wanted:
        left = wanted - sums.get("reexecutions", 0)
        # About three calls of four re-execute.
        counted, client, trouble = soak(build, command, min(ROUND, left * 3 // 2 + 1000), (int(time.time()) + number) & 0xffff)
        counted["wrong"] += client["wrong"]
        sums = {key: sums.get(key, 0) + value for key, value in counted.items()}
        if not trouble and counted["reexecutions"] == 0:
            trouble = "nothing was re-executed"
        if trouble or counted["unknown"] or counted["wrong"]:
            return sums, trouble or "see the counts"
        number += 1
        took = time.monotonic() - began
        rate = sums["reexecutions"] / took
        print(f"     {name}: {sums['reexecutions']:,} of {wanted:,} re-executions, {rate:,.0f}/s, ETA {max(0, wanted - sums['reexecutions']) / rate:.0f} s", flush=True)
    return sums, None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/debug")
    parser.add_argument("--calls", type=int, default=1000000, help="re-executions wanted of each driver")
    parser.add_argument("--driver", action="append")
    parser.add_argument("--output", default="build/results/cursors.json")
    arguments = parser.parse_args()
    build, passed, failed, skipped = (ROOT / arguments.build).resolve(), 0, 0, 0
    for name, (probe, command, prepare) in clients(build).items():
        if arguments.driver and name not in arguments.driver:
            continue
        if not probe.exists():
            skipped += 1
            print(f"SKIPPED {name}: {probe.relative_to(ROOT)} is not there; scripts/install-drivers says why", flush=True)
            continue
        if prepare:
            prepare(build)
        began = time.monotonic()
        counted, trouble = rounds(build, name, command, arguments.calls)
        record(ROOT / arguments.output, name, counted)
        good = not trouble
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {name}: {counted['reexecutions']} re-executions, {counted['executions']} first ones, {counted['closed']} cursors closed, "
              f"{counted['errors']} errors; {counted['unknown']} unknown, {counted['wrong']} wrong, in {time.monotonic() - began:.0f} s"
              + (f"; {trouble}" if trouble else ""), flush=True)
    print(f"cursors: {passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or passed + skipped == 0 else 0)


main()
