# SPDX-License-Identifier: Apache-2.0
"""An object-relational mapper's application, unchanged: through the relay while its writes are mirrored, served from PostgreSQL after the cut-over, and after a rollback."""
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import suite  # noqa: E402
from suite import report  # noqa: E402


def phase(world, to, **more):
    world.admin.post("/v1/phase", {"to": to, "author": "test", "reason": "the mappers' test", **more})


def job(world, kind):
    world.admin.post(f"/v1/{kind}", {"author": "test"})
    end = time.monotonic() + 60
    while time.monotonic() < end:
        lines = [line for line in world.admin.get("/v1/work") if line["work"] == kind]
        if lines and all(line["status"] in ("done", "failed") for line in lines):
            break
        time.sleep(0.1)
    report(all(line["status"] == "done" and not line["differing"] for line in lines), f"{kind} ends, and nothing differs", str(lines))


def application(world, python, base, where):
    user = world.driver_arguments(world.daemon.port)
    done = subprocess.run([python, str(HERE / "sqlalchemy_app.py"), str(world.daemon.port), user["dsn"].split("/")[1], user["user"], user["password"], str(base)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
    for line in lines:
        good = line.startswith("ok ")
        what, _, why = line.removeprefix("not ").removeprefix("ok ").partition(": ") if not good else (line[3:], "", "")
        report(good, f"{where}: {what}", why)
    report(done.returncode == 0 and len(lines) > 20, f"{where}: the application ran to its end", done.stderr[-600:])


def settled(world):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        status = world.admin.get("/v1/status")
        if status["lag"]["records"] == 0 and not status["divergences"]["open"]:
            break
        time.sleep(0.1)
    report(status["lag"]["records"] == 0 and not status["divergences"]["open"], "the mirror is in step, nothing diverges", str(status["lag"]) + str(status["divergences"]))


def work(world):
    python = world.mapper_python
    world.start_databases()
    world.start_daemon()
    phase(world, "dual-write")
    job(world, "backfill")
    job(world, "verify")
    application(world, python, 1000000, "mirrored")
    settled(world)
    report(not [gap for gap in world.admin.get("/v1/gaps") if not gap["cleared_us"]], "mirrored: no gap is left", str(world.admin.get("/v1/gaps")))
    job(world, "verify")
    phase(world, "shadow")
    phase(world, "cutover", override=True)
    application(world, python, 2000000, "served from PostgreSQL")
    settled(world)
    job(world, "verify")
    phase(world, "shadow")
    application(world, python, 3000000, "after the rollback")
    settled(world)
    job(world, "verify")
    world.daemon.process.check()


if __name__ == "__main__":
    given = suite.options(__doc__, python=str)
    made = suite.World(given)
    made.mapper_python = given.python
    sys.exit(suite.run(made, work))
