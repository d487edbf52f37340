# SPDX-License-Identifier: Apache-2.0
"""The clients' ledgers, and the proof that a database holds every acknowledged write once and nothing else."""
import json
from dataclasses import dataclass, field
from pathlib import Path

from tables import SEPARATOR, TABLES, key_of

EXAMPLES = 20


class Expected:
    """What the acknowledged commits of all clients make of one row. A row's single columns belong to one client; added columns to all."""
    __slots__ = ("present", "inserted", "columns", "added")

    def __init__(self):
        self.present = None      # None: not known, as before the clients began; True / False: written so
        self.inserted = False
        self.columns = {}
        self.added = {}


@dataclass
class Verdict:
    missing: int = 0             # an acknowledged write that is not there
    extra: int = 0               # something there that nobody was acknowledged
    commits: int = 0
    effects: int = 0
    rows: int = 0
    unknown: int = 0             # commits whose answer was not seen
    examples: list = field(default_factory=list)

    @property
    def good(self):
        return self.missing == 0 and self.extra == 0

    def add(self, kind, text):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind}: {text}")


@dataclass
class Ledger:
    rows: dict = field(default_factory=lambda: {table.name: {} for table in TABLES})
    uncertain: dict = field(default_factory=lambda: {table.name: set() for table in TABLES})
    commits: int = 0
    effects: int = 0
    unknown: int = 0


def read_ledgers(folder):
    ledger = Ledger()
    for path in sorted(Path(folder).glob("client-*.jsonl")):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                if entry["s"] == "ok":
                    ledger.commits += 1
                    for effect in entry["f"]:
                        _apply(ledger, effect)
                else:
                    ledger.unknown += 1
                    for _, table, key, _ in entry["f"]:
                        ledger.uncertain[table].add(key)
    return ledger


def _apply(ledger, effect):
    what, table, key, values = effect
    ledger.effects += 1
    row = ledger.rows[table].get(key)
    if row is None:
        row = ledger.rows[table][key] = Expected()
    if what == "a":
        for name, amount in values.items():
            row.added[name] = row.added.get(name, 0) + amount
    elif what == "d":
        row.present, row.inserted, row.columns = False, False, {}
    else:
        row.present = True
        row.inserted = row.inserted or what == "i"
        row.columns.update(values)


def check(ledger, export, baseline):
    """Every row of a side (export: table -> lines) against what stood before the clients began (baseline) and the ledger."""
    verdict = Verdict(commits=ledger.commits, effects=ledger.effects, unknown=ledger.unknown)
    for table in TABLES:
        before = {key_of(table, line.split(SEPARATOR)): line for line in baseline[table.name]()}
        _check_table(verdict, table, ledger, export[table.name](), before)
    return verdict


def _check_table(verdict, table, ledger, lines, before):
    expected, uncertain = ledger.rows[table.name], ledger.uncertain[table.name]
    seen = set()
    for line in lines:
        verdict.rows += 1
        values = line.split(SEPARATOR)
        key = key_of(table, values)
        if key in seen:
            verdict.add("extra", f"{table.name} {key} is there twice")
            continue
        seen.add(key)
        if key in uncertain:
            continue
        row, old = expected.get(key), before.get(key)
        if row is None:
            if old is None:
                verdict.add("extra", f"{table.name} {key}: a row that nobody was acknowledged: {line[:200]}")
            elif old != line:
                verdict.add("extra", f"{table.name} {key}: changed by nobody, was {old[:200]}, is {line[:200]}")
            continue
        if row.present is False:
            verdict.add("extra", f"{table.name} {key}: an acknowledged delete is undone")
            continue
        problem = _difference(table, row, values, old)
        if problem:
            verdict.add("missing", f"{table.name} {key}: {problem}")
    for key, row in expected.items():
        if row.present is not False and key not in seen and key not in uncertain:
            verdict.add("missing", f"{table.name} {key}: the row is not there")
    for key in before.keys() - seen:
        if key not in uncertain and (key not in expected or expected[key].present is None):
            verdict.add("missing", f"{table.name} {key}: a row from before the clients began is gone")


def _difference(table, row, values, old):
    was = old.split(SEPARATOR) if old is not None else None
    for index, (name, _) in enumerate(table.columns):
        if name in row.added:
            start = row.columns.get(name) or (was[index] if was else "0")
            wanted = str(int(start) + row.added[name])
        elif name in row.columns:
            wanted = row.columns[name]
        elif was is None or name in table.varies:
            continue
        else:
            wanted = was[index]
        if values[index] != wanted:
            return f"{name} should be {wanted}, is {values[index]}"
    return None
