# SPDX-License-Identifier: Apache-2.0
"""The words in which cases are written."""

LEGACY = "the stand-in's engine cannot: "
TARGET = "PostgreSQL cannot: "
PLSQL = "PL/SQL is not served from PostgreSQL without an override for the block"
DRIVER = "the driver cannot: "


def case(name, *steps, clean=None, skip=None, short=False):
    """One case. skip: {configuration, driver or driver/configuration: reason}. short: part of the short form."""
    made = {"name": name}
    if clean:
        made["clean"] = clean.split()
    if skip:
        made["skip"] = skip
    if short:
        made["short"] = True
    made["steps"] = list(steps)
    return made


def legacy_cannot(reason):
    return {"direct": LEGACY + reason, "relay": LEGACY + reason}


def target_cannot(reason):
    return {"postgres": TARGET + reason}


def query(sql, rows, *binds, **more):
    return with_binds({"sql": sql, "rows": [row if isinstance(row, list) else [row] for row in rows]}, binds, more)


def change(sql, count, *binds, **more):
    return with_binds({"sql": sql, "count": count}, binds, more)


def call(sql, *binds, **more):
    return with_binds({"sql": sql}, binds, more)


def fails(code, sql, *binds, **more):
    return with_binds({"sql": sql, "error": code}, binds, more)


def with_binds(step, binds, more):
    if len(binds) == 1 and isinstance(binds[0], dict) and binds[0].get("named"):
        step["binds"] = {k: v for k, v in binds[0].items() if k != "named"}
    elif binds:
        step["binds"] = list(binds)
    step.update(more)
    if step.get("lobs") == "locator" and not step.get("same_text"):  # a text of its own: drivers keep what a cached statement was fetched as
        step["sql"] = step["sql"].replace("SELECT ", "SELECT /* by locator */ ", 1)
    return step


def named(**binds):
    return {"named": True, **binds}


def do(what, **more):
    return {"do": what, **more}


def n(text):
    return {"n": str(text)}


def d(text):
    return {"d": text}


def ts(text):
    return {"ts": text}


def tz(text):
    return {"tz": text}


def ltz(text):
    return {"ltz": text}


def bf(text):
    return {"bf": str(text)}


def bd(text):
    return {"bd": str(text)}


def raw(text, times=1):
    return {"raw": text, "x": times} if times != 1 else {"raw": text}


def long(text, times, then=""):
    return {"s": text, "x": times, "then": then} if then else {"s": text, "x": times}


def clob(text, times=1, then=""):
    return {"clob": text, "x": times, "then": then}


def blob(text, times=1):
    return {"blob": text, "x": times}


def null(kind):
    """A NULL that is bound with a type."""
    return {"null": kind}


def table(kind, *values, room=10, **more):
    """An index-by table that goes in. out=True: values come back too."""
    return {"table": room, "kind": kind, "in": list(values), **more}


def table_out(kind, room=10):
    return {"table": room, "kind": kind, "out": kind}


def out(kind, **more):
    return {"out": kind, **more}


def var(name, **more):
    return {"var": name, **more}


COMMIT = do("commit")
ROLLBACK = do("rollback")
