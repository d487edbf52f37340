# SPDX-License-Identifier: Apache-2.0
"""Damage planted on the target behind the product's back, and which rows must be found."""
import itertools


def _rows(target, table, where="true"):
    answer = target.rows(f"SELECT id FROM cases.{table} WHERE {where} ORDER BY id")
    return [int(row[0]) for row in answer if row and row[0]]


def plant(target, wanted):
    """About as many as wanted, every kind in turn; answers {(table, key)} of the rows that differ now, and how many acts it took."""
    free = {table: iter(_rows(target, table, where)) for table, where in
            (("texts", "id <= 300"), ("bulk", "v IS NOT NULL AND t IS NOT NULL"), ("events", "text IS NOT NULL"), ("churn", "true"), ("children", "true"))}
    ghosts = itertools.count(10**9)
    statements, found, acts = [], set(), 0

    def take(table):
        return next(free[table])

    def differs(table, *keys):
        found.update((table.upper(), str(key)) for key in keys)

    def value():
        row = take("bulk")
        statements.append(f"UPDATE bulk SET v = v + 1 WHERE id = {row}")
        differs("bulk", row)

    def null():
        row = take("bulk")
        statements.append(f"UPDATE bulk SET t = NULL WHERE id = {row}")
        differs("bulk", row)

    def blank():
        row = take("bulk")
        statements.append(f"UPDATE bulk SET t = t || ' ' WHERE id = {row}")
        differs("bulk", row)

    def eighth_digit():
        row = take("texts")
        statements.append(f"UPDATE texts SET f = f + 0.00000001 WHERE id = {row}")
        differs("texts", row)

    def one_second():
        row = take("texts")
        statements.append(f"UPDATE texts SET d = d + interval '1 second' WHERE id = {row}")
        differs("texts", row)

    def microsecond():
        row = take("events")
        statements.append(f"UPDATE events SET exactly = exactly + interval '1 microsecond' WHERE id = {row}")
        differs("events", row)

    def lob_tail():
        row = take("texts")
        statements.append(f"UPDATE texts SET c = left(c, length(c) - 1) || '#' WHERE id = {row}")
        differs("texts", row)

    def lob_blank():
        row = take("texts")
        statements.append(f"UPDATE texts SET c = c || ' ' WHERE id = {row}")
        differs("texts", row)

    def swapped():
        a, b = take("texts"), take("texts")
        statements.append(f"UPDATE texts t SET d = o.d, f = o.f, c = o.c FROM texts o WHERE (t.id = {a} AND o.id = {b}) OR (t.id = {b} AND o.id = {a})")
        differs("texts", a, b)

    def lost_row():
        row = take("bulk")
        statements.append(f"DELETE FROM bulk WHERE id = {row}")
        differs("bulk", row)

    def ghost():
        row = next(ghosts)
        statements.append(f"INSERT INTO bulk (id, v, t) VALUES ({row}, 1, 'ghost')")
        differs("bulk", row)

    def wrong_key():
        row, to = take("events"), next(ghosts)
        statements.append(f"UPDATE events SET id = {to} WHERE id = {row}")
        differs("events", row, to)

    for kind in itertools.cycle((value, null, blank, eighth_digit, one_second, microsecond, lob_tail, lob_blank, swapped, lost_row, ghost, wrong_key)):
        try:
            kind()
        except StopIteration:
            continue
        finally:
            acts += 1
        if len(statements) >= wanted or acts > 20 * wanted:
            break
    target.execute("; ".join(statements))
    return found, len(statements)
