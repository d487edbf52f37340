# SPDX-License-Identifier: Apache-2.0
"""Child processes of the demo and of the tests: started with a log each, ended with their parent whatever happens to it."""
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Died(RuntimeError):
    """A process that is needed has ended."""


class Process:
    def __init__(self, name, command, log, env=None, cwd=None):
        self.name = name
        self.log = Path(log)
        self.ended_on_purpose = False
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(  # pylint: disable=consider-using-with
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=cwd,
                env=dict(os.environ, TZ="UTC", **(env or {})), start_new_session=True, preexec_fn=die_with_parent)

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def check(self):
        if not self.alive() and not self.ended_on_purpose:
            raise Died(f"{self.name} ended with {self.child.returncode}; last lines of {self.log}:\n{self.tail()}")

    def tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, timeout_s=10.0, first=signal.SIGTERM):
        """Asks it to end, waits, kills it if it does not; answers its exit status."""
        self.ended_on_purpose = True
        if self.alive():
            self.child.send_signal(first)
            try:
                self.child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode

    def kill(self):
        self.ended_on_purpose = True
        if self.alive():
            self.child.kill()
            self.child.wait()


def memory_mb(pid):
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) // 1024
    except OSError:
        pass
    return 0


def _stat(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None


def cpu_s(pid):
    """Processor seconds that a process and its children, ended ones too, have used so far."""
    mine = _stat(pid)
    if mine is None:
        return 0.0
    ticks = sum(int(mine[index]) for index in (11, 12, 13, 14))
    for entry in Path("/proc").iterdir():
        fields = _stat(entry.name) if entry.name.isdigit() else None
        if fields and int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Clock:
    """Seconds since the demo began, and how long each named step took."""

    def __init__(self):
        self.start = time.monotonic()
        self.steps = []
        self._open = None

    def elapsed(self):
        return time.monotonic() - self.start

    def step(self, name):
        self.close()
        self._open = (name, time.monotonic())

    def close(self):
        if self._open:
            self.steps.append({"step": self._open[0], "seconds": round(time.monotonic() - self._open[1], 2)})
        self._open = None
