# SPDX-License-Identifier: Apache-2.0
"""Cases about sessions: log-in, packets, transactions, locks, cancel and timeout, settings, ends good and bad."""
from case_words import COMMIT, DRIVER, ROLLBACK, call, case, change, do, fails, long, query

SLOW = "SELECT COUNT(*) FROM t_many a, t_many b WHERE a.n + b.n < -1"
GO_SDU = {"go": DRIVER + "no SDU in its connect string"}


def connect(name="b", **more):
    return do("connect", **{"as": name}, **more)


def on(step, name="b"):
    return dict(step, on=name)


def logins():
    made = [
        case("login.good", connect(), on(query("SELECT 1 FROM dual", [1])), do("close", on="b"), short=True),
        case("login.wrong_password", connect(password="wrong", error=1017), short=True),
        case("login.empty_like_password", connect(password=" ", error=1017)),
        case("login.unknown_user", connect(user="nobody", error=1017)),
        case("login.unknown_service", connect(service="nosuch", error=12514), short=True),
        case("login.lower_case_user", connect(user="cases"), on(query("SELECT 1 FROM dual", [1]))),
        case("login.upper_case_service", connect(service="LEGACY"), on(query("SELECT 1 FROM dual", [1]))),
        case("login.lower_case_service", connect(service="legacy"), on(query("SELECT 1 FROM dual", [1]))),
        case("login.descriptor", connect(form="descriptor"), on(query("SELECT 1 FROM dual", [1]))),
        case("login.again_after_refusal", connect(password="wrong", error=1017), connect(), on(query("SELECT 1 FROM dual", [1]))),
        case("login.ten_times", do("repeat", times=10, steps=[connect(), on(query("SELECT 1 FROM dual", [1])), do("close", on="b")])),
        case("login.eight_at_once", *[connect(f"s{i}") for i in range(8)], *[on(query(f"SELECT {i} + 1 FROM dual", [i + 1]), f"s{i}") for i in range(8)]),
    ]
    for sdu in (512, 1024, 2048, 8192, 32767, 65535, 2097152):
        made.append(case(f"login.sdu_{sdu}", connect(form="descriptor", sdu=sdu), on(change("INSERT INTO t_text (id, v4000) VALUES (1, :1)", 1, long("s", 4000))), on(query("SELECT v4000 FROM t_text", [long("s", 4000)])),
                         on({"sql": "SELECT id, v FROM t_many WHERE id <= 3000 ORDER BY id", "fetch": {"array": 1000}, "summary": {"count": 3000, "sum": "4501500"}}), on(ROLLBACK), clean="t_text",
                         skip=None))
    return made


