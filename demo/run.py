#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make demo`: a live application moves from its legacy database to PostgreSQL under load, and every claim is checked.

Everything runs on loopback on free ports, with its files under build/demo, gone afterwards (but for logs, if something failed).
Exit status: 0 every claim held, 1 one did not, 2 the demo could not be run, 3 the machine lacks packages."""
import argparse
import fcntl
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import compare
import ledger
import machine
import report
from clients import Load
from databases import Daemon, Legacy, Postgres
from machine import ROOT
from processes import Clock
from screen import Screen
from story import STEPS, Story

RESULTS = ROOT / "build" / "results"


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--until", choices=STEPS, default=STEPS[-1], help="stop after this step")
    parser.add_argument("--assets", type=int, default=200000, help="assets on the legacy side, at least 5000 (default 200000)")
    parser.add_argument("--rate", type=float, dest="think_ms", default=6.0, metavar="MS", help="think time of a client between calls, ms (default 6)")
    parser.add_argument("--fast", type=float, dest="fast_think_ms", default=0.5, metavar="MS",
                        help="think time while comparisons are gathered, ms (default 0.5)")
    parser.add_argument("--probation", type=float, dest="probation_s", default=5, metavar="S", help="probation after each step, s (default 5)")
    parser.add_argument("--threshold", type=float, metavar="P", help="another threshold of the gate, to get through quickly; the report then says FAILED")
    parser.add_argument("--after-complete", type=float, dest="after_complete_s", default=5, metavar="S", help="load after the legacy is gone, s (default 5)")
    parser.add_argument("--direct", type=float, metavar="S", help="no Understudy: load straight at the legacy side for S seconds, as a baseline")
    parser.add_argument("--keep", action="store_true", help="keep build/demo and leave the servers running until Enter is pressed")
    parser.add_argument("--build", default=None, metavar="FOLDER", help="use the programs in FOLDER; nothing is installed or built")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "demo", help="where everything is kept (default build/demo); the report is named after it")
    parser.add_argument("--plain", action="store_true", help="lines instead of a screen")
    options = parser.parse_args()
    if options.assets < 5000:
        parser.error("--assets must be at least 5000")
    options.folder = options.folder.resolve()
    options.results = RESULTS
    return options


def prepare_machine(options, logs):
    """Packages, build and drivers; answers where the programs and drivers are."""
    if options.build is None:
        machine.install_packages(logs / "install.log")
        print("building (make V=release) ...", flush=True)
        programs = ROOT / "build" / "release"
        machine.build(programs, "release", logs / "build.log")
        machine.install_drivers(logs / "drivers.log")
    else:
        programs = Path(options.build).resolve()
    jar = machine.find_jar()
    machine.compile_client(jar, options.folder / "classes", logs / "javac.log")
    return programs, {"jar": jar, "classes": options.folder / "classes", "node_modules": machine.find_node_modules()}


def describe_machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return {"cores": os.cpu_count(), "processor": model, "system": platform.platform()}


def make_parts(options, data, logs, programs, drivers):
    postgres = Postgres(data / "postgres", logs)
    legacy = Legacy(data / "legacy", logs, programs / "standin-server")
    legacy.node_modules = drivers["node_modules"]
    sizes = {"assets": options.assets, "renditions": int(options.assets * 0.4), "asset_tags": int(options.assets * 0.3), "links": int(options.assets * 0.4)}
    load = Load(options.folder / "load", logs, legacy.connect(), sizes, drivers, options.think_ms)
    daemon = Daemon(options.folder / "understudy", logs, programs / "understudy", legacy, postgres, {"probation_s": options.probation_s, "threshold": options.threshold})
    return {"postgres": postgres, "legacy": legacy, "load": load, "daemon": daemon, "folder": options.folder, "logs": logs}


def run_direct(story, seconds):
    """The same load without Understudy in between: what the drivers and the legacy side do alone."""
    story.prepare()
    story.load.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        story.load.check()
        story.legacy.server.check()
        story.screen.update({}, story.load.total())
        time.sleep(0.2)
    bad = story.load.stop()
    story.result["load"] = story.load.total()
    story.claim("the clients ended in order", not bad, ", ".join(bad))
    after = compare.export_source(story.legacy, story.folder / "check" / "after")
    verdict = ledger.check(ledger.read_ledgers(story.load.ledgers), after, story.baseline)
    story.claim("ledger: every acknowledged write is once on the legacy side, and nothing else", verdict.good and verdict.unknown == 0,
                f"{verdict.commits:,} commits, {verdict.effects:,} effects, {verdict.rows:,} rows; missing {verdict.missing}, extra {verdict.extra}"
                + "".join(f"\n      {example}" for example in verdict.examples[:8]))


def run_demo(options, parts, screen):
    """Answers the result and what stopped the demo, if something did."""
    story = Story(parts, screen, options)
    story.result["machine"] = describe_machine()
    problem = None
    try:
        parts["postgres"].start()
        parts["legacy"].start()
        if options.direct:
            run_direct(story, options.direct)
        else:
            story.run(options.until)
            story.finish()
    except KeyboardInterrupt:
        problem = "interrupted"
    except Exception as failure:  # pylint: disable=broad-except  # whatever it is, the report names it and everything is stopped
        problem = f"{type(failure).__name__}: {failure}"
    story.result["load_seconds"] = parts["load"].seconds()
    total = parts["load"].total()
    story.result.setdefault("load", total)
    story.result["clients"] = max(len(parts["load"].processes) and 16, total["clients"])
    claim_load(story, story.result["load"])
    if options.threshold is not None:
        story.claim("the gate ran with its own threshold", False, f"it was set to {options.threshold}")
    return story.result, problem


def claim_load(story, load):
    story.claim("no call failed", load["calls"] > 0 and load["failed"] == 0, f"{load['calls']:,} calls, {load['failed']} failed")
    story.claim("no client lost its connection or reconnected", load["lost"] == 0 and load["reconnects"] == 0, f"{load['lost']} lost")


def stop_all(parts, keep):
    if keep:
        daemon, legacy = parts["daemon"], parts["legacy"].connect()
        print(f"""Everything is left running:
  dashboard      http://127.0.0.1:{daemon.admin_port}/ with the token in {daemon.token}
  command line   export UNDERSTUDY_CONFIG={daemon.config}; {daemon.program} status
  clients        {legacy['user']}/{legacy['password']}@127.0.0.1:{daemon.port}/{legacy['service']} through Understudy, port {legacy['port']} past it
  PostgreSQL     psql '{parts['postgres'].conninfo}'
