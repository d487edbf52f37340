#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS on both sides of Understudy, and refusals at the door, with real drivers: tcps.py [--build FOLDER]. Last line `tcps: N passed, N failed, N skipped`."""
import argparse
import json
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import servers
from servers import PASSWORD, ROOT, SERVICE, USER

HERE = Path(__file__).resolve().parent
DRIVERS = ROOT / "build/drivers"
warnings.simplefilter("ignore", DeprecationWarning)  # old versions of TLS are what is tested
HANGS_AFTER_S = 90
REFUSED_S = 25  # with the start of an interpreter; who is kept waiting waits for the driver's 30 s
outcome = {"passed": 0, "failed": 0, "skipped": 0}


def check(name, good, detail=""):
    outcome["passed" if good else "failed"] += 1
    print(f"{'ok  ' if good else 'FAIL'} {name}" + ("" if good else f": {detail}"), flush=True)


def make_certificates(folder):
    """Two authorities; a certificate for 127.0.0.1 from the first."""
    def openssl(*arguments):
        servers.run(["openssl", *arguments], cwd=folder)
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")
    (folder / "server.key").chmod(0o600)


class TlsFront:
    """A TLS server in front of the stand-in, as a TCPS listener is."""

    def __init__(self, certificates, port, newest=None):
        self.to, self.versions = port, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        if newest:
            self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            self.context.maximum_version = newest
            self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(connection,), daemon=True).start()

    def carry(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as front, socket.create_connection(("127.0.0.1", self.to)) as back:
                self.versions.append(front.version())
                while True:
                    ready = [front] if front.pending() else select.select([front, back], [], [], 60)[0]
                    for one in ready or [None]:
                        data = one.recv(65536) if one else b""
                        if not data:
                            return
                        (back if one is front else front).sendall(data)
        except OSError:
            pass


def ask(**wish):
    wish = {"user": USER, "password": PASSWORD, "host": "127.0.0.1", "service_name": SERVICE, "tcp_connect_timeout": 30, **wish}
    began = time.monotonic()
    try:
        done = subprocess.run([DRIVERS / "python/bin/python", HERE / "tcps_client.py", json.dumps(wish)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=HANGS_AFTER_S)
    except subprocess.TimeoutExpired:
        return {"error": "hangs"}
    answer = json.loads(done.stdout) if done.stdout.strip() else {"error": "died", "text": done.stderr[-300:]}
    answer["seconds"] = time.monotonic() - began
    return answer


class Proxy(servers.Daemon):
    """Understudy with other sections of its configuration."""

    def __init__(self, folder, build, source_port, more):
        class Place:  # pylint: disable=too-few-public-methods
            port, conninfo = source_port, "host=127.0.0.1 port=1 dbname=none"
        super().__init__(folder, build, Place, Place)
        self.more = more

    def start(self):
        self.prepare(**self.more)
        self.launch()
        self.wait_up()


def with_proxy(folder, name, build, source_port, more, body):
    place = Path(folder) / name
    place.mkdir()
    proxy = Proxy(place, build, source_port, more)
    try:
        proxy.start()
        body(proxy)
        check(f"{name}: the daemon lives", proxy.process.alive(), proxy.log.read_text(errors="replace")[-500:])
    finally:
        proxy.stop()


def old_client(port):
    """A client that knows TLS 1.1 at most. True: it was let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection(("127.0.0.1", port), 60) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False


def test_tls(folder, build, source, certificates):
    front = TlsFront(certificates, source.port)
    listen = {"certificate_file": certificates / "server.pem", "key_file": certificates / "server.key"}

    def body(proxy):
        secure = {"host": "localhost", "port": proxy.port, "protocol": "tcps", "ca": str(certificates / "ca.pem")}
        answer = ask(**secure)
        check("TCPS on both sides: logged in, a query answered", answer.get("value") == 3001, answer)
        check("our client speaks TLS 1.2 or newer to the source", bool(front.versions) and set(front.versions) <= {"TLSv1.2", "TLSv1.3"}, front.versions)
        answer = ask(**secure, oldest=True)
        check("TLS 1.2 is enough", answer.get("value") == 3001, answer)
        answer = ask(**dict(secure, ca=str(certificates / "other.pem")))
        check("a client refuses our certificate when it does not know who signed it", "error" in answer and answer["error"] != "hangs", answer)
        answer = ask(**secure, **{"password": "wrong"})
        check("wrong password: ORA-01017", answer.get("error") == 1017, answer)
        answer = ask(port=proxy.port)
        check("without TLS on the TLS port: an error, not a wait", "error" in answer and answer["error"] != "hangs" and answer["seconds"] < REFUSED_S, answer)
        check("TLS 1.1 is refused", not old_client(proxy.port))
    with_proxy(folder, "both", build, front.port, {"listen": listen, "source": {"tls": "yes", "ca_file": certificates / "ca.pem"}}, body)


def refused_source(name, certificates, port, ca):
    def body(proxy):
        answer = ask(port=proxy.port)
        check(f"{name}: the client is refused, not kept waiting", "error" in answer and answer["error"] != "hangs" and answer["seconds"] < REFUSED_S, answer)
    return body, {"source": {"tls": "yes", "ca_file": certificates / ca}}, port


def test_bad_sources(folder, build, source, certificates):
    unknown = TlsFront(certificates, source.port)
    for name, front, ca in (("source signed by an unknown authority", unknown, "other.pem"),
                            ("source with TLS 1.1", TlsFront(certificates, source.port, ssl.TLSVersion.TLSv1_1), "ca.pem")):
        body, more, port = refused_source(name, certificates, front.port, ca)
        with_proxy(folder, name.replace(" ", "-"), build, port, more, body)
        check(f"{name}: no log-in reached it", not front.versions, front.versions)


def test_doors(folder, build, source):
    def body(proxy):
        for where, port in (("relayed", proxy.port), ("stand-in", source.port)):
            answer = ask(port=port, password="wrong")
            check(f"{where}: wrong password: ORA-01017", answer.get("error") == 1017, answer)
            answer = ask(port=port, service_name="NOWHERE")
            check(f"{where}: unknown service: ORA-12514", answer.get("error") == 12514 or "DPY-6001" in answer.get("text", ""), answer)
        if not (DRIVERS / "java/ojdbc11.jar").exists():
            outcome["skipped"] += 2
            print("SKIPPED native encryption: ojdbc11 is not there")
            return
        for wish, good in (("REQUESTED", lambda text: text == "connected"), ("REQUIRED", lambda text: text.startswith("error 12660"))):
            done = subprocess.run(["java", "-cp", DRIVERS / "java/ojdbc11.jar", HERE / "java/Encrypted.java", str(proxy.port), SERVICE, USER, PASSWORD, wish],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=200)
            check(f"native encryption {wish}", good(done.stdout.strip()), done.stdout.strip() + done.stderr[-300:])
            print(f"     {done.stdout.strip()[:200]}")
    with_proxy(folder, "doors", build, source.port, {}, body)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/debug")
    build = (ROOT / parser.parse_args().build).resolve()
    signal.signal(signal.SIGTERM, servers.end_once)
    if not (DRIVERS / "python/bin/python").exists():
        print("SKIPPED: python-oracledb is not there; scripts/install-drivers says why\ntcps: 0 passed, 0 failed, 1 skipped")
        return
    folder = Path(tempfile.mkdtemp(prefix="tcps-", dir="/tmp"))
    folder.chmod(0o755)
    source = servers.Source(folder, build)
    try:
        make_certificates(folder)
        source.start()
        test_tls(folder, build, source, folder)
        test_bad_sources(folder, build, source, folder)
        test_doors(folder, build, source)
    finally:
        source.stop()
    if outcome["failed"]:
        servers.show_logs(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"tcps: {outcome['passed']} passed, {outcome['failed']} failed, {outcome['skipped']} skipped")
    sys.exit(1 if outcome["failed"] else 0)


main()
