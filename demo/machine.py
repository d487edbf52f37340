# SPDX-License-Identifier: Apache-2.0
"""What the demo needs of the machine: Debian packages, the build, the drivers, a folder that the database servers can reach."""
import contextlib
import os
import random
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

class Missing(Exception):
    """The machine lacks something that only its owner can supply."""


def install_packages(log):
    """Installs what is missing when root; otherwise the error says which packages are missing and how to get them."""
    try:
        run([str(ROOT / "scripts" / "install-packages"), "demo"], log)
    except RuntimeError as problem:
        raise Missing(str(problem)) from None


def run(command, log, **options):
    """Runs a command to its end, output to a log file; an exit status other than 0 is an error that shows the log's tail."""
    with open(log, "ab") as out:
        out.write(("$ " + " ".join(map(str, command)) + "\n").encode())
        out.flush()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        tail = Path(log).read_text(errors="replace").splitlines()[-25:]
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}; last lines of {log}:\n" + "\n".join(tail))


def build(build_folder, variant, log):
    run(["make", "-C", str(ROOT), f"-j{os.cpu_count() or 1}", f"V={variant}", f"BUILD={build_folder}", f"{build_folder}/understudy",
         f"{build_folder}/standin-server", f"{build_folder}/standin_udf.so"], log)


def install_drivers(log):
    """node-oracledb and ojdbc, unmodified, from their registries into build/drivers."""
    run([str(ROOT / "scripts" / "install-drivers"), "node", "java"], log, cwd=ROOT)


def find_jar(name="ojdbc11"):
    jars = sorted((ROOT / "build" / "drivers").rglob(f"{name}*.jar"))
    if not jars:
        raise Missing(f"no {name}*.jar under build/drivers: run scripts/install-drivers")
    return jars[-1]


def find_node_modules():
    for folder in sorted((ROOT / "build" / "drivers").rglob("node_modules")):
        if (folder / "oracledb").is_dir():
            return folder
    raise Missing("no node_modules/oracledb under build/drivers: run scripts/install-drivers")


def compile_client(jar, folder, log):
    sources = sorted(str(path) for path in (ROOT / "demo" / "load" / "java").glob("*.java"))
    folder.mkdir(parents=True, exist_ok=True)
    run(["javac", "-cp", str(jar), "-d", str(folder), *sources], log)


def data_folder(demo_folder):
    """Where the servers keep their files: in the demo's folder, or under /tmp if their users cannot enter that."""
    folder = demo_folder
    while os.geteuid() == 0 and folder != folder.parent:
        if folder.exists() and not folder.stat().st_mode & 1:
            outside = Path(tempfile.mkdtemp(prefix="understudy-demo-"))
            outside.chmod(0o755)
            return outside
        folder = folder.parent
    return demo_folder


_given = set()


def free_port():
    """A port of 127.0.0.1 for a server that is started later, perhaps several times. It stands below those that systems give to outgoing connections (from 32768 on, as a rule):
    there, any client could have it in the meantime, and one that calls a server that is just down can even be connected with itself. From 20000 on there are private-postgres' own."""
    while True:
        port = random.randrange(10000, 20000)
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


def port_answers(port, timeout_s=0.3):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s):
            return True
    except OSError:
        return False


def wait_for(condition, timeout_s, what, every_s=0.1):
    """Waits until condition() is true and answers its value; says what did not come otherwise."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(every_s)
