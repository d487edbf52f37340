# SPDX-License-Identifier: Apache-2.0
"""python-oracledb in thin mode against the stand-in."""
import datetime
import decimal
import os
import threading
import time
import traceback

import oracledb

LOGIN = dict(user="other", password="secret", dsn=os.environ["STANDIN"])
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def fails(number, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except oracledb.Error as error:
        assert error.args[0].code == number or error.args[0].full_code == number, f"got {error}"
        return
    assert False, f"did not fail with {number}"


@test
def types(c):
    cursor = c.cursor()
    cursor.execute("create table pt (id number(10) primary key, n number, v varchar2(60 char), d date, ts timestamp, tz timestamp with time zone, c clob, b blob, r raw(8), bd binary_double)")
    when = datetime.datetime(2021, 3, 4, 5, 6, 7, 123456)
    cursor.setinputsizes(None, None, None, None, oracledb.DB_TYPE_TIMESTAMP, oracledb.DB_TYPE_TIMESTAMP_TZ, oracledb.DB_TYPE_CLOB)
    cursor.execute("insert into pt values (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10)", [1, decimal.Decimal("12345678901234567890.123456789"), "äöü 東京", when, when, when, "c" * 40000, b"b" * 40000, b"\x00\x01", 1.25])
    cursor.execute("select * from pt")
    row = cursor.fetchone()
    assert row[2] == "äöü 東京" and row[3] == when.replace(microsecond=0) and row[4] == when and row[5].replace(tzinfo=None) == when, row
    assert len(row[6].read()) == 40000 and len(row[7].read()) == 40000 and row[8] == b"\x00\x01" and row[9] == 1.25, row
    oracledb.defaults.fetch_decimals = True
    cursor.execute("select n from pt")
    assert cursor.fetchone()[0] == decimal.Decimal("12345678901234567890.123456789")
    oracledb.defaults.fetch_decimals = False
    cursor.execute("select id, n, v, d from pt")
    described = [(d.name, d.type_code.name, d.precision, d.scale) for d in cursor.description]
    assert described[0] == ("ID", "DB_TYPE_NUMBER", 10, 0), described
    c.commit()


@test
def many(c):
    cursor = c.cursor()
    cursor.executemany("insert into pt (id, v) values (:1, :2)", [(100 + i, f"row {i}") for i in range(1000)])
    assert cursor.rowcount == 1000
    cursor.arraysize = 37
    cursor.execute("select id, v from pt where id >= 100 order by id")
    assert [r[0] for r in cursor] == list(range(100, 1100))
    cursor.executemany("insert into pt (id, v) values (:1, :2)", [(5000, "a"), (100, "dup"), (5001, "b")], batcherrors=True, arraydmlrowcounts=True)
    assert [(e.offset, e.code) for e in cursor.getbatcherrors()] == [(1, 1)] and cursor.getarraydmlrowcounts() == [1, 0, 1]
    c.rollback()


@test
def returning(c):
    cursor = c.cursor()
    ids, texts = cursor.var(int, arraysize=3), cursor.var(str, arraysize=3)
    cursor.setinputsizes(None, None, ids, texts)
    cursor.executemany("insert into pt (id, v) values (:1, :2) returning id, v into :3, :4", [(11, "a"), (12, "b"), (13, "c")])
    assert [ids.getvalue(i) for i in range(3)] == [[11], [12], [13]]
    one = cursor.var(int)
    cursor.execute("update pt set v = 'z' where id > 10 returning id into :o", o=one)
    assert one.getvalue() == [11, 12, 13]
    assert cursor.lastrowid
    c.rollback()


@test
def programs(c):
    cursor = c.cursor()
    cursor.execute("create or replace function pf(a number, b varchar2) return varchar2 is begin return b || a; end;")
    assert cursor.callfunc("pf", str, [7, "x"]) == "x7"
    cursor.execute("create or replace procedure pp(a in number, b out number, c out sys_refcursor) as begin b := a + 1; open c for select id, v from pt where id <= a; end;")
    number, rows = cursor.var(int), c.cursor()
    cursor.callproc("pp", [1, number, rows])
    assert number.getvalue() == 2 and rows.fetchall() == [(1, "äöü 東京")]
    fails(20001, cursor.execute, "begin raise_application_error(-20001, 'mine'); end;")


@test
def transaction_flag(c):
    assert not c.transaction_in_progress
    cursor = c.cursor()
    cursor.execute("select 1 from dual")
    assert not c.transaction_in_progress
    cursor.execute("update pt set v = v")
    assert c.transaction_in_progress
    c.commit()
    assert not c.transaction_in_progress
    fails(1, cursor.execute, "insert into pt (id) values (1)")
    assert not c.transaction_in_progress


@test
def cancel(c):
    other = oracledb.connect(**LOGIN)
    c.cursor().execute("update pt set v = 'locked' where id = 1")
    threading.Timer(1.0, other.cancel).start()
    begun = time.time()
    fails(1013, other.cursor().execute, "update pt set v = 'other' where id = 1")
    assert time.time() - begun < 60
    assert other.cursor().execute("select 1 from dual").fetchone() == (1,)
    c.rollback()
    other.close()


@test
def temporary_lob(c):
    lob = c.createlob(oracledb.DB_TYPE_CLOB, "start ")
    lob.write("middle", lob.size() + 1)
    cursor = c.cursor()
    cursor.execute("update pt set c = :1 where id = 1", [lob])
    cursor.execute("select c from pt where id = 1 for update")
    stored = cursor.fetchone()[0]
    assert stored.read() == "start middle" and stored.size() == 12
    stored.write("END", 7)
    stored.trim(9)
    cursor.execute("select to_char(c) from pt where id = 1")
    assert cursor.fetchone()[0] == "start END"
    c.rollback()


@test
def errors(c):
    cursor = c.cursor()
    for sql, number in [("select x from dual", 904), ("bogus", 900), ("insert into pt values (1)", 947), ("select 1 from dual where 1 = 'a'", 1722)]:
        fails(number, cursor.execute, sql)
    fails("DPY-4009", cursor.execute, "select :1, :2 from dual", [1])


@test
def names_after_other_sessions_ddl(c):
    """A statement that waits for a row outlives the dictionary that it was planned with: what it says in its error must too."""
    others = [oracledb.connect(**LOGIN) for _ in range(2)]
    said = []

    def wait_for_the_row():
        try:
            others[0].cursor().execute("insert into pt (id) values (:1)", [77])
        except oracledb.Error as error:
            said.append(str(error))

    c.cursor().execute("insert into pt (id) values (:1)", [77])
    waiting = threading.Thread(target=wait_for_the_row)
    waiting.start()
    for i in range(20):
        others[1].cursor().execute(f"create table pt_other_{i} (id number(10) primary key, v varchar2(60))")
        others[1].cursor().execute(f"drop table pt_other_{i}")
    c.commit()
    waiting.join(90)
    assert said and "ORA-00001: unique constraint (OTHER." in said[0], said
    for other in others:
        other.close()


def main():
    c = oracledb.connect(**LOGIN)
    try:
        c.cursor().execute("drop table pt")
    except oracledb.Error:
        pass
    for function in TESTS:
        try:
            function(c)
            print(f"ok {function.__name__}")
        except Exception:
            print(f"not ok {function.__name__}: " + " | ".join(traceback.format_exc().splitlines()[-4:]))
            c.rollback()
    c.close()


main()
