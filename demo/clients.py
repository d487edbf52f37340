# SPDX-License-Identifier: Apache-2.0
"""The load: processes of unmodified drivers, steered by a control file, watched by their status files."""
import json
import time
from pathlib import Path

from machine import ROOT, wait_for
from processes import Died, Process

NODE_PROCESSES, NODE_CLIENTS, JAVA_CLIENTS = 2, 4, 8


class Load:
    """sizes: rows loaded, by table. connect: host, port, service, user, password."""

    def __init__(self, folder, logs, connect, sizes, drivers, think_ms):
        self.folder, self.logs, self.connect, self.sizes, self.drivers = Path(folder), Path(logs), connect, sizes, drivers
        self.think_ms = think_ms
        self.paused = False
        self.processes = []
        self.started = None
        self.ledgers = self.folder / "ledgers"
        self.control = self.folder / "control"
        self.ledgers.mkdir(parents=True, exist_ok=True)
        self._write_control()

    def _write_control(self):
        fresh = self.control.with_suffix(".new")
        fresh.write_text(f"think_ms={self.think_ms}\npaused={int(self.paused)}\n")
        fresh.rename(self.control)

    def _settings(self, name, clients):
        path = self.folder / f"{name}.settings"
        pairs = dict(self.connect, name=name, clients=",".join(map(str, clients)), status=self.folder / f"{name}.status.json",
                     slow=self.folder / f"{name}.slow.jsonl", ledgers=self.ledgers, control=self.control, **self.sizes)
        path.write_text("".join(f"{key}={value}\n" for key, value in pairs.items()))
        return path

    def start(self):
        self.started = time.time()
        number = 1
        for index in range(1, NODE_PROCESSES + 1):
            name = f"node-{index}"
            settings = self._settings(name, range(number, number + NODE_CLIENTS))
            number += NODE_CLIENTS
            self.processes.append(Process(name, ["node", ROOT / "demo/load/node/main.js", settings], self.logs / f"{name}.log",
                                          env={"NODE_PATH": str(self.drivers["node_modules"])}))
        settings = self._settings("jdbc-1", range(number, number + JAVA_CLIENTS))
        command = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC", "-cp",
                   f"{self.drivers['classes']}:{self.drivers['jar']}", "Load", settings]
        self.processes.append(Process("jdbc-1", command, self.logs / "jdbc-1.log"))
        wait_for(lambda: self._all_started(), 180, "the clients' first calls")

    def _all_started(self):
        self.check()
        return all((self.folder / f"{process.name}.status.json").exists() for process in self.processes)

    def check(self):
        for process in self.processes:
            try:
                process.check()
            except Died as problem:
                raise Died(f"{problem}\n{chr(10).join(self.total()['errors'][:5])}") from None

    def statuses(self):
        found = []
        for process in self.processes:
            try:
                found.append(json.loads((self.folder / f"{process.name}.status.json").read_text()))
            except (OSError, ValueError):
                continue
        return found

    def total(self):
        """All processes' counters as one."""
        sums = {name: 0 for name in ("clients", "calls", "reads", "failed", "expected_errors", "reconnects", "lost", "per_s")}
        total = dict(sums, longest_pause_ms=0.0, longest_kind="", longest_at=0, p99_ms=0.0, kinds={}, errors=[], paused=True)
        for status in self.statuses():
            for name in sums:
                total[name] += status[name]
            if status["longest_pause_ms"] > total["longest_pause_ms"]:
                total.update(longest_pause_ms=status["longest_pause_ms"], longest_kind=status["longest_kind"], longest_at=status["longest_at"])
            total["p99_ms"] = max(total["p99_ms"], status["p99_ms"])
            total["kinds"].update(_merge_kinds(total["kinds"], status["kinds"]))
            total["errors"] += [f"{status['name']} {text}" for text in status["errors"]]
            total["paused"] = total["paused"] and status["paused"]
        return total

    def set_think(self, think_ms):
        self.think_ms = think_ms
        self._write_control()

    def pause(self, timeout_s=90):
        """Every client finishes its transaction and waits, connected; answers when all stand still."""
        self.paused = True
        self._write_control()
        asked = time.time()
        wait_for(lambda: self._stand_still(asked), timeout_s, "the clients' standstill")

    def _stand_still(self, since):
        self.check()
        statuses = self.statuses()
        return len(statuses) == len(self.processes) and all(status["paused"] and status["at"] > since for status in statuses)

    def resume(self):
        self.paused = False
        self._write_control()

    def longest_between(self, since, until):
        """The longest call that was open in a span of time (seconds since 1970), in ms; calls under 50 ms are not told apart."""
        longest = 0.0
        for process in self.processes:
            try:
                with open(self.folder / f"{process.name}.slow.jsonl", encoding="utf-8") as lines:
                    for line in lines:
                        slow = json.loads(line)
                        if slow["at"] >= since and slow["at"] - slow["ms"] / 1000 <= until:
                            longest = max(longest, slow["ms"])
            except (OSError, ValueError):
                continue
        return longest

    def seconds(self):
        """How long calls were made, pauses included."""
        last = max((status["at"] for status in self.statuses()), default=0)
        return max(0.0, last - self.started) if self.started else 0.0

    def stop(self):
        """SIGTERM: each finishes its open transaction; answers the processes that did not end well."""
        for process in self.processes:
            process.ended_on_purpose = True
            if process.alive():
                process.child.terminate()
        return [process.name for process in self.processes if process.stop(20) not in (0, 1)]


def _merge_kinds(known, more):
    merged = {}
    for kind, entry in more.items():
        old = known.get(kind, {"calls": 0, "failed": 0, "total_ms": 0, "max_ms": 0})
        merged[kind] = {"read": entry["read"], "calls": old["calls"] + entry["calls"], "failed": old["failed"] + entry["failed"],
                        "total_ms": round(old["total_ms"] + entry["total_ms"], 1), "max_ms": max(old["max_ms"], round(entry["max_ms"], 1))}
    return merged
