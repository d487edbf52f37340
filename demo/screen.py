# SPDX-License-Identifier: Apache-2.0
"""One screen of live progress; on something that is not a terminal, a line every few seconds."""
import shutil
import sys
import time

EVERY_S = 0.5
PLAIN_EVERY_S = 5
HISTORY = 9


def number(value, digits=0):
    if value is None:
        return "-"
    return f"{value:,.{digits}f}"


def pick(data, *path, default=None):
    for name in path:
        if not isinstance(data, dict) or data.get(name) is None:
            return default
        data = data[name]
    return data


class Screen:
    def __init__(self, clock, plain=False):
        self.clock = clock
        self.plain = plain or not sys.stdout.isatty()
        self.history = []
        self.last = 0.0
        self.step = ""

    def say(self, text):
        """Something that happened: stays in sight."""
        line = f"{self.clock.elapsed():6.1f} s  {text}"
        self.history.append(line)
        if self.plain:
            print(line, flush=True)

    def begin(self, step):
        self.step = step
        self.clock.step(step)
        self.say(f"== {step}")

    def update(self, status, load, force=False):
        every = PLAIN_EVERY_S if self.plain else EVERY_S
        now = time.monotonic()
        if not force and now - self.last < every:
            return
        self.last = now
        if self.plain:
            print("          " + summary(status, load), flush=True)
        else:
            self._draw(status, load)

    def _draw(self, status, load):
        width = shutil.get_terminal_size((100, 30)).columns - 1
        lines = [f"Understudy demo   {self.clock.elapsed():5.0f} s   {self.step}", ""]
        lines += body(status, load) + [""] + self.history[-HISTORY:]
        sys.stdout.write("\x1b[H\x1b[J" + "\n".join(line[:width] for line in lines) + "\n")
        sys.stdout.flush()

    def close(self):
        if not self.plain:
            sys.stdout.write("\x1b[H\x1b[J")
            print("\n".join(self.history), flush=True)


def body(status, load):
    status = status or {}
    bound, estimate = pick(status, "consistency", "bound"), pick(status, "consistency", "estimate")
    gate = pick(status, "gate", default={})
    lines = [
        f"  phase        {pick(status, 'phase', default='not running'):<12} primary {pick(status, 'primary', default='-'):<8} "
        f"canary {number(pick(status, 'canary_percent'))} %   epoch {number(pick(status, 'epoch'))}",
        f"  clients      {load['clients']} connected, {number(load['per_s'])} calls/s, {number(load['calls'])} calls, failed {load['failed']}, "
        f"reconnects {load['reconnects']}",
        f"  pause        longest call {number(load['longest_pause_ms'], 1)} ms ({load['longest_kind'] or '-'}), p99 now {number(load['p99_ms'], 2)} ms; "
        f"last switch {number(pick(status, 'last_switch', 'pause_ms'), 0)} ms",
        f"  through us   {number(pick(status, 'calls', 'per_s'))} calls/s, relayed {number(pick(status, 'calls', 'relayed'))}, "
        f"served by the target {number(pick(status, 'calls', 'served'))}",
        f"  mirror       lag {number(pick(status, 'lag', 'records'))} records, {number(pick(status, 'lag', 'seconds'), 2)} s",
        f"  consistency  {number(pick(status, 'consistency', 'comparable'))} comparisons, {number(pick(status, 'consistency', 'divergent'))} divergent, "
        f"estimate {estimate if estimate is not None else '-'}, bound {bound if bound is not None else '-'}, "
        f"needed {number(pick(status, 'consistency', 'needed'))}",
        f"  rows         {number(pick(status, 'rows', 'verified'))} verified; divergences open {number(pick(status, 'divergences', 'open'))}, "
        f"repaired {number(pick(status, 'divergences', 'repaired'))}",
        f"  gate         to {gate.get('target', '-')}: " + ("open" if gate.get("open") else "closed" + missing_codes(gate)),
    ]
    return lines


def missing_codes(gate):
    codes = [item.get("code", "?") if isinstance(item, dict) else str(item) for item in gate.get("missing", [])]
    return ": " + ", ".join(codes) if codes else ""


def summary(status, load):
    status = status or {}
    return (f"{pick(status, 'phase', default='-')} canary {number(pick(status, 'canary_percent'))} % | {number(load['per_s'])} calls/s, {number(load['calls'])} calls, "
            f"failed {load['failed']}, longest {number(load['longest_pause_ms'], 0)} ms | lag {number(pick(status, 'lag', 'records'))} | "
            f"{number(pick(status, 'consistency', 'comparable'))} compared, bound {pick(status, 'consistency', 'bound', default='-')} | "
            f"open {number(pick(status, 'divergences', 'open'))}")
