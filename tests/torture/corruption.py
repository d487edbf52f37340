# SPDX-License-Identifier: Apache-2.0
"""Damage planted on the target behind the product's back, and which rows must be found."""
import itertools

# Rows of which tables may be damaged.
ROWS = {"texts": "id <= 300", "bulk": "v IS NOT NULL AND t IS NOT NULL", "events": "text IS NOT NULL"}

# table, rows of it that are taken, ids that it did not have, the damage; each of these ids differs then
KINDS = (
    ("bulk", 1, 0, "UPDATE bulk SET v = v + 1 WHERE id = {0}"),
    ("bulk", 1, 0, "UPDATE bulk SET t = NULL WHERE id = {0}"),
    ("bulk", 1, 0, "UPDATE bulk SET t = t || ' ' WHERE id = {0}"),
    ("texts", 1, 0, "UPDATE texts SET f = f + 0.00000001 WHERE id = {0}"),
    ("texts", 1, 0, "UPDATE texts SET d = d + interval '1 second' WHERE id = {0}"),
    ("events", 1, 0, "UPDATE events SET exactly = exactly + interval '1 microsecond' WHERE id = {0}"),
    ("texts", 1, 0, "UPDATE texts SET c = left(c, length(c) - 1) || '#' WHERE id = {0}"),
    ("texts", 1, 0, "UPDATE texts SET c = c || ' ' WHERE id = {0}"),
    ("texts", 2, 0, "UPDATE texts t SET d = o.d, f = o.f, c = o.c FROM texts o WHERE (t.id = {0} AND o.id = {1}) OR (t.id = {1} AND o.id = {0})"),
    ("bulk", 1, 0, "DELETE FROM bulk WHERE id = {0}"),
    ("bulk", 0, 1, "INSERT INTO bulk (id, v, t) VALUES ({0}, 1, 'ghost')"),
    ("events", 1, 1, "UPDATE events SET id = {1} WHERE id = {0}"),
)


def _rows(target, table, where):
    answer = target.rows(f"SELECT id FROM cases.{table} WHERE {where} ORDER BY id")
    return [int(row[0]) for row in answer if row and row[0]]


def plant(target, wanted):
    """About as many as wanted, every kind in turn; answers {(table, key)} of the rows that differ now, and how many acts it took."""
    free = {table: iter(_rows(target, table, where)) for table, where in ROWS.items()}
    ghosts = itertools.count(10**9)
    statements, found = [], set()
    for table, taken, made, text in itertools.islice(itertools.cycle(KINDS), 20 * wanted):
        rows = list(itertools.islice(free[table], taken))
        if len(rows) < taken:
            continue  # none of this table is left
        rows += itertools.islice(ghosts, made)
        statements.append(text.format(*rows))
        found.update((table.upper(), str(row)) for row in rows)
        if len(statements) >= wanted:
            break
    target.execute("; ".join(statements))
    return found, len(statements)
