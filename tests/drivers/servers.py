# SPDX-License-Identifier: Apache-2.0
"""The servers that the driver cases need: the stand-in with its MariaDB, a private PostgreSQL, Understudy; and its admin API."""
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "demo"))

import processes  # noqa: E402  pylint: disable=wrong-import-position
from machine import free_port, port_answers, wait_for  # noqa: E402  pylint: disable=wrong-import-position

START_S = 90  # within which a server answers; on a busy machine some take more than ten
USER, PASSWORD, SERVICE, TARGET_SCHEMA = "CASES", "driver-cases", "LEGACY", "cases"


def end_once(*_):
    """For SIGTERM: the servers are stopped on the way out, and a second signal must not cut that short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(2)


def show_logs(folder):
    """After a failure: the ends of the logs, for those who cannot reach the machine."""
    subprocess.run([str(ROOT / "tests/support/show-logs"), str(folder)], stdin=subprocess.DEVNULL, check=False)


def run(command, **options):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()[-1500:]}")
    return done.stdout.strip()


class Process(processes.Process):
    """Named by its log."""

    def __init__(self, command, log):
        super().__init__(Path(log).name, command, log)


class Source:
    """The stand-in."""

    def __init__(self, folder, build):
        self.folder, self.build, self.port, self.process = Path(folder) / "mariadb", Path(build), free_port(), None
        self.log = Path(folder) / "standin.log"

    def start(self):
        run([ROOT / "standin/run-mariadb", "start", self.folder, "--pool", "256M", "--udf", self.build])
        self.launch()

    def launch(self):
        command = [self.build / "standin-server", "--mariadb-socket", self.folder / "mariadb.sock", "--port", self.port, "--service", SERVICE, "--user", f"{USER}:{PASSWORD}"]
        self.process = Process(command, self.log)
        wait_for(lambda: self.process.check() or port_answers(self.port), START_S, "the stand-in")

    def stop(self):
        if self.process:
            self.process.stop()
        run([ROOT / "standin/run-mariadb", "wipe", self.folder])


class Target:
    """A private PostgreSQL."""
    SCRIPT = ROOT / "tests/support/private-postgres"

    def __init__(self, folder):
        self.folder, self.conninfo = Path(folder) / "postgres", None

    def start(self):
        # Who waits first is to be the one that PostgreSQL refuses in a deadlock: it looks when the other one waits too, on a slow machine as well.
        self.conninfo = run([self.SCRIPT, "start", self.folder, "--while", os.getpid(), "jit=off", "deadlock_timeout=4s"])
        run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", ROOT / "tests/drivers/schema_target.sql", self.conninfo])

    def rows(self, statement):
        return [line.split("|") for line in run(["psql", "-X", "-A", "-t", "-c", statement, self.conninfo]).splitlines()]

    def end_leftovers(self, tell):
        """After a runner was killed or has ended: what its sessions left open must not hold up the cases that follow. It is told, because nothing should be left."""
        time.sleep(1)
        left = self.rows("SELECT pid, date_trunc('second', now() - xact_start), state, left(query, 80), pg_terminate_backend(pid) FROM pg_stat_activity "
                         "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start < now() - interval '1 s'")
        for row in left:
            if len(row) > 3:
                tell(f"  LEFT OPEN on the target for {row[1]}: {row[2]}: {row[3]}")

    def stop(self):
        run([self.SCRIPT, "stop", self.folder])


class Refused(RuntimeError):
    """The admin API answered with an error."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Daemon:
    """Understudy between the two."""

    def __init__(self, folder, build, source, target):
        self.folder, self.program, self.source, self.target = Path(folder) / "understudy", Path(build) / "understudy", source, target
        self.port, self.admin_port, self.process = free_port(), free_port(), None
        self.log = Path(folder) / "understudy.log"
        self.token = secrets.token_hex(16)

    def sections(self):
        """The configuration: section -> option -> value."""
        return {
            "listen": {"address": "127.0.0.1", "port": self.port},
            "source": {"host": "127.0.0.1", "port": self.source.port, "service": SERVICE, "user": USER, "password_file": self.folder / "source.password", "schema": USER},
            "target": {"conninfo": f"{self.target.conninfo} options='-c search_path={TARGET_SCHEMA}'", "schema": TARGET_SCHEMA},
            "journal": {"folder": self.folder / "journal"},
            "state": {"file": self.folder / "state.db"},
            "admin": {"address": "127.0.0.1", "port": self.admin_port, "token_file": self.folder / "admin.token"},
            "guard": {"probation": "1s", "error_share": "1", "latency_floor": "600s", "reverse_lag": "86400s"},
        }

    def configure(self, **changed):
        """Writes the configuration: what it always is but for these options."""
        sections = self.sections()
        for name, pairs in changed.items():
            sections.setdefault(name, {}).update(pairs)
        text = "\n".join(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items()) for name, pairs in sections.items())
        (self.folder / "understudy.ini").write_text(text)

    def prepare(self, **changed):
        """What must be there before the first start."""
        self.folder.mkdir(exist_ok=True)
        for name, text in (("admin.token", self.token), ("source.password", PASSWORD)):
            (self.folder / name).write_text(text + "\n")
            (self.folder / name).chmod(0o600)
        self.configure(**changed)

    def launch(self):
        self.process = Process([self.program, "run", "--config", self.folder / "understudy.ini"], self.log)

    def is_up(self):
        return port_answers(self.port) and port_answers(self.admin_port)

    def wait_up(self, seconds=START_S):
        wait_for(lambda: self.process.check() or self.is_up(), seconds, "Understudy")

    def start(self):
        self.prepare()
        self.launch()
        self.wait_up()

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=90)
        try:
            connection.request(method, path, None if body is None else json.dumps(body).encode(), {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        if answer.status >= 400:
            raise Refused(answer.status, f"{method} {path}: HTTP {answer.status}: {text[:800]}")
        return json.loads(text) if text.strip() else {}

    def phase(self, to, **more):
        """Asks until the daemon has looked at its databases."""
        end = time.monotonic() + START_S
        while True:
            try:
                self.request("POST", "/v1/phase", {"to": to, "override": True, "author": "driver cases", "reason": "cases are to be served from PostgreSQL", **more})
                break
            except Refused as problem:
                if problem.status not in (409, 504) or time.monotonic() > end:
                    raise
            time.sleep(0.2)
        wait_for(lambda: self.process.check() or self.request("GET", "/v1/status").get("phase") == to, 180, f"phase {to}")

    def work(self, kind, **more):
        """A backfill or verify from its beginning to its end."""
        self.request("POST", f"/v1/{kind}", {"author": "driver cases", **more})

        def finished():
            self.process.check()
            jobs = [job for job in self.request("GET", "/v1/work") if job.get("work", "").startswith(kind)]
            failed = [job for job in jobs if job.get("status") == "failed"]
            if failed:
                raise RuntimeError(f"{kind} failed: {failed}")
            return jobs and all(job.get("status") == "done" for job in jobs)

        wait_for(finished, 400, kind)

    def stop(self):
        if self.process:
            self.process.stop()
