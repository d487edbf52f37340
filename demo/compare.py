# SPDX-License-Identifier: Apache-2.0
"""Reads both databases by independent means (MariaDB's own client on its socket, psql) and compares them row by row."""
import functools
import os
import subprocess
import threading
from dataclasses import dataclass, field

from tables import SEPARATOR, TABLES, key_of, query

SOURCE, TARGET = 0, 1
EXAMPLES = 20


@dataclass
class Comparison:
    rows: int = 0
    different: int = 0
    only_source: int = 0
    only_target: int = 0
    examples: list = field(default_factory=list)
    tables: dict = field(default_factory=dict)

    @property
    def equal(self):
        return self.different == 0 and self.only_source == 0 and self.only_target == 0

    def add(self, kind, text):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind}: {text}")


def _lines(path):
    with open(path, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield line[:-1]


def _run_to_file(command, path, statement):
    with open(path, "wb") as out:
        done = subprocess.run(command, input=statement.encode(), stdout=out, stderr=subprocess.PIPE, check=False, env=dict(os.environ, TZ="UTC"))
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")


def export_source(legacy, folder):
    """Every row of the legacy side as text, one file a table; answers table -> function that gives the lines."""
    folder.mkdir(parents=True, exist_ok=True)
    names = legacy.table_names()
    for table in TABLES:
        command = ["mariadb", "--no-defaults", f"--socket={legacy.socket}", "-uroot", "--batch", "--skip-column-names", "--quick",
                   "--default-character-set=utf8mb4", legacy.database]
        _run_to_file(command, folder / f"{table.name}.txt", query(table, SOURCE, f"`{names[table.name]}`") + ";\n")
    return {table.name: functools.partial(_lines, folder / f"{table.name}.txt") for table in TABLES}


def export_target(conninfo, schema, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        statement = f"COPY ({query(table, TARGET, f'{schema}.{table.name}')}) TO STDOUT;\n"
        _run_to_file(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", conninfo], folder / f"{table.name}.txt", statement)
    return {table.name: functools.partial(_lines, folder / f"{table.name}.txt") for table in TABLES}


def export_both(legacy, conninfo, schema, folder):
    """Both sides at the same time; the load must stand still."""
    answers, problems = {}, []

    def work(side, function, *arguments):
        try:
            answers[side] = function(*arguments)
        except Exception as problem:  # pylint: disable=broad-except  # handed to the caller below
            problems.append(problem)

    threads = [threading.Thread(target=work, args=("source", export_source, legacy, folder / "source")),
               threading.Thread(target=work, args=("target", export_target, conninfo, schema, folder / "target"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return answers["source"], answers["target"]


def compare(source, target):
    """Both sides' lines of every table, key by key."""
    result = Comparison()
    for table in TABLES:
        before = result.different + result.only_source + result.only_target
        rows = _compare_table(result, table, source[table.name](), target[table.name]())
        result.rows += rows
        result.tables[table.name] = {"rows": rows, "differences": result.different + result.only_source + result.only_target - before}
    return result


def _compare_table(result, table, source, target):
    def number_key(line):
        return tuple(int(part) for part in line.split(SEPARATOR)[:len(table.key)])

    rows = 0
    left, right = next(source, None), next(target, None)
    while left is not None or right is not None:
        if left == right:
            rows += 1
            left, right = next(source, None), next(target, None)
            continue
        left_key = number_key(left) if left is not None else None
        right_key = number_key(right) if right is not None else None
        if right_key is None or (left_key is not None and left_key < right_key):
            result.add("only_source", f"{table.name} {left_key}: {left[:300]}")
            left = next(source, None)
        elif left_key is None or right_key < left_key:
            result.add("only_target", f"{table.name} {right_key}: {right[:300]}")
            right = next(target, None)
        else:
            rows += 1
            result.add("different", f"{table.name} {key_of(table, left.split(SEPARATOR))}: {differing(table, left, right)}")
            left, right = next(source, None), next(target, None)
    return rows


def differing(table, left, right):
    pairs = zip(table.names, left.split(SEPARATOR), right.split(SEPARATOR))
    return ", ".join(f"{name}: source {a} target {b}" for name, a, b in pairs if a != b)
