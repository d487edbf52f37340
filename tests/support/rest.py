# SPDX-License-Identifier: Apache-2.0
"""How the threads of a load stand still: between two pieces of work, and never with one half begun."""
import threading


class Rest:
    def __init__(self, at_rest=False):
        """at_rest: the worker does not begin before it is told to."""
        self._changed = threading.Condition()
        self._wanted, self._resting, self._over = at_rest, False, False

    def between(self, stopping):
        """The worker, between two pieces of work: stays here while rest is wanted, unless stopping() says that all is over. Whether it is to go on."""
        with self._changed:
            self._resting = self._wanted
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._wanted or stopping())
            self._resting = False
        return not stopping()

    def over(self):
        """The worker has ended: it will not begin anything."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def ask(self):
        with self._changed:
            self._wanted = True

    def wait(self, seconds):
        """Whether the worker stands still, within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._resting or self._over, seconds)

    def end(self):
        """On with the work, or on to its end."""
        with self._changed:
            self._wanted = False
            self._changed.notify_all()
