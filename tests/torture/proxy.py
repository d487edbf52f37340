# SPDX-License-Identifier: Apache-2.0
"""A TCP relay that cuts connections: between the daemon and the source, at a call or at its answer."""
import random
import socket
import threading
import time


class Proxy:
    """Listens on its own port, relays to another. While `share` is above 0, that share of the packets ends its connection: before it is passed on (the call never
    arrives) or after (its answer never comes)."""

    def __init__(self, to_port, seed):
        self.to_port, self.random, self.share, self.cuts = to_port, random.Random(seed), 0.0, 0
        self.delay = 0.0  # seconds by which each piece of an answer is late
        self.lock, self.open, self.stopped = threading.Lock(), set(), False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.stopped:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.to_port), 5)
            except OSError:
                client.close()
                continue
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.open.add(client)
                self.open.add(server)
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source, sink, calls):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if self.delay and not calls:
                    time.sleep(self.delay)
                cut = self.share and self.random.random() < self.share
                if not cut or (calls and self.random.random() < 0.5):
                    sink.sendall(data)
                if cut:
                    self.cuts += 1
                    break
        except OSError:
            pass
        self._close(source, sink)

    def _close(self, *sides):
        for side in sides:
            with self.lock:
                self.open.discard(side)
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            try:
                side.close()
            except OSError:
                pass

    def cut_all(self):
        with self.lock:
            sides = list(self.open)
        self._close(*sides)

    def stop(self):
        self.stopped = True
        self.listener.close()
        self.cut_all()
