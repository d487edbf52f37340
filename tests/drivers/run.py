#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the driver cases: every driver, in every configuration, with one file of cases. Writes build/results/drivers.json and docs/drivers.md.

  run.py [--build FOLDER] [--short] [--driver NAME ..] [--configuration NAME ..] [--case PATTERN ..] [--docs] [--merge FILE]
"""
import argparse
import fnmatch
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import results
import servers
from processes import die_with_parent
from servers import ROOT

HERE = Path(__file__).resolve().parent
DRIVERS = ROOT / "build/drivers"
CONFIGURATIONS = {"direct": "straight at the stand-in", "relay": "through Understudy, which only observes", "postgres": "through Understudy, served from PostgreSQL"}
HANGS_AFTER_S = 100  # the longest case takes some seconds; a slow and busy machine ten times that
HANGS_MAX = 8  # then the rest is given up, so that a whole run ends


class Driver:
    """A driver with its runner: how it is prepared, how it is started. `missing` says why it cannot be had."""

    def __init__(self, name, probe, command, prepare=None, environment=None):
        self.name, self.probe, self.command, self.prepare, self.environment = name, probe, command, prepare, environment or {}
        self.missing, self.version = None, name

    def make_ready(self, build):
        if not self.probe.exists():
            self.missing = f"{self.probe.relative_to(ROOT)} is not there; scripts/install-drivers says why"
        elif self.prepare:
            try:
                self.prepare(build)
            except (RuntimeError, OSError) as problem:
                self.missing = f"its runner does not build: {str(problem)[-600:]}"


def prepare_java(build):
    folder = Path(build) / "java-runner"
    folder.mkdir(parents=True, exist_ok=True)
    servers.run(["javac", "-nowarn", "-cp", DRIVERS / "java/ojdbc8.jar", "-d", folder, *sorted((HERE / "java").glob("*.java"))])


def prepare_go(build):
    folder = Path(build) / "go-runner"
    folder.mkdir(parents=True, exist_ok=True)
    for source in [*(HERE / "go").glob("*.go"), DRIVERS / "go/go.mod", DRIVERS / "go/go.sum"]:
        shutil.copy(source, folder)
    servers.run(["go", "build", "-mod=mod", "-o", folder / "runner", "."], cwd=folder, env=dict(os.environ, GOFLAGS="-mod=mod", CGO_ENABLED="0"), timeout=300)


def all_drivers(build):
    def java(jar):
        classes = f"{build}/java-runner:{DRIVERS}/java/{jar}.jar"
        return Driver(jar, DRIVERS / f"java/{jar}.jar", ["java", "-Xmx1g", "-Duser.timezone=UTC", "-Doracle.jdbc.timezoneAsRegion=false", "-cp", classes, "Runner"], prepare_java)
    return [Driver("python", DRIVERS / "python/bin/python", [DRIVERS / "python/bin/python", HERE / "python_runner.py"]),
            Driver("node", DRIVERS / "node/node_modules/oracledb/package.json", ["node", HERE / "node_runner.js"], environment={"NODE_PATH": str(DRIVERS / "node/node_modules")}),
            java("ojdbc8"), java("ojdbc11"),
            Driver("go", DRIVERS / "go/go.sum", [Path(build) / "go-runner/runner"], prepare_go)]


def skip_reason(case, configuration, driver):
    marks = case.get("skip", {})
    for key in (configuration, driver, f"{driver}/{configuration}"):
        if key in marks:
            return marks[key]
    return None


class Run:
    """One driver in one configuration: its runner is started as often as it takes to get through the names."""

    def __init__(self, driver, folder, connect, cases_file, after_hang=lambda: None):
        self.driver, self.folder, self.connect, self.cases_file, self.after_hang = driver, Path(folder), connect, cases_file, after_hang

    def results(self, names):
        found = {}
        while True:
            if sum(1 for _, reason, _ in found.values() if reason.startswith("nothing for")) >= HANGS_MAX:
                for name in names:
                    found.setdefault(name, ("failed", f"not run: {HANGS_MAX} cases before it hung", 0))
            left = [name for name in names if name not in found]
            if not left:
                return found
            begun = self.part(left, found)
            if begun and begun not in found:
                continue
            if [name for name in names if name not in found] == left:
                for name in left:
                    found[name] = ("failed", f"the runner does not work; see {self.driver.name}.log", 0)

    def part(self, names, found):
        """Until the runner ends, dies or hangs; answers the case that it was at."""
        settings = self.folder / f"{self.driver.name}.run.json"
        settings.write_text(json.dumps({"cases": str(self.cases_file), "names": names, "driver": self.driver.name, **self.connect}))
        log = open(self.folder / f"{self.driver.name}.log", "ab")  # pylint: disable=consider-using-with
        child = subprocess.Popen([*map(str, self.driver.command), str(settings)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,  # pylint: disable=consider-using-with
                                 text=True, encoding="utf-8", env=dict(os.environ, TZ="UTC", **self.driver.environment), preexec_fn=die_with_parent)
        lines = queue.Queue()
        reader = threading.Thread(target=lambda: [lines.put(line) for line in child.stdout] and None or lines.put(None), daemon=True)
        reader.start()
        begun = None
        while True:
            try:
                line = lines.get(timeout=HANGS_AFTER_S)
            except queue.Empty:
                child.kill()
                self.after_hang()
                if begun:
                    print(f"  {self.driver.name} hangs in {begun}", flush=True)
                    found[begun] = ("failed", f"nothing for {HANGS_AFTER_S} s", HANGS_AFTER_S * 1000)
                break
            if line is None:
                if begun and begun not in found:
                    found[begun] = ("failed", f"the runner ended with {child.wait()}", 0)
                break
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if "version" in said:
                self.driver.version = said["version"]
            elif "begin" in said:
                begun = said["begin"]
            else:
                found[said["case"]] = (said["status"], said["reason"], said["ms"])
        child.wait()
        log.close()
        return begun


def setup_source(drivers, folder, source):
    """The legacy schema, through the first driver there is."""
    statements = [part.strip() for part in (HERE / "schema_source.sql").read_text().replace("\r", "").split("\n/\n") if part.strip()]
    statements = ["\n".join(line for line in part.splitlines() if not line.startswith("--")) for part in statements]
    file = Path(folder) / "schema.json"
    file.write_text(json.dumps({"cases": [{"name": "schema", "steps": [{"sql": text} for text in statements]}]}))
    status, reason, _ = Run(drivers[0], folder, connect_to(source.port, "setup"), file).results(["schema"])["schema"]
    if status != "passed":
        raise RuntimeError(f"the legacy schema: {reason}")


def connect_to(port, configuration):
    return {"host": "127.0.0.1", "port": port, "service": servers.SERVICE, "user": servers.USER, "password": servers.PASSWORD, "configuration": configuration}


def cut_over(daemon):
    daemon.phase("dual-write")
    daemon.work("backfill")
    daemon.work("verify")
    daemon.phase("shadow")
    daemon.phase("cutover")
    daemon.phase("complete")  # the source is detached: values that it cannot hold need not go back to it


def run_configuration(name, drivers, cases, port, folder, tell, after_hang):
    answer = {}
    for driver in drivers:
        folder_of_run = Path(folder) / name
        folder_of_run.mkdir(exist_ok=True)
        outcome = {}
        for case in cases:
            reason = driver.missing or skip_reason(case, name, driver.name)
            if reason:
                outcome[case["name"]] = ("skipped", reason, 0)
        wanted = [case["name"] for case in cases if case["name"] not in outcome]
        if not driver.missing:
            began = time.monotonic()
            outcome.update(Run(driver, folder_of_run, connect_to(port, name), HERE / "cases.json", after_hang).results(wanted))
            after_hang()
            tell(f"{name} {driver.name}: {results.text_of(outcome)} in {time.monotonic() - began:.0f} s")
        else:
            tell(f"{name} {driver.name}: ALL {len(outcome)} SKIPPED: {driver.missing}")
        answer[driver.name] = outcome
    return answer


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/debug")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--merge", help="details.json of an earlier run: what was not run now is taken from there")
    parser.add_argument("--driver", action="append")
    parser.add_argument("--configuration", action="append", choices=list(CONFIGURATIONS))
    parser.add_argument("--case", action="append")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, servers.end_once)
    build = (ROOT / arguments.build).resolve()
    cases = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))["cases"]
    if arguments.short:
        cases = [case for case in cases if case.get("short")]
    if arguments.case:
        cases = [case for case in cases if any(fnmatch.fnmatch(case["name"], pattern) for pattern in arguments.case)]
    if not cases:
        sys.exit(f"no case is named like {', '.join(arguments.case)}; * stands for any characters, and the names stand in {HERE / 'cases.json'}")
    drivers = [driver for driver in all_drivers(build) if not arguments.driver or driver.name in arguments.driver]
    for driver in drivers:
        driver.make_ready(build)
    ready = [driver for driver in drivers if not driver.missing]
    wanted = arguments.configuration or list(CONFIGURATIONS)
    folder = Path(tempfile.mkdtemp(prefix="driver-cases-", dir="/tmp"))
    folder.chmod(0o755)
    found, trouble = {}, {}

    def tell(text):
        print(text, flush=True)

    tell(f"{len(cases)} cases; logs in {folder}")
    source, target = servers.Source(folder, build), servers.Target(folder)
    daemon = servers.Daemon(folder, build, source, target)
    try:
        if ready:
            source.start()
            setup_source(ready, folder, source)
        for name in wanted:
            port = source.port if name == "direct" else daemon.port
            try:
                if ready and name != "direct" and not daemon.process:
                    target.start()
                    daemon.start()
                if ready and name == "postgres":
                    cut_over(daemon)
            except RuntimeError as problem:
                trouble[name] = str(problem)[:800]
                tell(f"{name}: NOT RUN: {trouble[name]}")
                found[name] = {driver.name: {case["name"]: ("failed", f"the configuration does not come up: {trouble[name][:200]}", 0) for case in cases} for driver in drivers}
                continue
            found[name] = run_configuration(name, drivers, cases, port, folder, tell, (lambda: target.end_leftovers(tell)) if name == "postgres" else (lambda: None))
            dead = [part for part in (source.process, daemon.process) if part and not part.alive()]
            for part in dead:
                tell(f"{name}: {part.log.name} ended with {part.child.returncode}")
                trouble[name] = f"{part.log.name} ended with {part.child.returncode}"
    finally:
        daemon.stop()
        source.stop()
        target.stop()
    if arguments.merge:
        results.merge(found, json.loads(Path(arguments.merge).read_text()), list(CONFIGURATIONS))
    passed, failed, skipped = results.write(found, drivers, trouble, cases, CONFIGURATIONS, arguments.docs, folder)
    if failed:
        servers.show_logs(folder)
    print(f"drivers: {passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


main()
