# SPDX-License-Identifier: Apache-2.0
"""What the suites against a running daemon share: the lines `ok WHAT` and `not ok WHAT: WHY`, the options, two databases with the demo's schema, and an end in which
everything is stopped whatever happened."""
import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "demo"))

import oracledb  # noqa: E402

from databases import Daemon, Legacy, Postgres, legacy_statements  # noqa: E402

failures = 0


def report(good, what, why="", always=False):
    """why: what was seen instead; with always also shown when it is good."""
    global failures  # pylint: disable=global-statement
    failures += not good
    print(f"ok {what}" + (f" ({why})" if always and why else "") if good else f"not ok {what}: {why}", flush=True)


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
        self.daemon.start()

    def stop(self):
        for part in (self.daemon, self.legacy, self.postgres):
            if part:
                part.stop()


def run(world, work):
    """work(world), then everything is stopped; what failed leaves its logs. The exit status."""
    try:
        work(world)
    except Exception as problem:  # pylint: disable=broad-except  # whatever it is, it is reported and everything is stopped
        report(False, "the test ran to its end", f"{type(problem).__name__}: {problem}")
    finally:
        world.stop()
    if failures:
        print(f"# logs: {world.logs}")
    else:
        shutil.rmtree(world.folder, ignore_errors=True)
    return 1 if failures else 0