press Enter to end""", flush=True)
        try:
            sys.stdin.readline()
        except KeyboardInterrupt:
            pass
    for name, stop in (("load", parts["load"].stop), ("understudy", parts["daemon"].stop), ("legacy", parts["legacy"].stop), ("postgres", parts["postgres"].stop)):
        try:
            stop()
        except Exception as problem:  # pylint: disable=broad-except  # the others must be stopped all the same
            print(f"stopping {name}: {problem}", file=sys.stderr)


def clean(folder, data, logs, good, keep):
    if data != folder:
        shutil.rmtree(data, ignore_errors=True)
    if keep:
        return
    for path in folder.iterdir():
        if good or path not in (logs, folder / "load", folder / "understudy"):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    if good:
        shutil.rmtree(folder, ignore_errors=True)


def take_folder(folder):
    """One demo at a time in a folder; what a killed one left running there is ended. Answers the open lock, to be kept."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = open(folder.with_suffix(".lock"), "w", encoding="ascii")  # pylint: disable=consider-using-with  # held until the process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    for script, verb, name in ((Legacy.SCRIPT, "wipe", "legacy"), (Postgres.SCRIPT, "stop", "postgres")):
        if (folder / name).exists():
            subprocess.run([str(script), verb, str(folder / name)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)
    return lock


def main():
    options = read_options()
    # Not what SIGINT has now: a script's background job starts with it ignored, and the clients, who are ended by SIGTERM, would inherit that.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    lock = take_folder(options.folder)
    if lock is None:
        print("demo: another demo is running here", file=sys.stderr)
        return 2
    logs = options.folder / "logs"
    logs.mkdir(parents=True)
    try:
        programs, drivers = prepare_machine(options, logs)
    except (machine.Missing, RuntimeError) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 3 if isinstance(problem, machine.Missing) else 2
    clock = Clock()
    screen = Screen(clock, options.plain)
    data = machine.data_folder(options.folder)
    parts = make_parts(options, data, logs, programs, drivers)
    try:
        result, problem = run_demo(options, parts, screen)
        clock.close()
        model = report.build_model(result, clock.elapsed(), clock.steps, problem)
    finally:
        screen.close()
        stop_all(parts, options.keep)
    report.write(model, RESULTS, options.folder.name)
    print(report.as_text(model))
    print(f"report: {RESULTS / options.folder.name}.txt, .json, .html" + ("" if model["ok"] else f"; logs: {logs}"))
    clean(options.folder, data, logs, model["ok"], options.keep)
    return 0 if model["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
