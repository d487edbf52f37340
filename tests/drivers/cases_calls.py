# SPDX-License-Identifier: Apache-2.0
"""Cases about calls: binds, RETURNING, array DML, fetching, metadata, cursors by id, queries, errors, PL/SQL."""
from case_words import (COMMIT, DRIVER, PLSQL, ROLLBACK, call, case, change, d, do, fails, legacy_cannot, long, n, named, null, out, query, table, table_out, target_cannot, ts, var)

RESULT = "DECLARE c SYS_REFCURSOR; BEGIN OPEN c FOR {}; DBMS_SQL.RETURN_RESULT(c); END;"
NO_BATCH = {"ojdbc8": DRIVER + "no batch errors mode", "ojdbc11": DRIVER + "no batch errors mode", "go": DRIVER + "no batch errors mode"}
NO_ROW_COUNTS = {"go": DRIVER + "no row counts of the single rows"}
DML = "INSERT INTO t_dml (id, name, qty, code) VALUES (:1, :2, :3, :4)"


def filled(count=3):
    return {"sql": DML, "many": [[i, f"name {i}", i * 10, f"c{i}"] for i in range(1, count + 1)], "count": count}


def binds():
    made = [
        case("bind.positional", query("SELECT :1, :2 FROM dual", [["a", "b"]], "a", "b"), short=True),
        case("bind.named", query("SELECT :x, :y FROM dual", [["a", "b"]], named(x="a", y="b")), short=True),
        case("bind.named.out_of_order", filled(), query("SELECT name FROM t_dml WHERE id = :id AND qty = :qty", ["name 2"], named(qty=20, id=2)), clean="t_dml"),
        case("bind.named.repeated", query("SELECT :x + :x FROM dual", [n(14)], named(x=7))),
        case("bind.named.repeated_in_dml", change("INSERT INTO t_dml (id, name, qty) VALUES (:v, TO_CHAR(:v), :v)", 1, named(v=5)), query("SELECT id, name, qty FROM t_dml", [[5, "5", 5]]), clean="t_dml"),
        case("bind.named.case_does_not_matter", query("SELECT :Abc FROM dual", ["a"], named(Abc="a"))),
        case("bind.named.long_name", query("SELECT :a_rather_long_bind_name_1 FROM dual", ["v"], named(a_rather_long_bind_name_1="v"))),
        case("bind.in_list", filled(), query("SELECT id FROM t_dml WHERE id IN (:1, :2, :3) ORDER BY id", [1, 3], 1, 3, 99), clean="t_dml"),
        case("bind.like", filled(), query("SELECT id FROM t_dml WHERE name LIKE :1 ORDER BY id", [1, 2, 3], "name%"), clean="t_dml"),
        case("bind.colon_in_text", query("SELECT ':x' || :1 FROM dual", [":xa"], "a")),
        case("bind.colon_in_comment", query("SELECT /* :no */ :1 FROM dual -- :nor this", ["a"], "a")),
        case("bind.many_100", query("SELECT " + " + ".join(f":{i}" for i in range(1, 101)) + " FROM dual", [n(5050)], *range(1, 101))),
        case("bind.type_changes", filled(), query("SELECT id FROM t_dml WHERE id = :1", [2], 2), query("SELECT id FROM t_dml WHERE id = :1", [2], "2"),
             query("SELECT id FROM t_dml WHERE id = :1", [2], n("2.0")), clean="t_dml"),
        case("bind.size_grows", *[step for size in (1, 40, 100, 399, 5) for step in (change("DELETE FROM t_text", [0, 1]), change("INSERT INTO t_text (id, v400) VALUES (1, :1)", 1, long("z", size)),
                                                                             query("SELECT v400 FROM t_text", [long("z", size)]))], clean="t_text"),
        case("bind.date_and_text", query("SELECT TO_CHAR(:1, 'YYYY') || :2 FROM dual", ["2024x"], d("2024-05-06T00:00:00"), "x")),
        case("bind.missing", fails([1008, "DPY-4009", "DPY-4010", "NJS-098", 17041, "client"], "SELECT :1, :2 FROM dual", "a")),
        case("bind.null_then_value", change(DML, 1, 1, "a", null("n"), null("s")), change(DML, 1, 2, "b", 5, "x"), query("SELECT qty, code FROM t_dml ORDER BY id", [[None, None], [5, "x"]]), clean="t_dml"),
        case("bind.order_by_position", filled(), query("SELECT id, name FROM t_dml WHERE qty > :1 ORDER BY 1 DESC", [[3, "name 3"], [2, "name 2"]], 15), clean="t_dml"),
        case("bind.limit", filled(5), query("SELECT id FROM t_dml ORDER BY id FETCH FIRST :1 ROWS ONLY", [1, 2], 2), clean="t_dml"),
        case("bind.rownum", filled(5), query("SELECT COUNT(*) FROM t_dml WHERE ROWNUM <= :1", [3], 3), clean="t_dml"),
    ]
    return made


