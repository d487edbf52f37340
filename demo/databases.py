# SPDX-License-Identifier: Apache-2.0
"""The demo's servers: a private PostgreSQL, the stand-in for Oracle with its MariaDB, and the Understudy daemon."""
import os
import re
import secrets
import subprocess
from pathlib import Path

from admin import Admin
from machine import ROOT, free_port, port_answers, run, wait_for
from processes import Process

START_S = 90  # within which a server answers; on a busy machine some take more than ten
USER, PASSWORD, SERVICE, SCHEMA = "MEDIA", "media-demo", "LEGACY", "MEDIA"
TARGET_SCHEMA = "media"


class Postgres:
    SCRIPT = ROOT / "tests" / "support" / "private-postgres"

    def __init__(self, folder, logs):
        self.folder, self.logs = Path(folder), Path(logs)
        self.conninfo = None
        self.started = False

    def _script(self, *arguments):
        done = subprocess.run([str(self.SCRIPT), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"private-postgres {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    def start(self):
        self.started = True
        self.conninfo = self._script("start", self.folder, "--durable", "--while", os.getpid(), "shared_buffers=512MB", "max_wal_size=4GB",
                                     "checkpoint_timeout=30min", "max_connections=150", "jit=off", "logging_collector=off")

    def pid(self):
        try:
            return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def crash(self):
        self._script("crash", self.folder)

    def resume(self):
        self._script("resume", self.folder)

    def stop(self):
        if self.started:
            log = self.folder / "log"
            if log.exists():
                (self.logs / "postgres.log").write_bytes(log.read_bytes())
            self._script("stop", self.folder)
            self.started = False

    def run_file(self, path):
        run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(path), self.conninfo], self.logs / "postgres-schema.log")

    def rows(self, statement):
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", statement, self.conninfo],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines() if line]


class Legacy:
    """The stand-in: MariaDB in Oracle's dialect, behind a server that speaks Oracle Net."""
    SCRIPT = ROOT / "standin" / "run-mariadb"

    def __init__(self, folder, logs, program):
        self.folder, self.logs, self.program = Path(folder), Path(logs), Path(program)
        self.port = free_port()
        self.socket = self.folder / "mariadb.sock"
        self.database = SCHEMA
        self.server = None
        self.started = False

    def start(self):
        run([str(self.SCRIPT), "wipe", str(self.folder)], self.logs / "mariadb-start.log")
        self.started = True
        run([str(self.SCRIPT), "start", str(self.folder), "--pool", "512M", "--udf", str(self.program.parent)], self.logs / "mariadb-start.log")
        self.server = Process("standin-server", self.command(), self.logs / "standin.log")
        wait_for(lambda: self.server.check() or port_answers(self.port), START_S, "the stand-in's port")

    def command(self):
        return [self.program, "--mariadb-socket", self.socket, "--port", self.port, "--service", SERVICE, "--user", f"{USER}:{PASSWORD}"]

    def rows(self, statement, database=""):
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot", "--batch", "--skip-column-names", "-e", statement,
                               *([database] if database else [])], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"mariadb: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def table_names(self):
        """As MariaDB spells them, by lower-case name."""
        return {row[0].lower(): row[0] for row in self.rows(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{SCHEMA}'")}

    def stop(self, at_once=False):
        if self.server:
            self.server.kill() if at_once else self.server.stop()
        if self.started:
            if at_once:
                if self.pid():
                    os.kill(self.pid(), 9)
            log = self.folder / "mariadb.log"
            if log.exists():
                (self.logs / "mariadb.log").write_bytes(log.read_bytes())
            run([str(self.SCRIPT), "wipe", str(self.folder)], self.logs / "mariadb-stop.log")
            self.started = False

    def pid(self):
        """MariaDB's."""
        try:
            return int((self.folder / "mariadbd.pid").read_text())
        except (OSError, ValueError):
            return 0

    def connect(self):
        return {"host": "127.0.0.1", "port": self.port, "service": SERVICE, "user": USER, "password": PASSWORD}


def legacy_statements(path, assets):
    """The statements of a schema file: they end with a line that holds only "/"."""
    text = re.sub(r"^--.*\n", "", path.read_text(encoding="utf-8"), flags=re.M).replace(":assets", str(assets))
    return [part.strip() for part in re.split(r"^/\s*$", text, flags=re.M) if part.strip()]


class Daemon:
    """Understudy itself. Everything an operator would set stands in one file."""

    def __init__(self, folder, logs, program, legacy, postgres, options):
        self.folder, self.logs, self.program = Path(folder), Path(logs), Path(program)
        self.legacy, self.postgres, self.options = legacy, postgres, options
        self.port, self.admin_port = free_port(), free_port()
        self.process = None
        self.config = self.folder / "understudy.ini"
        self.token = self.folder / "admin.token"
        self.admin = Admin(self.admin_port, self.token)

    def write_config(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.token.write_text(secrets.token_hex(24) + "\n")
        self.token.chmod(0o600)
        password = self.folder / "source.password"
        password.write_text(PASSWORD + "\n")
        password.chmod(0o600)
        conninfo = f"{self.postgres.conninfo} options='-c search_path={TARGET_SCHEMA}'"
        sections = {
            "listen": {"address": "127.0.0.1", "port": self.port},
            "source": {"host": "127.0.0.1", "port": self.legacy.port, "service": SERVICE, "user": USER, "password_file": password, "schema": SCHEMA},
            "target": {"conninfo": conninfo, "schema": TARGET_SCHEMA},
            "journal": {"folder": self.folder / "journal"},
            "state": {"file": self.folder / "state.db"},
            "admin": {"address": "127.0.0.1", "port": self.admin_port, "token_file": self.token},
            "guard": {"probation": f"{self.options['probation_s']}s"},
        }
        if self.options["threshold"] is not None:
            sections["gate"] = {"threshold": self.options["threshold"]}
        for section, pairs in self.options.get("sections", {}).items():  # what a test wants otherwise
            sections.setdefault(section, {}).update(pairs)
        lines = []
        for section, pairs in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{name} = {value}" for name, value in pairs.items()] + [""]
        self.config.write_text("\n".join(lines))

    def start(self):
        """For the first time, or again with the journal and the state that are there."""
        self.write_config()
        self.process = Process("understudy", [self.program, "run", "--config", self.config], self.logs / "understudy.log")
        wait_for(lambda: self.process.check() or self.admin.answers(), START_S, "the admin API")
        wait_for(lambda: self.process.check() or port_answers(self.port), START_S, "the listener for clients")

    def cli(self, *arguments, timeout_s=180):
        """A verb of the command line, as an operator types it."""
        done = subprocess.run([str(self.program), arguments[0], "--config", str(self.config), *map(str, arguments[1:])], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=timeout_s)
        return done.returncode, done.stdout + done.stderr

    def connect(self):
        return dict(self.legacy.connect(), port=self.port)

    def stop(self):
        if self.process:
            self.process.stop(15)
