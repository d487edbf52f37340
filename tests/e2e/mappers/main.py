# SPDX-License-Identifier: Apache-2.0
"""An object-relational mapper's application, unchanged: through the relay while its writes are mirrored, served from PostgreSQL after the cut-over, and after a rollback."""
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import suite  # noqa: E402
from suite import comes_true, report  # noqa: E402


def job(world, kind):
    lines = world.work(kind)
    report(not any(line["differing"] for line in lines), f"{kind} ends, and nothing differs", str(lines))


def application(world, python, base, where, *more):
    user = world.driver_arguments(world.daemon.port)
    done = subprocess.run([python, str(HERE / "sqlalchemy_app.py"), str(world.daemon.port), user["dsn"].split("/")[1], user["user"], user["password"], str(base), *more],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
    for line in lines:
        good = line.startswith("ok ")
        what, _, why = line.removeprefix("not ").removeprefix("ok ").partition(": ") if not good else (line[3:], "", "")
        report(good, f"{where}: {what}", why)
    report(done.returncode == 0 and len(lines) > 20, f"{where}: the application ran to its end", done.stderr[-600:])


def settled(world):
    def in_step():
        status = world.admin.status()
        return status["lag"]["records"] == 0 and not status["divergences"]["open"]
    good = comes_true(in_step)
    status = world.admin.status()
    report(good, "the mirror is in step, nothing diverges", str(status["lag"]) + str(status["divergences"]))


def work(world):
    python = world.mapper_python
    world.start_databases()
    world.start_daemon()
    world.enter("dual-write")
    job(world, "backfill")
    job(world, "verify")
    application(world, python, 1000000, "mirrored")
    settled(world)
    report(not world.open_gaps(), "mirrored: no gap is left", str(world.open_gaps()))
    job(world, "verify")
    world.enter("shadow")
    world.enter("cutover", override=True)
    application(world, python, 2000000, "served from PostgreSQL", "reflect")
    settled(world)
    job(world, "verify")
    world.enter("shadow")
    application(world, python, 3000000, "after the rollback")
    settled(world)
    job(world, "verify")
    world.daemon.process.check()


if __name__ == "__main__":
    given = suite.options(__doc__, python=str)
    made = suite.World(given)
    made.mapper_python = given.python
    sys.exit(suite.run(made, work))
