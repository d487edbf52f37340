# SPDX-License-Identifier: Apache-2.0
"""Cases about transactions of several parts: distributed ones (XA), and two sessions that wait for each other."""
from case_words import COMMIT, DRIVER, ROLLBACK, call, case, change, do, fails, query

ROW = "INSERT INTO t_dml (id, name) VALUES (:1, :2)"
COUNT = "SELECT COUNT(*) FROM t_dml"
NO_BRANCHES = {"go": DRIVER + "no distributed transactions", "postgres": "distributed transactions are refused while PostgreSQL is the primary: see xa.refused"}
NO_PROMOTION = {driver: DRIVER + "no promotion of a local transaction" for driver in ("ojdbc8", "ojdbc11")}


def on(step, name):
    return dict(step, on=name)


def xa(op, xid="x", name="b", **more):
    return do("xa", op=op, xid=xid, on=name, **more)


def join(name="b"):
    return do("connect", **{"as": name, "xa": True})


def branches():
    def branch(name, *steps, skip=None, short=False):
        return case("xa." + name, join(), *steps, clean="t_dml", skip={**NO_BRANCHES, **(skip or {})}, short=short)
    return [
        branch("two_phases", xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end"), xa("prepare"), query(COUNT, [0]), xa("commit"), query(COUNT, [1]), short=True),
        branch("one_phase", xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end"), query(COUNT, [0]), xa("commit", one_phase=True), query(COUNT, [1])),
        branch("rolled_back", xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end"), xa("rollback"), query(COUNT, [0])),
        branch("rolled_back_when_prepared", xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end"), xa("prepare"), xa("rollback"), query(COUNT, [0])),
        branch("read_only", xa("start"), on(query(COUNT, [0]), "b"), xa("end"), xa("prepare", needed=False), xa("start"), xa("end"), xa("rollback")),
        branch("not_seen_outside", xa("start"), on(change(ROW, 1, 1, "a"), "b"), on(query(COUNT, [1]), "b"), query(COUNT, [0]), xa("end"), on(query(COUNT, [0]), "b"), xa("rollback")),
        branch("resumed", xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end", flag="suspend"), on(query(COUNT, [0]), "b"), xa("start", flag="resume"), on(query(COUNT, [1]), "b"),
               on(change(ROW, 1, 2, "b"), "b"), xa("end"), xa("commit", one_phase=True), query(COUNT, [2])),
        branch("two_on_a_session", *[step for i in (1, 2) for step in (xa("start", f"x{i}"), on(change(ROW, 1, i, "a"), "b"), xa("end", f"x{i}"))], xa("prepare", "x1"), xa("prepare", "x2"), xa("commit", "x1"),
               query("SELECT id FROM t_dml", [1]), xa("commit", "x2"), query(COUNT, [2])),
        branch("ended_by_another_session", join("c"), xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end"), xa("prepare", name="c"), xa("commit", name="c"), query(COUNT, [1])),
        branch("handed_over", join("c"), xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end"), xa("start", name="c", flag="join"), on(change("UPDATE t_dml SET qty = 8", 1), "c"), xa("end", name="c"),
               xa("commit", name="c", one_phase=True), query("SELECT qty FROM t_dml", [8])),
        branch("two_branches", join("c"), xa("start"), xa("start", name="c", branch="two"), on(change(ROW, 1, 1, "a"), "b"), on(change(ROW, 1, 2, "b"), "c"), xa("end"), xa("end", name="c", branch="two"),
               xa("prepare"), xa("prepare", name="c", branch="two"), xa("commit"), xa("commit", name="c", branch="two"), query(COUNT, [2])),
        branch("local_work_between", on(change(ROW, 1, 1, "a"), "b"), on(COMMIT, "b"), xa("start"), on(change(ROW, 1, 2, "b"), "b"), xa("end"), on(change(ROW, 1, 3, "c"), "b"), on(COMMIT, "b"), xa("rollback"),
               query("SELECT id FROM t_dml ORDER BY id", [1, 3])),
        branch("statements_in_and_out", *[step for i in range(1, 6) for step in (xa("start", f"x{i}"), on(change(ROW, 1, i, "a"), "b"), on(query(COUNT, [i]), "b"), xa("end", f"x{i}"), on(query(COUNT, [i - 1]), "b"),
                                                                               xa("commit", f"x{i}", one_phase=True))]),
        branch("statement_fails_inside", xa("start"), on(change(ROW, 1, 1, "a"), "b"), on(fails(1, ROW, 1, "b"), "b"), on(change(ROW, 1, 2, "c"), "b"), xa("end"), xa("prepare"), xa("commit"), query(COUNT, [2])),
        branch("savepoint_inside", xa("start"), on(change(ROW, 1, 1, "a"), "b"), on(call("SAVEPOINT s1"), "b"), on(change(ROW, 1, 2, "b"), "b"), on(call("ROLLBACK TO SAVEPOINT s1"), "b"), xa("end"),
               xa("commit", one_phase=True), query(COUNT, [1])),
        branch("promoted", on(change(ROW, 1, 1, "a"), "b"), xa("start", error=24776), xa("start", flag="promote"), xa("end"), query(COUNT, [0]), xa("prepare"), xa("commit"), query(COUNT, [1]), skip=NO_PROMOTION),
        branch("duplicate", xa("start"), xa("end"), xa("start", error=24757), xa("rollback")),
        branch("unknown", xa("prepare", "nobody", error=24756), xa("commit", "nobody", error=24756), xa("rollback", "nobody", error=24756), xa("start", "nobody", flag="join", error=24756)),
        branch("committed_once", xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end"), xa("prepare"), xa("commit"), xa("commit", error=24756)),
        branch("ddl_refused", xa("start"), on(fails(2089, "CREATE TABLE t_inside (id NUMBER)"), "b"), xa("end"), xa("rollback")),
        branch("session_closed", xa("start"), on(change(ROW, 1, 1, "a"), "b"), do("abort", on="b"), do("sleep", ms=500), query(COUNT, [0])),
        branch("session_closed_when_prepared", join("c"), xa("start"), on(change(ROW, 1, 1, "a"), "b"), xa("end"), xa("prepare"), do("close", on="b"), xa("commit", name="c"), query(COUNT, [1])),
        branch("locks_held_when_prepared", on(change(ROW, 1, 1, "a"), "b"), on(COMMIT, "b"), xa("start"), on(change("UPDATE t_dml SET qty = 8", 1), "b"), xa("end"), xa("prepare"), fails(54, "SELECT id FROM t_dml FOR UPDATE NOWAIT"),
               xa("commit"), query("SELECT qty FROM t_dml FOR UPDATE NOWAIT", [8]), ROLLBACK),
        case("xa.refused", join(), xa("start", error=439), on(query("SELECT 1 FROM dual", [1]), "b"),
             skip={"go": NO_BRANCHES["go"], "direct": "only PostgreSQL as the primary refuses it", "relay": "only PostgreSQL as the primary refuses it"}),
    ]


def deadlocks():
    """b has changed more rows, and has begun to wait later: both databases then take a for the one to be refused. b waits until a has rolled back: only a's statement was undone."""
    rows = {"sql": ROW, "many": [[i, f"name {i}"] for i in range(1, 31)], "count": 30}
    one, two = "UPDATE t_dml SET qty = 1 WHERE id = 1", "UPDATE t_dml SET qty = 2 WHERE id = 2"
    return [
        case("lock.deadlock", do("connect", **{"as": "b"}), rows, COMMIT, change(one, 1), on(change("UPDATE t_dml SET qty = 3 WHERE id > 1", 29), "b"), dict(fails(60, two), behind="waits"), do("sleep", ms=1500),
             on(dict(change(one, 1), behind="goes on"), "b"), do("join", of="waits"), ROLLBACK, do("join", of="goes on"), on(COMMIT, "b"), query("SELECT qty, COUNT(*) FROM t_dml GROUP BY qty ORDER BY qty", [[1, 1], [3, 29]]), clean="t_dml", short=True),
        case("lock.waits_for_commit", do("connect", **{"as": "b"}), rows, COMMIT, change(one, 1), on(dict(change("UPDATE t_dml SET qty = qty + 5 WHERE id = 1", 1), behind="waits"), "b"), do("sleep", ms=300), COMMIT, do("join", of="waits"),
             on(COMMIT, "b"), query("SELECT qty FROM t_dml WHERE id = 1", [6]), clean="t_dml"),
    ]


def cases():
    return branches() + deadlocks()
