# SPDX-License-Identifier: Apache-2.0
"""What the suites against a running daemon share: the lines `ok WHAT` and `not ok WHAT: WHY`, the options, two databases with the demo's schema, an operator's steps, and an
end in which everything is stopped whatever happened."""
import argparse
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "demo"), str(ROOT / "tests/support")]

import oracledb  # noqa: E402

from admin import AdminError  # noqa: E402
from databases import Daemon, Legacy, Postgres, legacy_statements  # noqa: E402
from machine import wait_for  # noqa: E402

# How long a condition is waited for. A machine that is slow and busy takes some seconds for what takes a tenth of one elsewhere; only a test that fails waits so long.
PATIENCE = 90
LOGS_SHOWN = 5  # of so many failures the daemon's log is shown at once: at the end of the suite it tells of other things
failures = 0
daemon_log = None


def report(good, what, why="", always=False):
    """why: what was seen instead; with always also shown when it is good."""
    global failures  # pylint: disable=global-statement
    failures += not good
    print(f"ok {what}" + (f" ({why})" if always and why else "") if good else f"not ok {what}: {why}", flush=True)
    if not good and daemon_log and failures <= LOGS_SHOWN:
        subprocess.run([str(ROOT / "tests/support/show-logs"), str(daemon_log)], stdin=subprocess.DEVNULL, check=False)


def comes_true(condition, timeout_s=PATIENCE):
    """Whether the condition comes true in time; the last look is after the time."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return bool(condition())
        time.sleep(0.05)
    return True


def options(description, **more):
    """more: option -> its default, whose type is the option's; a type alone: it must be given."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", type=Path, default=ROOT / "build/debug")
    parser.add_argument("--scratch", type=Path, required=True)
    for name, value in more.items():
        if isinstance(value, type):
            parser.add_argument(f"--{name}", type=value, required=True)
        else:
            parser.add_argument(f"--{name}", type=type(value), default=value)
    given = parser.parse_args()
    given.build = given.build.resolve()
    return given


class World:
    """A private PostgreSQL and the stand-in, by default with the demo's schema and a few tags; a daemon over them when it is asked for."""

    daemon_class = Daemon
    settings = {"probation_s": 1, "threshold": None}
    schema_source, schema_target = ROOT / "demo/schema/oracle.sql", ROOT / "demo/schema/postgres.sql"
    rows = [f"INSERT INTO tags (tag_id, name) VALUES ({n}, 'tag {n}')" for n in range(1, 4)]

    def __init__(self, given):
        self.folder, self.logs, self.program = given.scratch, given.scratch / "logs", given.build / "understudy"
        self.logs.mkdir(parents=True)
        self.postgres = Postgres(self.folder / "postgres", self.logs)
        self.legacy = Legacy(self.folder / "legacy", self.logs, given.build / "standin-server")
        self.daemon = self.admin = None

    def driver_arguments(self, port):
        where = self.legacy.connect()
        return {"user": where["user"], "password": where["password"], "dsn": f"127.0.0.1:{port}/{where['service']}"}

    def on_source(self, *statements):
        with oracledb.connect(**self.driver_arguments(self.legacy.port)) as connection:
            for statement in statements:
                connection.cursor().execute(statement)
            connection.commit()

    def start_databases(self):
        self.postgres.start()
        self.legacy.start()
        self.on_source(*legacy_statements(self.schema_source, 0), *self.rows)
        self.postgres.run_file(self.schema_target)

    def start_daemon(self):
        self.daemon = self.daemon_class(self.folder / "understudy", self.logs, self.program, self.legacy, self.postgres, self.settings)
        self.admin = self.daemon.admin
        global daemon_log  # pylint: disable=global-statement
        daemon_log = self.logs / "understudy.log"
        self.daemon.start()

    # --- an operator's steps ---------------------------------------------------------------------------------------------------

    def until(self, what, condition, timeout_s=PATIENCE):
        """Waits until condition() is true while the daemon lives; answers its value."""
        def look():
            self.daemon.process.check()
            return condition()
        try:
            return wait_for(look, timeout_s, what)
        except RuntimeError as problem:
            raise RuntimeError(f"{problem}; status {self.admin.status()}") from problem

    def enter(self, phase, timeout_s=PATIENCE, **more):
        """Asks for a phase until the gate is open and the daemon has looked at its databases; a verify is made if the gate wants one."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                self.admin.post("/v1/phase", {"to": phase, "author": "test", "reason": "test", **more})
                break
            except AdminError as refused:
                if refused.status not in (409, 504) or time.monotonic() > end:
                    raise
                if {item.get("code") for item in refused.missing} & {"VERIFY_INCOMPLETE", "GAP_OPEN"}:
                    self.work("verify")
            time.sleep(0.2)
        self.until(f"phase {phase}", lambda: self.admin.status()["phase"] == phase)

    def refusal(self, path, **body):
        """What the admin API says against it; None: it was done."""
        try:
            self.admin.post(path, {"author": "test", "reason": "test", **body})
            return None
        except AdminError as problem:
            return problem

    def work(self, kind):
        """A backfill or verify from its beginning to its end; answers its lines."""
        self.admin.post(f"/v1/{kind}", {"author": "test"})

        def done():
            jobs = [job for job in self.admin.get("/v1/work") if job.get("work", "").startswith(kind)]
            if any(job.get("status") == "failed" for job in jobs):
                raise RuntimeError(f"{kind} failed: {jobs}")
            return jobs if jobs and all(job.get("status") == "done" for job in jobs) else None
        return self.until(f"the end of {kind}", done)

    def open_gaps(self):
        return [f"{gap['table']}: {gap['reason']}" for gap in self.admin.get("/v1/gaps") if not gap["cleared_us"]]

    def stop(self):
        for part in (self.daemon, self.legacy, self.postgres):
            if part:
                part.stop()


class Interrupted(BaseException):
    """The suite's time is over, or somebody has ended it."""


def _interrupt(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: what follows is the end
    raise Interrupted


def run(world, work):
    """work(world), then everything is stopped; what failed leaves its logs. The exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        work(world)
    except Interrupted:
        report(False, "the test ran to its end", "ended from outside, at " + " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(traceback.extract_tb(sys.exc_info()[2])[1:-1])))
    except Exception as problem:  # pylint: disable=broad-except  # whatever it is, it is reported and everything is stopped
        where = traceback.extract_tb(problem.__traceback__)[1:]
        report(False, "the test ran to its end", f"{type(problem).__name__}: {problem}; at " + " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(where)))
    finally:
        world.stop()
    if failures:
        print(f"# logs: {world.logs}")
    else:
        shutil.rmtree(world.folder, ignore_errors=True)
    return 1 if failures else 0