def transactions():
    row = "INSERT INTO t_dml (id, name) VALUES (:1, :2)"
    count = "SELECT COUNT(*) FROM t_dml"
    return [
        case("transaction.commit", change(row, 1, 1, "a"), COMMIT, ROLLBACK, query(count, [1]), clean="t_dml", short=True),
        case("transaction.rollback", change(row, 1, 1, "a"), ROLLBACK, query(count, [0]), clean="t_dml", short=True),
        case("transaction.autocommit", change(row, 1, 1, "a", autocommit=True), ROLLBACK, query(count, [1]), clean="t_dml"),
        case("transaction.autocommit_error", change(row, 1, 1, "a", autocommit=True), fails(1, row, 1, "b", autocommit=True), change(row, 1, 2, "c", autocommit=True), ROLLBACK, query(count, [2]), clean="t_dml"),
        case("transaction.isolated", connect(), change(row, 1, 1, "a"), on(query(count, [0])), query(count, [1]), COMMIT, on(query(count, [1])), clean="t_dml"),
        case("transaction.read_committed", connect(), query(count, [0]), on(change(row, 1, 1, "a")), on(COMMIT), query(count, [1]), clean="t_dml"),
        case("transaction.closed_means_rolled_back", connect(), on(change(row, 1, 1, "a")), do("abort", on="b"), do("sleep", ms=300), query(count, [0]), clean="t_dml"),
        case("transaction.savepoint", change(row, 1, 1, "a"), call("SAVEPOINT s1"), change(row, 1, 2, "b"), call("ROLLBACK TO SAVEPOINT s1"), change(row, 1, 3, "c"), COMMIT,
             query("SELECT id FROM t_dml ORDER BY id", [1, 3]), clean="t_dml"),
        case("transaction.savepoint_nested", change(row, 1, 1, "a"), call("SAVEPOINT s1"), change(row, 1, 2, "b"), call("SAVEPOINT s2"), change(row, 1, 3, "c"), call("ROLLBACK TO s2"), call("ROLLBACK TO s1"), COMMIT,
             query("SELECT id FROM t_dml ORDER BY id", [1]), clean="t_dml"),
        case("transaction.savepoint_moved", change(row, 1, 1, "a"), call("SAVEPOINT s1"), change(row, 1, 2, "b"), call("SAVEPOINT s1"), change(row, 1, 3, "c"), call("ROLLBACK TO s1"), COMMIT,
             query("SELECT id FROM t_dml ORDER BY id", [1, 2]), clean="t_dml"),
        case("transaction.savepoint_unknown", fails(1086, "ROLLBACK TO SAVEPOINT never_set")),
        case("transaction.savepoint_after_error", change(row, 1, 1, "a"), call("SAVEPOINT s1"), fails(1, row, 1, "b"), change(row, 1, 2, "b"), call("ROLLBACK TO s1"), COMMIT, query("SELECT id FROM t_dml", [1]), clean="t_dml"),
        case("transaction.commit_statement", change(row, 1, 1, "a"), call("COMMIT"), ROLLBACK, query(count, [1]), clean="t_dml"),
        case("transaction.rollback_statement", change(row, 1, 1, "a"), call("ROLLBACK"), query(count, [0]), clean="t_dml"),
        case("transaction.empty_commits", COMMIT, ROLLBACK, COMMIT, COMMIT, query("SELECT 1 FROM dual", [1])),
        case("transaction.thousand_small", do("repeat", times=200, steps=[change("INSERT INTO t_number (id, n) VALUES (:1, 1)", 1, {"var": "i"}), COMMIT]), query("SELECT COUNT(*) FROM t_number", [200]), clean="t_number"),
        case("lock.for_update", change(row, 1, 1, "a"), COMMIT, query("SELECT id FROM t_dml WHERE id = 1 FOR UPDATE", [1]), change("UPDATE t_dml SET qty = 8 WHERE id = 1", 1), COMMIT, query("SELECT qty FROM t_dml", [8]), clean="t_dml"),
        case("lock.nowait", change(row, 1, 1, "a"), COMMIT, connect(), query("SELECT id FROM t_dml WHERE id = 1 FOR UPDATE", [1]), on(fails(54, "SELECT id FROM t_dml WHERE id = 1 FOR UPDATE NOWAIT")), COMMIT,
             on(query("SELECT id FROM t_dml WHERE id = 1 FOR UPDATE NOWAIT", [1])), on(ROLLBACK), clean="t_dml", short=True),
        case("lock.skip_locked", change(row, 1, 1, "a"), change(row, 1, 2, "b"), COMMIT, connect(), query("SELECT id FROM t_dml WHERE id = 1 FOR UPDATE", [1]),
             on(query("SELECT id FROM t_dml ORDER BY id FOR UPDATE SKIP LOCKED", [2])), ROLLBACK, on(ROLLBACK), clean="t_dml"),
        case("lock.wait_1", change(row, 1, 1, "a"), COMMIT, connect(), query("SELECT id FROM t_dml WHERE id = 1 FOR UPDATE", [1]), on(fails([30006, 54], "SELECT id FROM t_dml WHERE id = 1 FOR UPDATE WAIT 1")), ROLLBACK, clean="t_dml"),
        case("lock.readers_go_on", change(row, 1, 1, "a"), COMMIT, connect(), change("UPDATE t_dml SET qty = 9", 1), on(query("SELECT qty FROM t_dml", [7])), ROLLBACK, clean="t_dml"),
        case("lock.update_timeout", change(row, 1, 1, "a"), COMMIT, connect(), change("UPDATE t_dml SET qty = 9", 1), on(fails(["timeout", 1013, "closed"], "UPDATE t_dml SET qty = 10", timeout_ms=1000)), ROLLBACK,
             query("SELECT qty FROM t_dml", [7]), clean="t_dml"),
    ]


def interruptions():
    no_cancel = {"go": DRIVER + "cancel is its timeout; see cancel.timeout"}
    return [
        case("cancel.during_query", connect(), on(fails([1013, "timeout"], SLOW, cancel_ms=1000)), on(query("SELECT 1 FROM dual", [1])), skip=no_cancel, short=True),
        case("cancel.timeout", connect(), on(fails(["timeout", 1013], SLOW, timeout_ms=3000)), on(query("SELECT 1 FROM dual", [1])), skip={"go": DRIVER + "it gives the connection up after a timeout"}),
        case("cancel.timeout_alone", connect(), on(fails(["timeout", 1013, "closed"], SLOW, timeout_ms=1000)), query("SELECT 1 FROM dual", [1])),
        case("cancel.twice", connect(), on(fails([1013, "timeout"], SLOW, cancel_ms=1000)), on(fails([1013, "timeout"], SLOW, cancel_ms=1000)), on(query("SELECT 2 FROM dual", [2])), skip=no_cancel),
        case("cancel.keeps_transaction", connect(), on(change("INSERT INTO t_dml (id, name) VALUES (1, 'a')", 1)), on(fails([1013, "timeout"], SLOW, cancel_ms=1000)), on(COMMIT), query("SELECT COUNT(*) FROM t_dml", [1]), clean="t_dml", skip=no_cancel),
        case("cancel.timeout_not_reached", connect(), on(query("SELECT COUNT(*) FROM t_many", [100000], timeout_ms=30000)), on(query("SELECT 1 FROM dual", [1]))),
    ]