def returning():
    many = {"go": DRIVER + "RETURNING of several rows needs a fixed array"}
    return [
        case("returning.insert", call("INSERT INTO t_dml (id, name, code) VALUES (:1, :2, :3) RETURNING id, qty INTO :4, :5", 1, "a", "x", out("n"), out("n"), outs={"3": 1, "4": 7}), COMMIT,
             query("SELECT qty FROM t_dml", [7]), clean="t_dml", short=True),
        case("returning.insert.named", call("INSERT INTO t_dml (id, name) VALUES (:id, :name) RETURNING name INTO :back", named(id=1, name="abc", back=out("s", size=40)), outs={"back": "abc"}), clean="t_dml"),
        case("returning.update.one", filled(), call("UPDATE t_dml SET qty = qty + 1 WHERE id = :1 RETURNING qty INTO :2", 2, out("n"), outs={"1": 21}), clean="t_dml"),
        case("returning.update.many", filled(), call("UPDATE t_dml SET qty = qty + 1 WHERE id < :1 RETURNING qty INTO :2", 3, out("n"), outs={"1": [11, 21]}), clean="t_dml", skip=many),
        case("returning.update.none", filled(), call("UPDATE t_dml SET qty = qty + 1 WHERE id = :1 RETURNING qty INTO :2", 99, out("n"), outs={"1": []}), clean="t_dml", skip=many),
        case("returning.delete.many", filled(), call("DELETE FROM t_dml WHERE id > :1 RETURNING name INTO :2", 1, out("s", size=40), outs={"1": ["name 2", "name 3"]}), clean="t_dml", skip=many),
        case("returning.null", call("INSERT INTO t_dml (id, name, note) VALUES (:1, :2, NULL) RETURNING note INTO :3", 1, "a", out("s", size=100), outs={"2": None}), clean="t_dml"),
        case("returning.expression", call("INSERT INTO t_dml (id, name) VALUES (:1, :2) RETURNING UPPER(name) INTO :3", 1, "abc", out("s", size=100), outs={"2": "ABC"}), clean="t_dml"),
        case("returning.sequence", call("INSERT INTO t_dml (id, name) VALUES (case_seq.NEXTVAL + 100000, 'a') RETURNING name INTO :1", out("s", size=40), outs={"0": "a"}), clean="t_dml"),
        case("returning.date", call("INSERT INTO t_time (id, d) VALUES (:1, :2) RETURNING d INTO :3", 1, d("2024-02-29T01:02:03"), out("d"), outs={"2": d("2024-02-29T01:02:03")}), clean="t_time",
             skip={"go": DRIVER + "a date behind RETURNING stays null in it, from bytes that the other drivers read"}),
        case("returning.error", filled(1), fails(1, "INSERT INTO t_dml (id, name) VALUES (:1, :2) RETURNING name INTO :3", 1, "b", out("s", size=40)), query("SELECT COUNT(*) FROM t_dml", [1]), clean="t_dml"),
    ]