def lives():
    return [
        case("session.ping", do("ping"), do("ping"), query("SELECT 1 FROM dual", [1]), short=True),
        case("session.ping_in_transaction", change("INSERT INTO t_dml (id, name) VALUES (1, 'a')", 1), do("ping"), COMMIT, query("SELECT COUNT(*) FROM t_dml", [1]), clean="t_dml"),
        case("session.alter_date_format", connect(), on(call("ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY/MM/DD'")), on(query("SELECT TO_CHAR(DATE '2024-02-29') FROM dual", ["2024/02/29"])),
             on(query("SELECT DATE '2024-02-29' || '' FROM dual", ["2024/02/29"])), on(call("ALTER SESSION SET NLS_DATE_FORMAT = 'DD.MM.YY'")), on(query("SELECT TO_CHAR(DATE '2024-02-29') FROM dual", ["29.02.24"]))),
        case("session.alter_is_of_one_session", connect(), on(call("ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY'")), connect("c"), on(call("ALTER SESSION SET NLS_DATE_FORMAT = 'MM'"), "c"),
             on(query("SELECT TO_CHAR(DATE '2024-02-29') FROM dual", ["2024"])), on(query("SELECT TO_CHAR(DATE '2024-02-29') FROM dual", ["02"]), "c")),
        case("session.alter_time_zone", connect(), on(call("ALTER SESSION SET TIME_ZONE = '+02:00'")), on(query("SELECT 1 FROM dual", [1]))),
        case("session.module", connect(), do("module", on="b", module="cases", action="one", client="somebody"), on(query("SELECT 1 FROM dual", [1])), do("module", on="b", module="cases", action="two", client="else"),
             on(query("SELECT 2 FROM dual", [2])), skip={"go": DRIVER + "no module and action"}),
        case("session.schema", connect(), do("schema", on="b", schema="CASES"), on(query("SELECT COUNT(*) FROM t_digit", [10])), skip={"go": DRIVER + "no current schema but by ALTER SESSION"}),
        case("session.alter_schema", connect(), on(call("ALTER SESSION SET CURRENT_SCHEMA = CASES")), on(query("SELECT COUNT(*) FROM t_digit", [10]))),
        case("session.schema_qualified", query("SELECT COUNT(*) FROM cases.t_digit", [10])),
        case("session.idle", connect(), on(query("SELECT 1 FROM dual", [1])), do("sleep", ms=3000), on(query("SELECT 2 FROM dual", [2])), do("ping", on="b")),
        case("session.logoff", connect(), on(query("SELECT 1 FROM dual", [1])), do("close", on="b"), query("SELECT 1 FROM dual", [1])),
        case("session.logoff_rolls_back_or_commits", connect(), on(change("INSERT INTO t_dml (id, name) VALUES (1, 'a')", 1)), on(ROLLBACK), do("close", on="b"), query("SELECT COUNT(*) FROM t_dml", [0]), clean="t_dml"),
        case("session.abort", connect(), on(query("SELECT 1 FROM dual", [1])), do("abort", on="b"), connect(), on(query("SELECT 1 FROM dual", [1]))),
        case("session.abort_in_fetch", connect(), on({"sql": "SELECT id FROM t_many ORDER BY id", "fetch": {"array": 10, "max": 15}, "summary": {"count": 15}}), do("abort", on="b"), query("SELECT 1 FROM dual", [1])),
        case("session.abort_releases_locks", change("INSERT INTO t_dml (id, name) VALUES (1, 'a')", 1), COMMIT, connect(), on(change("UPDATE t_dml SET qty = 9", 1)), do("abort", on="b"), do("sleep", ms=500),
             query("SELECT qty FROM t_dml FOR UPDATE WAIT 3", [7]), clean="t_dml"),
        case("session.many_statements_open", *[{"sql": f"SELECT id, {i} FROM t_many WHERE id <= 20 ORDER BY id", "fetch": {"array": 5, "max": 8}, "summary": {"count": 8}} for i in range(60)], query("SELECT 1 FROM dual", [1])),
        case("session.two_interleaved", connect(), *[step for i in range(20) for step in (query("SELECT :1 + 0 FROM dual", [i], i), on(query("SELECT :1 + 1 FROM dual", [i + 1], i)))]),
        case("session.ddl", call("CREATE TABLE t_made (id NUMBER(5), v VARCHAR2(10))"), change("INSERT INTO t_made VALUES (1, 'a')", 1), query("SELECT v FROM t_made", ["a"]), COMMIT, call("DROP TABLE t_made"),
             fails(942, "SELECT v FROM t_made"), skip={"postgres": "schema changes are not served from PostgreSQL; its DBA makes them"}),
        case("session.ddl_commits", change("INSERT INTO t_dml (id, name) VALUES (1, 'a')", 1), call("CREATE TABLE t_made2 (id NUMBER(5))"), ROLLBACK, query("SELECT COUNT(*) FROM t_dml", [1]), call("DROP TABLE t_made2"), clean="t_dml",
             skip={"postgres": "schema changes are not served from PostgreSQL; its DBA makes them"}),
    ]


def cases():
    return logins() + transactions() + interruptions() + lives()