def batches():
    made = []
    for count in (1, 2, 10, 100, 1000, 5000):
        made.append(case(f"batch.insert.{count}", {"sql": "INSERT INTO t_number (id, n) VALUES (:1, :2)", "many": [[i, i * 3] for i in range(1, count + 1)], "count": count},
                         query("SELECT COUNT(*), SUM(n) FROM t_number", [[count, count * (count + 1) * 3 // 2]]), COMMIT, clean="t_number", short=count == 100))
    made += [
        case("batch.named", {"sql": "INSERT INTO t_dml (id, name) VALUES (:id, :name)", "many": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "count": 2}, query("SELECT id, name FROM t_dml ORDER BY id", [[1, "a"], [2, "b"]]), clean="t_dml"),
        case("batch.update.counts", filled(4), {"sql": "UPDATE t_dml SET note = :1 WHERE id >= :2", "many": [["a", 1], ["b", 3], ["c", 99]], "counts": [4, 2, 0]},
             query("SELECT note FROM t_dml ORDER BY id", ["a", "a", "b", "b"]), clean="t_dml", skip=NO_ROW_COUNTS),
        case("batch.delete", filled(4), {"sql": "DELETE FROM t_dml WHERE id = :1", "many": [[1], [3]], "count": 2}, query("SELECT id FROM t_dml ORDER BY id", [2, 4]), clean="t_dml"),
        case("batch.growing_texts", {"sql": "INSERT INTO t_text (id, v4000) VALUES (:1, :2)", "many": [[1, "a"], [2, long("b", 4000)], [3, None], [4, long("c", 10)]], "count": 4},
             query("SELECT v4000 FROM t_text ORDER BY id", ["a", long("b", 4000), None, long("c", 10)]), clean="t_text"),
        case("batch.types", {"sql": "INSERT INTO t_time (id, d, t6) VALUES (:1, :2, :3)", "many": [[i, d(f"2024-01-{i:02d}T00:00:00"), ts(f"2024-01-{i:02d}T00:00:00.25")] for i in range(1, 11)], "count": 10},
             query("SELECT COUNT(*), MAX(d), MAX(t6) FROM t_time", [[10, d("2024-01-10T00:00:00"), ts("2024-01-10T00:00:00.25")]]), clean="t_time"),
        case("batch.error_in_the_middle", {"sql": DML, "many": [[1, "a", 1, "x"], [2, "b", 1, "y"], [1, "again", 1, "z"], [4, "d", 1, "w"]], "error": 1}, query("SELECT COUNT(*) FROM t_dml WHERE id = 4", [0]),
             ROLLBACK, query("SELECT COUNT(*) FROM t_dml", [0]), clean="t_dml", skip={"go": DRIVER + "its array DML always asks to go on after an error"}),
        case("batch.errors_collected", {"sql": DML, "many": [[1, "a", 1, "x"], [1, "again", 1, "y"], [3, None, 1, "z"], [4, "d", 1, "w"]], "batch_errors": [[1, 1], [2, 1400]]},
             query("SELECT id FROM t_dml ORDER BY id", [1, 4]), COMMIT, clean="t_dml", skip=NO_BATCH),
        case("batch.errors_and_counts", {"sql": DML, "many": [[1, "a", 1, "x"], [1, "again", 1, "y"], [3, "c", 1, "z"]], "batch_errors": [[1, 1]], "counts": [1, 0, 1]}, clean="t_dml", skip=NO_BATCH),
        case("batch.autocommit", {"sql": DML, "many": [[1, "a", 1, "x"], [2, "b", 1, "y"]], "count": 2, "autocommit": True}, ROLLBACK, query("SELECT COUNT(*) FROM t_dml", [2]), clean="t_dml"),
        case("batch.lobs", {"sql": "INSERT INTO t_lob (id, c) VALUES (:1, :2)", "many": [[i, {"clob": "k", "x": 10000 * i}] for i in range(1, 4)], "count": 3},
             query("SELECT LENGTH(c) FROM t_lob ORDER BY id", [10000, 20000, 30000]), clean="t_lob"),
    ]
    return made


def fetches():
    made = []
    for array, prefetch in [(1, 0), (1, 1), (2, 0), (2, 2), (7, 3), (10, 0), (100, 2), (100, 100), (1000, 50), (5000, 1)]:
        made.append(case(f"fetch.array_{array}.prefetch_{prefetch}", {"sql": "SELECT id, v FROM t_many WHERE id <= 250 ORDER BY id", "fetch": {"array": array, "prefetch": prefetch},
                                                               "summary": {"count": 250, "sum": "31375", "first": [1, "row 1"], "last": [250, "row 250"]}}, short=(array, prefetch) == (7, 3)))
    for rows in (10000, 100000):
        made.append(case(f"fetch.rows_{rows}", {"sql": "SELECT id, g, v, n FROM t_many WHERE id <= :1 ORDER BY id", "binds": [rows], "fetch": {"array": 1000},
                                               "summary": {"count": rows, "sum": str(rows * (rows + 1) // 2), "first": [1, 1, "row 1", n("0.25")], "last": [rows, 0, f"row {rows}", n(rows // 4)]}}))
    made += [
        case("fetch.exactly_one_batch", *[{"sql": "SELECT id FROM t_many WHERE id <= :1 ORDER BY id", "binds": [count], "fetch": {"array": 10, "prefetch": 0}, "summary": {"count": count}} for count in (9, 10, 11, 20)]),
        case("fetch.none", query("SELECT id FROM t_many WHERE id < 0", [])),
        case("fetch.partly_then_closed", {"sql": "SELECT id FROM t_many ORDER BY id", "fetch": {"array": 10, "max": 25}, "summary": {"count": 25, "last": [25]}}, query("SELECT 1 FROM dual", [1])),
        case("fetch.partly_many_times", do("repeat", times=40, steps=[{"sql": "SELECT id FROM t_many ORDER BY id", "fetch": {"array": 5, "max": 7}, "summary": {"count": 7}}])),
        case("fetch.after_commit", {"sql": "SELECT id FROM t_many WHERE id <= 30 ORDER BY id", "fetch": {"array": 10}, "summary": {"count": 30}}, COMMIT, query("SELECT COUNT(*) FROM t_many WHERE id <= 30", [30])),
        case("fetch.duplicate_columns", {"sql": "SELECT g, 'same', g FROM t_many WHERE g = 3 AND id < 300 ORDER BY id", "summary": {"count": 30, "first": [3, "same", 3], "last": [3, "same", 3]}}),
        case("fetch.sums", query("SELECT COUNT(*), SUM(id), MIN(n), MAX(n) FROM t_many", [[100000, n("5000050000"), n("0.25"), n("25000")]])),
        case("fetch.error_in_the_middle", {"sql": "SELECT id, 1 / (200 - id) FROM t_many WHERE id <= 400 ORDER BY id", "fetch": {"array": 50, "prefetch": 0}, "error": 1476}, query("SELECT 1 FROM dual", [1])),
        case("wide.one_row", change("INSERT INTO t_wide (id, a, b, c, d, e, f, g, h, i, j) VALUES (1, " + ", ".join(f":{i}" for i in range(1, 11)) + ")", 1, *[long(chr(96 + i), 4000) for i in range(1, 11)]),
             query("SELECT a, b, c, d, e, f, g, h, i, j FROM t_wide", [[long(chr(96 + i), 4000) for i in range(1, 11)]]), clean="t_wide", short=True),
        case("wide.many_rows", {"sql": "INSERT INTO t_wide (id, a, b, c) VALUES (:1, :2, :3, :4)", "many": [[i, long("a", 4000), long("b", 4000), long("c", 3999)] for i in range(1, 51)], "count": 50},
             {"sql": "SELECT id, a, b, c FROM t_wide ORDER BY id", "fetch": {"array": 20}, "summary": {"count": 50, "sum": "1275", "last": [50, long("a", 4000), long("b", 4000), long("c", 3999)]}}, COMMIT, clean="t_wide"),
        case("wide.columns_200", query("SELECT " + ", ".join(f"{i} AS c{i}" for i in range(1, 201)) + " FROM dual", [list(range(1, 201))])),
        case("wide.statement_30k", query("SELECT '" + "x" * 3000 + "' || '" + "y" * 900 + "' FROM dual WHERE 1 = 1" + " OR 1 = 1" * 3000, ["x" * 3000 + "y" * 900])),
    ]
    return made


def described():
    def column(name, kind, **more):
        return {"name": name, "type": kind, **more}
    return [
        case("describe.number", {"sql": "SELECT id, n, n5, n52, n38 FROM t_number WHERE id = 0", "rows": [], "columns": [
            column("ID", "NUMBER", precision=9, scale=0, nullable=False), column("N", "NUMBER", precision=0, nullable=True), column("N5", "NUMBER", precision=5, scale=0),
            column("N52", "NUMBER", precision=5, scale=2), column("N38", "NUMBER", precision=38, scale=0)]}, short=True,
             skip={"go": DRIVER + "it tells the precision 38 where there is none"}),
        case("describe.text", {"sql": "SELECT v10, v400, v4000, c5 FROM t_text WHERE id = 0", "rows": [], "columns": [
            column("V10", "VARCHAR2", size=10), column("V400", "VARCHAR2", size=400), column("V4000", "VARCHAR2", size=4000), column("C5", "CHAR", size=5)]}),
        case("describe.time", {"sql": "SELECT d, t6, tz, ltz FROM t_time WHERE id = 0", "rows": [], "columns": [
            column("D", "DATE"), column("T6", "TIMESTAMP"), column("TZ", "TIMESTAMP WITH TIME ZONE"), column("LTZ", "TIMESTAMP WITH LOCAL TIME ZONE")]}),
        case("describe.others", {"lobs": "locator", "sql": "SELECT r16, c, b FROM t_raw, t_lob WHERE t_raw.id = 0", "rows": [], "columns": [column("R16", "RAW"), column("C", "CLOB"), column("B", "BLOB")]}),
        case("describe.floats", {"sql": "SELECT bf, bd FROM t_float WHERE id = 0", "rows": [], "columns": [column("BF", "BINARY_FLOAT"), column("BD", "BINARY_DOUBLE")]}),
        case("describe.alias", {"sql": "SELECT id AS my_id, id \"Mixed Case\", id + 1 FROM t_number WHERE id = 0", "rows": [], "columns": [column("MY_ID", "NUMBER"), column("Mixed Case", "NUMBER"), column("ID+1", "NUMBER")]}),
        case("describe.expression", {"sql": "SELECT COUNT(*) c, 'abc' t, SYSDATE s FROM dual", "summary": {"count": 1}, "columns": [column("C", "NUMBER"), column("T", "CHAR", size=3), column("S", "DATE")]}),
        case("describe.star", {"sql": "SELECT * FROM t_parent WHERE id = 0", "rows": [], "columns": [column("ID", "NUMBER", nullable=False), column("NAME", "VARCHAR2", nullable=True, size=40)]}),
        case("describe.same_after_reuse", *[{"sql": "SELECT id, name FROM t_parent WHERE id = :1", "binds": [0], "rows": [], "columns": [column("ID", "NUMBER"), column("NAME", "VARCHAR2", size=40)]}] * 3),
    ]


def reused():
    once = {"sql": "SELECT id, n * 4 FROM t_many WHERE id = :1", "binds": [var("i")], "rows": [[var("i"), var("i")]]}
    return [
        case("reuse.query_500", do("repeat", times=500, steps=[once]), short=True),
        case("reuse.insert_300", do("repeat", times=300, steps=[change("INSERT INTO t_number (id, n) VALUES (:1, :2)", 1, var("i"), var("i", mul=2))]), query("SELECT COUNT(*), SUM(n) FROM t_number", [[300, 90300]]), COMMIT, clean="t_number"),
        case("reuse.interleaved", do("repeat", times=100, steps=[once, query("SELECT :1 + 0 FROM dual", [var("i")], var("i"))])),
        case("reuse.churn_200_statements", do("repeat", times=200, steps=[query("SELECT ${i} + :1 FROM dual", [var("i", add=1)], 1)])),
        case("reuse.churn_twice", do("repeat", times=2, var="k", steps=[do("repeat", times=120, steps=[query("SELECT ${i} + :1 FROM dual", [var("i", add=1)], 1), once])])),
        case("reuse.dml_churn", do("repeat", times=100, steps=[change("INSERT INTO t_number (id, n) VALUES (${i}, :1)", 1, var("i"))]), query("SELECT SUM(n) FROM t_number", [5050]), clean="t_number"),
        case("reuse.no_statement_cache", do("connect", **{"as": "b"}, cache=0), do("repeat", times=50, steps=[dict(once, on="b")])),
        case("reuse.small_statement_cache", do("connect", **{"as": "b"}, cache=2), do("repeat", times=60, steps=[dict(once, on="b"), query("SELECT 1 FROM dual", [1], on="b"), query("SELECT 2 FROM dual", [2], on="b"),
                                                                                               query("SELECT 'c' FROM dual", ["c"], on="b")])),
        case("reuse.after_error", *[step for _ in range(3) for step in (change("INSERT INTO t_number (id) VALUES (:1)", 1, 1), fails(1, "INSERT INTO t_number (id) VALUES (:1)", 1), change("DELETE FROM t_number WHERE id = :1", 1, 1))], clean="t_number"),
        case("reuse.other_column_sizes", *[query("SELECT v400 FROM t_text WHERE id = :1", [], i) for i in range(5)], clean="t_text"),
    ]


def queries():
    family = [{"sql": "INSERT INTO t_parent (id, name) VALUES (:1, :2)", "many": [[1, "one"], [2, "two"], [3, None]], "count": 3},
              {"sql": "INSERT INTO t_child (id, parent_id, name) VALUES (:1, :2, :3)", "many": [[10, 1, "a"], [11, 1, "b"], [12, 2, "c"], [13, None, "d"]], "count": 4}]
    texts = {
        "join": ("SELECT p.name, c.name FROM t_parent p JOIN t_child c ON c.parent_id = p.id ORDER BY c.id", [["one", "a"], ["one", "b"], ["two", "c"]]),
        "left_join": ("SELECT p.id, c.id FROM t_parent p LEFT JOIN t_child c ON c.parent_id = p.id ORDER BY p.id, c.id", [[1, 10], [1, 11], [2, 12], [3, None]]),
        "comma_join": ("SELECT p.id, c.id FROM t_parent p, t_child c WHERE p.id = c.parent_id ORDER BY c.id", [[1, 10], [1, 11], [2, 12]]),
        "group_by": ("SELECT parent_id, COUNT(*) FROM t_child GROUP BY parent_id ORDER BY parent_id", [[1, 2], [2, 1], [None, 1]]),
        "having": ("SELECT parent_id FROM t_child GROUP BY parent_id HAVING COUNT(*) > 1", [1]),
        "distinct": ("SELECT DISTINCT parent_id FROM t_child ORDER BY parent_id", [1, 2, None]),
        "union": ("SELECT id FROM t_parent UNION SELECT parent_id FROM t_child ORDER BY 1", [1, 2, 3, None]),
        "union_all": ("SELECT COUNT(*) FROM (SELECT id FROM t_parent UNION ALL SELECT id FROM t_child)", [7]),
        "minus": ("SELECT id FROM t_parent MINUS SELECT parent_id FROM t_child ORDER BY 1", [3]),
        "intersect": ("SELECT id FROM t_parent INTERSECT SELECT parent_id FROM t_child ORDER BY 1", [1, 2]),
        "exists": ("SELECT id FROM t_parent p WHERE EXISTS (SELECT 1 FROM t_child c WHERE c.parent_id = p.id) ORDER BY id", [1, 2]),
        "not_in": ("SELECT id FROM t_parent WHERE id NOT IN (SELECT parent_id FROM t_child WHERE parent_id IS NOT NULL)", [3]),
        "not_in_null": ("SELECT id FROM t_parent WHERE id NOT IN (SELECT parent_id FROM t_child)", []),
        "scalar_subquery": ("SELECT name, (SELECT COUNT(*) FROM t_child c WHERE c.parent_id = p.id) FROM t_parent p ORDER BY id", [["one", 2], ["two", 1], [None, 0]]),
        "with": ("WITH x AS (SELECT id FROM t_child WHERE parent_id = 1) SELECT MAX(id) FROM x", [11]),
        "rownum": ("SELECT id FROM (SELECT id FROM t_child ORDER BY id DESC) WHERE ROWNUM <= 2", [13, 12]),
        "fetch_first": ("SELECT id FROM t_child ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY", [11, 12]),
        "analytic": ("SELECT id, ROW_NUMBER() OVER (PARTITION BY parent_id ORDER BY id) FROM t_child ORDER BY id", [[10, 1], [11, 2], [12, 1], [13, 1]]),
        "running_sum": ("SELECT id, SUM(id) OVER (ORDER BY id) FROM t_child ORDER BY id", [[10, 10], [11, 21], [12, 33], [13, 46]]),
        "listagg": ("SELECT LISTAGG(name, ',') WITHIN GROUP (ORDER BY id) FROM t_child", ["a,b,c,d"]),
        "order_nulls": ("SELECT name FROM t_parent ORDER BY name", ["one", "two", None]),
        "like_escape": ("SELECT COUNT(*) FROM t_parent WHERE name LIKE 'o\\_e' ESCAPE '\\'", [0]),
        "quoted_names": ("SELECT \"ID\" FROM \"T_PARENT\" WHERE \"ID\" = 1", [1]),
        "avg": ("SELECT AVG(id) FROM t_child", [n("11.5")]),
    }
    made = [case("query." + label, *family, query(sql, rows), clean="t_child t_parent", short=label == "join") for label, (sql, rows) in texts.items()]
    made.append(case("query.plus_outer_join", *family, query("SELECT p.id, c.id FROM t_parent p, t_child c WHERE c.parent_id(+) = p.id ORDER BY p.id, c.id", [[1, 10], [1, 11], [2, 12], [3, None]]),
                     clean="t_child t_parent", skip=legacy_cannot("the (+) outer join operator")))
    made.append(case("query.connect_by", query("SELECT LEVEL FROM dual CONNECT BY LEVEL <= 3", [1, 2, 3]), skip=legacy_cannot("CONNECT BY")))
    made.append(case("query.user", query("SELECT CASE WHEN USER = 'CASES' THEN 1 ELSE 0 END FROM dual", [1])))
    made.append(case("query.hint_and_comment", query("SELECT /*+ FULL(t) */ COUNT(*) FROM t_digit t -- end", [10])))
    made.append(case("query.semicolon", fails([911, 933], "SELECT 1 FROM dual;"), skip={"postgres": "a semicolon at the end is read over, not refused"}))
    return made


def changes():
    return [
        case("dml.counts", filled(5), change("UPDATE t_dml SET qty = 1 WHERE id <= 3", 3), change("UPDATE t_dml SET qty = 1 WHERE id > 99", 0), change("DELETE FROM t_dml WHERE id = 5", 1), COMMIT, clean="t_dml", short=True),
        case("dml.update_to_same_value_counts", filled(2), change("UPDATE t_dml SET qty = qty", 2), clean="t_dml"),
        case("dml.default", change("INSERT INTO t_dml (id, name) VALUES (1, 'a')", 1), query("SELECT qty FROM t_dml", [7]), clean="t_dml"),
        case("dml.default_word", change("INSERT INTO t_dml (id, name, qty) VALUES (1, 'a', DEFAULT)", 1), query("SELECT qty FROM t_dml", [7]), clean="t_dml"),
        case("dml.insert_select", filled(4), change("INSERT INTO t_dml (id, name) SELECT id + 100, name FROM t_dml WHERE id > :1", 2, 2), query("SELECT COUNT(*) FROM t_dml", [6]), clean="t_dml"),
        case("dml.update_subquery", filled(2), change("UPDATE t_dml SET note = (SELECT MAX(v) FROM t_many m WHERE m.id = t_dml.id) WHERE id = 1", 1), query("SELECT note FROM t_dml ORDER BY id", ["row 1", None]), clean="t_dml"),
        case("dml.merge", filled(2), change("MERGE INTO t_dml t USING (SELECT :1 AS id, :2 AS name FROM dual) s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET t.name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)", 1, 2, "merged"),
             change("MERGE INTO t_dml t USING (SELECT :1 AS id, :2 AS name FROM dual) s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET t.name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)", 1, 9, "new"),
             query("SELECT id, name FROM t_dml ORDER BY id", [[1, "name 1"], [2, "merged"], [9, "new"]]), COMMIT, clean="t_dml"),
        case("dml.sequence", query("SELECT case_seq.NEXTVAL - case_seq.NEXTVAL FROM dual", [0]), change("INSERT INTO t_dml (id, name) VALUES (case_seq.NEXTVAL, 'a')", 1), query("SELECT COUNT(*) FROM t_dml", [1]), clean="t_dml"),
        case("dml.sequence_currval", {"sql": "SELECT case_seq.NEXTVAL FROM dual", "summary": {"count": 1}}, query("SELECT CASE WHEN case_seq.CURRVAL > 0 THEN 1 ELSE 0 END FROM dual", [1])),
        case("dml.sysdate", change("INSERT INTO t_time (id, d, t6) VALUES (1, SYSDATE, SYSTIMESTAMP)", 1), query("SELECT COUNT(*) FROM t_time WHERE d > DATE '2020-01-01' AND t6 IS NOT NULL", [1]), COMMIT, clean="t_time"),
        case("dml.key_changes", filled(2), change("UPDATE t_dml SET id = id + 10 WHERE id = 1", 1), COMMIT, query("SELECT id FROM t_dml ORDER BY id", [2, 11]), clean="t_dml"),
        case("dml.rowid", filled(2), query("SELECT ROWID FROM t_dml WHERE id = 1", [{"rowid": "any"}]), change("UPDATE t_dml SET note = 'r' WHERE ROWID = (SELECT ROWID FROM t_dml WHERE id = 2)", 1), query("SELECT note FROM t_dml WHERE id = 2", ["r"]), clean="t_dml", skip=target_cannot("ROWID is the source's physical address of a row")),
        case("dml.delete_all", filled(10), change("DELETE FROM t_dml", 10), change("DELETE FROM t_dml", 0), clean="t_dml"),
        case("dml.text_literals", change("INSERT INTO t_text (id, v400) VALUES (1, 'it''s 😀')", 1), query("SELECT v400 FROM t_text", ["it's 😀"]), clean="t_text"),
    ]


def errors():
    family = [change("INSERT INTO t_parent (id) VALUES (1)", 1), change("INSERT INTO t_child (id, parent_id) VALUES (1, 1)", 1)]
    made = [
        case("error.00001.key", filled(1), fails(1, DML, 1, "x", 1, "other"), query("SELECT COUNT(*) FROM t_dml", [1]), clean="t_dml", short=True),
        case("error.00001.unique", filled(1), fails(1, DML, 2, "x", 1, "c1"), clean="t_dml"),
        case("error.00942.table", fails(942, "SELECT 1 FROM no_such_table"), query("SELECT 1 FROM dual", [1]), short=True),
        case("error.00942.insert", fails(942, "INSERT INTO no_such_table VALUES (1)")),
        case("error.00904.column", fails(904, "SELECT no_such_column FROM t_dml")),
        case("error.00904.in_where", fails(904, "DELETE FROM t_dml WHERE no_such_column = 1")),
        case("error.01400.insert", fails(1400, "INSERT INTO t_dml (id, name) VALUES (1, NULL)"), clean="t_dml"),
        case("error.01407.update", filled(1), fails(1407, "UPDATE t_dml SET name = NULL WHERE id = 1"), clean="t_dml"),
        case("error.02290.check", fails(2290, DML, 1, "a", -1, "x"), clean="t_dml"),
        case("error.02291.parent", fails(2291, "INSERT INTO t_child (id, parent_id) VALUES (1, 77)"), clean="t_child t_parent"),
        case("error.02292.child", *family, fails(2292, "DELETE FROM t_parent WHERE id = 1"), clean="t_child t_parent"),
        case("error.12899.length", fails(12899, "INSERT INTO t_dml (id, name, code) VALUES (1, 'a', '12345678901')"), clean="t_dml"),
        case("error.01438.precision", fails(1438, "INSERT INTO t_dml (id, name, qty) VALUES (1, 'a', 100000)"), clean="t_dml"),
        case("error.01722.number", fails(1722, "SELECT TO_NUMBER('abc') FROM dual")),
        case("error.01722.compared", filled(1), fails(1722, "SELECT id FROM t_dml WHERE id = 'abc'"), clean="t_dml"),
        case("error.01476.zero", fails(1476, "SELECT 1 / 0 FROM dual")),
        case("error.01427.many_rows", fails(1427, "SELECT (SELECT d FROM t_digit) FROM dual")),
        case("error.00933.end", fails([933, 900, 3049], "SELECT 1 FROM dual WHERE 1 = 1 nonsense words")),
        case("error.00936.expression", fails(936, "SELECT FROM dual")),
        case("error.00923.from", fails([923, 900], "SELECT 1 dual x y")),
        case("error.00900.statement", fails(900, "NONSENSE 1")),
        case("error.00947.values", fails(947, "INSERT INTO t_dml (id, name) VALUES (1)")),
        case("error.00913.values", fails(913, "INSERT INTO t_dml (id) VALUES (1, 2)")),
        case("error.00979.group", fails(979, "SELECT name, COUNT(*) FROM t_dml GROUP BY id"), skip=target_cannot("columns that depend on a grouped primary key may be selected")),
        case("error.00918.ambiguous", fails(918, "SELECT id FROM t_parent, t_child")),
        case("error.01789.union", fails(1789, "SELECT 1 FROM dual UNION SELECT 1, 2 FROM dual")),
        case("error.02289.sequence", fails(2289, "SELECT no_such_seq.NEXTVAL FROM dual")),
        case("error.statement_undone_alone", change(DML, 1, 1, "kept", 1, "k"), fails(1, DML, 1, "again", 1, "l"), change(DML, 1, 2, "kept too", 1, "m"), COMMIT, query("SELECT id FROM t_dml ORDER BY id", [1, 2]), clean="t_dml", short=True),
        case("error.many_in_a_transaction", change(DML, 1, 1, "kept", 1, "k"), do("repeat", times=20, steps=[fails(1, DML, 1, "again", 1, "l"), fails(942, "SELECT 1 FROM no_such_table")]), COMMIT, query("SELECT COUNT(*) FROM t_dml", [1]), clean="t_dml"),
        case("error.then_same_cursor", fails(1476, "SELECT 1 / :1 FROM dual", 0), query("SELECT 1 / :1 FROM dual", [n("0.5")], 2)),
    ]
    return made


def blocks():
    def block(name, *steps, **more):
        skip = dict(more.pop("skip", {}), postgres=PLSQL)
        return case("plsql." + name, *steps, skip=skip, **more)
    no_results = {"go": DRIVER + "it gives no access to implicit results"}
    end_of_data = {"go": DRIVER + "it takes 1403 for the end of a result, after a block too"}
    return [
        block("null", call("BEGIN NULL; END;")),
        block("out", call("BEGIN :1 := 42; END;", out("n"), outs=[42]), short=True),
        block("out_text", call("BEGIN :1 := 'abc' || :2; END;", out("s", size=40), "d", outs={"0": "abcd"})),
        block("in_out", call("BEGIN p_twice(:1); END;", out("n", **{"in": 21}), outs=[42])),
        block("procedure", call("BEGIN p_add(:1, :2, :3); END;", 2, 3, out("n"), outs={"2": 5})),
        block("procedure_named", call("BEGIN p_add(a => :x, b => :y, c => :z); END;", named(x=2, y=3, z=out("n")), outs={"z": 5})),
        block("text_procedure", call("BEGIN p_text(:1, :2); END;", "hello", out("s", size=100), outs={"1": "hello!"})),
        block("function", call("BEGIN :1 := f_add(:2, :3); END;", out("n"), 2, 3, outs={"0": 5})),
        block("function_in_query", query("SELECT f_add(2, 3) FROM dual", [5])),
        block("dml", call("BEGIN INSERT INTO t_dml (id, name) VALUES (:1, :2); UPDATE t_dml SET qty = 9 WHERE id = :3; END;", 1, "a", 1), query("SELECT qty FROM t_dml", [9]), COMMIT, clean="t_dml"),
        block("loop", call("BEGIN FOR i IN 1 .. 5 LOOP INSERT INTO t_number (id, n) VALUES (i, i * i); END LOOP; END;"), query("SELECT SUM(n) FROM t_number", [55]), COMMIT, clean="t_number"),
        block("raise", fails(20017, "BEGIN p_fail; END;")),
        block("raise_own", fails(20001, "BEGIN RAISE_APPLICATION_ERROR(-20001, 'boom'); END;")),
        block("no_data", fails(1403, "DECLARE x NUMBER; BEGIN SELECT id INTO x FROM t_dml WHERE id = -1; END;"), clean="t_dml", skip=end_of_data, short=True),
        block("no_data_out", fails(1403, "BEGIN SELECT qty INTO :1 FROM t_dml WHERE id = -1; END;", out("n")), clean="t_dml", skip=end_of_data),
        block("no_data_undone", change(DML, 1, 1, "a", 7, "x"), fails(1403, "DECLARE x NUMBER; BEGIN UPDATE t_dml SET qty = 50; SELECT id INTO x FROM t_dml WHERE id = -1; END;"), query("SELECT qty FROM t_dml", [7]), COMMIT,
              query("SELECT qty FROM t_dml", [7]), clean="t_dml", skip=end_of_data),
        block("no_data_others", call("DECLARE x NUMBER; BEGIN SELECT id INTO x FROM t_dml WHERE id = -1; EXCEPTION WHEN OTHERS THEN INSERT INTO t_number (id, n) VALUES (1, 2); END;"), query("SELECT n FROM t_number", [2]), ROLLBACK, clean="t_dml t_number"),
        block("too_many_rows", fails(1422, "DECLARE x NUMBER; BEGIN SELECT d INTO x FROM t_digit; END;")),
        block("value_error", fails(6502, "DECLARE x VARCHAR2(2); BEGIN x := 'abc'; END;")),
        block("number_too_large", fails(6502, "DECLARE x NUMBER(2); BEGIN x := 1000; END;")),
        block("unhandled", fails(6510, "DECLARE e EXCEPTION; BEGIN RAISE e; END;")),
        block("error_undone", change(DML, 1, 1, "a", 7, "x"), fails(20001, "BEGIN UPDATE t_dml SET qty = 50; RAISE_APPLICATION_ERROR(-20001, 'boom'); END;"), query("SELECT qty FROM t_dml", [7]), ROLLBACK, clean="t_dml"),
        block("dml_error_inside", change(DML, 1, 1, "a", 7, "x"), fails(1, "BEGIN UPDATE t_dml SET qty = 50; INSERT INTO t_dml (id, name) VALUES (1, 'again'); END;"), query("SELECT qty FROM t_dml", [7]), ROLLBACK, clean="t_dml"),
        block("handled", call("DECLARE x NUMBER; BEGIN SELECT id INTO x FROM t_dml WHERE id = -1; :1 := 1; EXCEPTION WHEN NO_DATA_FOUND THEN :1 := 0; END;", out("n"), outs=[0]), clean="t_dml",
              skip={"go": DRIVER + "a bind that occurs twice", "ojdbc8": DRIVER + "ordinal binds that occur twice", "ojdbc11": DRIVER + "ordinal binds that occur twice"}),
        block("bad", fails(6550, "BEGIN no_such_procedure(1); END;")),
        block("cursor", call("BEGIN p_rows(:1, :2); END;", 3, out("cursor"), cursors={"1": {"rows": [[1, "row 1"], [2, "row 2"], [3, "row 3"]]}}), short=True),
        block("cursor_long", call("BEGIN p_rows(:1, :2); END;", 2500, out("cursor"), cursors={"1": {"summary": {"count": 2500, "sum": str(2500 * 2501 // 2)}}})),
        block("cursor_empty", call("BEGIN p_rows(:1, :2); END;", 0, out("cursor"), cursors={"1": {"rows": []}})),
        block("cursor_open_for", call("BEGIN OPEN :1 FOR SELECT id FROM t_many WHERE id <= 3 ORDER BY id; END;", out("cursor"), cursors={"0": {"rows": [[1], [2], [3]]}})),
        block("results.one", call(RESULT.format("SELECT id, v FROM t_many WHERE id <= 3 ORDER BY id"), results=[{"rows": [[1, "row 1"], [2, "row 2"], [3, "row 3"]]}]), skip=no_results, short=True),
        block("results.two", call("DECLARE c1 SYS_REFCURSOR; c2 SYS_REFCURSOR; BEGIN OPEN c1 FOR SELECT id FROM t_many WHERE id <= 2 ORDER BY id; DBMS_SQL.RETURN_RESULT(c1); OPEN c2 FOR SELECT v, id FROM t_many WHERE id = 7; "
                                  "DBMS_SQL.RETURN_RESULT(c2); END;", results=[{"rows": [[1], [2]]}, {"rows": [["row 7", 7]]}]), skip=no_results),
        block("results.empty", call(RESULT.format("SELECT id FROM t_many WHERE id < 0"), results=[{"rows": []}]), skip=no_results),
        block("results.long", call(RESULT.format("SELECT id, v FROM t_many WHERE id <= 2500 ORDER BY id"), results=[{"summary": {"count": 2500, "sum": str(2500 * 2501 // 2)}}]), skip=no_results),
        block("results.many_times", do("repeat", times=20, steps=[call(RESULT.format("SELECT id FROM t_many WHERE id <= 30 ORDER BY id"), results=[{"summary": {"count": 30, "sum": "465"}}])]), skip=no_results),
        block("results.not_read", call(RESULT.format("SELECT id FROM t_many WHERE id <= 30")), query("SELECT 1 FROM dual", [1])),
        block("table.count", call("BEGIN standin_arrays.count_of(:1, :2); END;", table("n", 5, 6, 7), out("n"), outs={"1": 3}), short=True),
        block("table.count_texts", call("BEGIN standin_arrays.count_of(:1, :2); END;", table("s", "a", "b"), out("n"), outs={"1": 2})),
        block("table.numbers_back", call("BEGIN standin_arrays.reversed(:1, :2); END;", table("n", 1, n("2.5"), n("-3")), table_out("n"), outs={"1": [n("-3"), n("2.5"), 1]}), short=True),
        block("table.texts_back", call("BEGIN standin_arrays.reversed(:1, :2); END;", table("s", "one", "two 😀", "three"), table_out("s"), outs={"1": ["three", "two 😀", "one"]})),
        block("table.nulls", call("BEGIN standin_arrays.reversed(:1, :2); END;", table("s", "a", None, "c", None), table_out("s"), outs={"1": [None, "c", None, "a"]})),
        block("table.in_out", call("BEGIN standin_arrays.reverse(:1); END;", table("n", 1, 2, 3, 4, out="n"), outs={"0": [4, 3, 2, 1]})),
        block("table.thousand", call("BEGIN standin_arrays.reversed(:1, :2); END;", table("n", *range(1000), room=1000), table_out("n", 1000), outs={"1": list(range(999, -1, -1))})),
        block("table.again_with_other_size", *[call("BEGIN standin_arrays.reversed(:1, :2); END;", table("n", *range(size), room=20), table_out("n", 20), outs={"1": list(range(size - 1, -1, -1))}) for size in (2, 20, 1, 7)]),
        block("table.too_small", fails(6513, "BEGIN /* JDBC tells a cached statement's room once */ standin_arrays.reversed(:1, :2); END;", table("n", 1, 2, 3), table_out("n", 2))),
        block("cursor_many_times", do("repeat", times=30, steps=[call("BEGIN p_rows(:1, :2); END;", var("i"), out("cursor"), cursors={"1": {"summary": {"count": 1, "first": [1, "row 1"]}, "fetch": {"max": 1}}})])),
    ]


def cases():
    return binds() + returning() + batches() + fetches() + described() + reused() + queries() + changes() + errors() + blocks()
