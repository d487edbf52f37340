# SPDX-License-Identifier: Apache-2.0
"""Runs the driver cases with python-oracledb in thin mode: python_runner.py RUN.json, one JSON line for each case."""
import datetime
import decimal
import json
import os
import re
import socket
import struct
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import oracledb

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
from sockets import open_sockets  # noqa: E402  pylint: disable=wrong-import-position

D = oracledb
TYPES = {"n": D.DB_TYPE_NUMBER, "s": D.DB_TYPE_VARCHAR, "d": D.DB_TYPE_DATE, "ts": D.DB_TYPE_TIMESTAMP, "tz": D.DB_TYPE_TIMESTAMP_TZ,
         "ltz": D.DB_TYPE_TIMESTAMP_LTZ, "bf": D.DB_TYPE_BINARY_FLOAT, "bd": D.DB_TYPE_BINARY_DOUBLE, "raw": D.DB_TYPE_RAW, "clob": D.DB_TYPE_CLOB,
         "blob": D.DB_TYPE_BLOB, "ds": D.DB_TYPE_INTERVAL_DS, "ym": D.DB_TYPE_INTERVAL_YM, "cursor": D.DB_TYPE_CURSOR, "rowid": D.DB_TYPE_ROWID,
         "ns": D.DB_TYPE_NVARCHAR}
CODES = {D.DB_TYPE_NUMBER: "n", D.DB_TYPE_VARCHAR: "s", D.DB_TYPE_CHAR: "s", D.DB_TYPE_NVARCHAR: "s", D.DB_TYPE_NCHAR: "s", D.DB_TYPE_LONG: "clob", D.DB_TYPE_LONG_RAW: "blob",  # LOBs by value come as LONGs
         D.DB_TYPE_DATE: "d", D.DB_TYPE_TIMESTAMP: "ts", D.DB_TYPE_TIMESTAMP_TZ: "tz", D.DB_TYPE_TIMESTAMP_LTZ: "ltz", D.DB_TYPE_BINARY_FLOAT: "bf",
         D.DB_TYPE_BINARY_DOUBLE: "bd", D.DB_TYPE_RAW: "raw", D.DB_TYPE_CLOB: "clob", D.DB_TYPE_NCLOB: "clob", D.DB_TYPE_BLOB: "blob",
         D.DB_TYPE_INTERVAL_DS: "ds", D.DB_TYPE_INTERVAL_YM: "ym", D.DB_TYPE_ROWID: "rowid", D.DB_TYPE_CURSOR: "cursor"}
NAMES = {D.DB_TYPE_VARCHAR: "VARCHAR2", D.DB_TYPE_NVARCHAR: "NVARCHAR2", D.DB_TYPE_TIMESTAMP_TZ: "TIMESTAMP WITH TIME ZONE",
         D.DB_TYPE_TIMESTAMP_LTZ: "TIMESTAMP WITH LOCAL TIME ZONE", D.DB_TYPE_INTERVAL_DS: "INTERVAL DAY TO SECOND",
         D.DB_TYPE_INTERVAL_YM: "INTERVAL YEAR TO MONTH"}
# What the driver says itself, and what the server would have said about it.
SYMBOLS = {"DPY-4024": "timeout", "DPY-4011": "closed", "DPY-1001": "closed", "DPY-6001": 12514, "DPY-4027": "timeout"}
oracledb.defaults.fetch_decimals = True
oracledb.defaults.fetch_lobs = False


class Skip(Exception):
    """This driver cannot do what the case asks for."""


class Wrong(Exception):
    """The answer is not the one that the case states."""


def bits(kind, value):
    if kind == "bf" and value == value and abs(value) != float("inf"):
        value = struct.unpack("f", struct.pack("f", value))[0]
    return f"{kind}:nan" if value != value else f"{kind}:" + struct.pack(">d", value + 0.0).hex()


def plain(text):
    """A decimal without exponent, without needless zeros."""
    sign, digits, exponent = Decimal(text).as_tuple()
    whole = "".join(map(str, digits))
    if exponent >= 0:
        whole, part = whole + "0" * exponent, ""
    else:
        whole = whole.rjust(-exponent + 1, "0")
        whole, part = whole[:exponent], whole[exponent:].rstrip("0")
    whole = whole.lstrip("0") or "0"
    value = whole + ("." + part if part else "")
    return "-" + value if sign and value != "0" else value


def stamp(value, zoned):
    if value.tzinfo is not None:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    text = f"{value.year:04d}-{value:%m-%dT%H:%M:%S}"
    fraction = f"{value.microsecond:06d}".rstrip("0")
    return text + ("." + fraction if fraction else "") + ("Z" if zoned else "")


def parse_stamp(text):
    """2024-02-29T13:14:15.123456+02:00"""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    value = datetime.datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), int((fraction or "").ljust(6, "0")[:6]))
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        # The driver sends the fields and ignores their zone, so that they are given in UTC.
        value -= sign * datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return value


def parse_days(text):
    sign, days, hours, minutes, seconds, fraction = re.fullmatch(r"(-?)(\d+) (\d+):(\d+):(\d+)(?:\.(\d+))?", text).groups()
    value = datetime.timedelta(days=int(days), hours=int(hours), minutes=int(minutes), seconds=int(seconds), microseconds=int((fraction or "").ljust(6, "0")[:6]))
    return -value if sign else value


class Runner:
    def __init__(self, settings):
        self.settings = settings
        self.connections = {}
        self.sockets = {}
        self.lost = []
        self.behind = {}
        self.variables = {}

    # --- values -------------------------------------------------------------------------------------------------------------------

    def pair(self, value):
        """A value of the data file as (type, text); None is NULL."""
        if value is None:
            return None
        if isinstance(value, str):
            return "s", value
        if isinstance(value, (int, float)):
            return "n", str(value)
        if "var" in value:
            return "n", str(self.variables[value["var"]] * value.get("mul", 1) + value.get("add", 0))
        (kind, text), = [(k, v) for k, v in value.items() if k not in ("x", "then")]
        return kind, str(text) * value.get("x", 1) + value.get("then", "")

    def expected(self, value):
        got = self.pair(value)
        if got is None:
            return None
        kind, text = got
        if kind == "n":
            return "n:" + plain(text)
        if kind in ("bf", "bd"):
            return bits(kind, float(text))
        if kind in ("d", "ts", "tz", "ltz"):
            return f"{kind}:" + stamp(parse_stamp(text), kind in ("tz", "ltz"))
        if kind == "ds":
            return f"ds:{parse_days(text) // datetime.timedelta(microseconds=1)}"
        if kind == "rowid":
            return "rowid"
        return f"{kind}:{text}"

    def given(self, value):
        """A bind as the driver takes it: (python value, database type)."""
        got = self.pair(value)
        if got is None:
            return None, None
        kind, text = got
        if kind == "n":
            return (int(text) if re.fullmatch(r"-?\d+", text) else Decimal(text)), TYPES[kind]
        if kind in ("bf", "bd"):
            return float(text), TYPES[kind]
        if kind in ("d", "ts", "tz", "ltz"):
            return parse_stamp(text), TYPES[kind]
        if kind in ("raw", "blob"):
            return bytes.fromhex(text), TYPES[kind] if kind == "raw" or len(text) <= 65534 else TYPES["blob"]
        if kind == "ds":
            return parse_days(text), TYPES[kind]
        if kind == "ym":
            years, months = text.lstrip("-").split("-")
            sign = -1 if text.startswith("-") else 1
            return oracledb.IntervalYM(sign * int(years), sign * int(months)), TYPES[kind]
        if kind == "null":
            return None, TYPES[text]
        return text, TYPES.get(kind)

    def actual(self, value, code):
        if value is None:
            return None
        kind = CODES.get(code, str(code))
        if kind == "n":
            return "n:" + plain(str(value))
        if kind in ("bf", "bd"):
            return bits(kind, float(value))
        if kind in ("d", "ts", "tz", "ltz"):
            return f"{kind}:" + stamp(value, kind in ("tz", "ltz"))
        if kind == "ds":
            return f"ds:{value // datetime.timedelta(microseconds=1)}"
        if kind == "ym":
            months = value.years * 12 + value.months
            return f"ym:{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"
        if kind == "rowid":
            return "rowid" if re.fullmatch(r"[A-Za-z0-9+/]{18}", value) else f"rowid?{value}"
        if isinstance(value, oracledb.LOB):
            size = value.size()
            parts, at = [], 1
            while at <= size:
                parts.append(value.read(at, 30000))
                at += 30000
            value = (b"" if kind == "blob" else "").join(parts)
        if kind in ("raw", "blob"):
            return f"{kind}:{value.hex()}"
        return f"{kind}:{value}"

    # --- connections --------------------------------------------------------------------------------------------------------------

    def connect(self, name, step):
        s = self.settings
        service, port = step.get("service", s["service"]), s["port"]
        password, user = step.get("password", s["password"]), step.get("user", s["user"])
        extra = {}
        form = step.get("form", "easy")
        if form == "descriptor":
            sdu = f"(SDU={step['sdu']})" if "sdu" in step else ""
            dsn = f"(DESCRIPTION={sdu}(ADDRESS=(PROTOCOL=TCP)(HOST={s['host']})(PORT={port}))(CONNECT_DATA=(SERVICE_NAME={service})))"
        else:
            dsn = f"{s['host']}:{port}/{service}"
            if "sdu" in step:
                extra["sdu"] = step["sdu"]
        if "cache" in step:
            extra["stmtcachesize"] = step["cache"]
        before = open_sockets()
        connection = oracledb.connect(user=user, password=password, dsn=dsn, **extra)
        self.sockets[name] = max(open_sockets() - before, default=-1)
        self.connections[name] = connection
        return connection

    def connection(self, name):
        return self.connections.get(name) or self.connect(name, {})

    def drop(self, name):
        connection = self.connections.pop(name, None)
        try:
            if connection:
                connection.close()
        except oracledb.Error:
            pass

    # --- steps --------------------------------------------------------------------------------------------------------------------

    def binds(self, cursor, step):
        """The binds as a list or a dictionary, and the variables that take values out."""
        given, outs = step.get("binds"), {}
        if given is None:
            return None, outs
        names = list(given) if isinstance(given, dict) else range(len(given))
        values = {}
        for name in names:
            bind = given[name]
            if isinstance(bind, dict) and "table" in bind:
                values[name] = self.table(cursor, bind)
                if "out" in bind:
                    outs[name] = values[name]
                continue
            if isinstance(bind, dict) and "out" in bind:
                values[name] = outs[name] = cursor.var(TYPES[bind["out"]], bind.get("size", 0))
                if "in" in bind:
                    outs[name].setvalue(0, self.given(bind["in"])[0])
                continue
            value, kind = self.given(bind)
            if value is None and kind is None:
                values[name] = None
            elif kind in (TYPES["n"], TYPES["s"], TYPES["d"], TYPES["raw"], TYPES["ds"]) and value is not None:
                values[name] = value
            else:
                values[name] = cursor.var(kind, len(value) if isinstance(value, (str, bytes)) else 0)
                values[name].setvalue(0, value)
        return (values if isinstance(given, dict) else [values[i] for i in names]), outs

    def table(self, cursor, bind):
        """An index-by table: what comes in, and room for what comes out."""
        given = [self.given(value)[0] for value in bind.get("in", [])]
        room = max(bind["table"], len(given), 1)
        variable = cursor.arrayvar(TYPES[bind["kind"]], room, 100)
        if "in" in bind:
            variable.setvalue(0, given)
        return variable

    def check(self, what, wanted, got):
        if wanted != got:
            raise Wrong(f"{what}: wanted {str(wanted)[:200]}, got {str(got)[:200]}")

    def check_count(self, wanted, got):
        if got not in (wanted if isinstance(wanted, list) else [wanted]):
            raise Wrong(f"rows affected: wanted {wanted}, got {got}")

    def check_columns(self, step, cursor):
        for wanted, got in zip(step["columns"], cursor.description):
            code = got.type_code
            name = NAMES.get(code, code.name.replace("DB_TYPE_", ""))
            facts = {"name": got.name, "type": name, "precision": got.precision or 0, "scale": got.scale, "nullable": bool(got.null_ok), "size": got.display_size}
            for key, value in wanted.items():
                self.check(f"column {got.name}.{key}", value, facts[key])
        self.check("number of columns", len(step["columns"]), len(cursor.description))

    def rows(self, step, cursor):
        codes = [column.type_code for column in cursor.description]
        most = step.get("fetch", {}).get("max")
        for index, row in enumerate(cursor):
            if most is not None and index >= most:
                return
            yield [self.actual(value, code) for value, code in zip(row, codes)]

    def check_rows(self, step, cursor):
        if "columns" in step:
            self.check_columns(step, cursor)
        if "rows" in step:
            got = list(self.rows(step, cursor))
            wanted = [[self.expected(value) for value in row] for row in step["rows"]]
            self.check("number of rows", len(wanted), len(got))
            for index, (a, b) in enumerate(zip(wanted, got)):
                self.check(f"row {index}", a, b)
        elif "summary" in step:
            summary, count, total, first, last = step["summary"], 0, Decimal(0), None, None
            for row in self.rows(step, cursor):
                first, last, count = first or row, row, count + 1
                if "sum" in summary:
                    total += Decimal(row[0][2:])
            self.check("number of rows", summary["count"], count)
            if "sum" in summary:
                self.check("sum of the first column", plain(summary["sum"]), plain(str(total)))
            for key, row in (("first", first), ("last", last)):
                if key in summary:
                    self.check(f"{key} row", [self.expected(value) for value in summary[key]], row)
        else:
            cursor.fetchall()

    def check_outs(self, step, outs):
        wanted = step.get("outs")
        if wanted is None:
            return
        for name in (wanted if isinstance(wanted, dict) else range(len(wanted))):
            value = wanted[name]
            if isinstance(value, dict) and "ignored" in value:
                continue
            variable = outs[int(name) if isinstance(name, str) and name.isdigit() else name]
            got = variable.getvalue()
            if isinstance(value, list):
                self.check(f"out {name}", [self.expected(v) for v in value], [self.actual(v, variable.type) for v in got or []])
            else:
                if isinstance(got, list):
                    got = got[0] if got else None
                self.check(f"out {name}", self.expected(value), self.actual(got, variable.type))

    def execute(self, step):
        connection = self.connection(step.get("on", "a"))
        cursor = connection.cursor()
        fetch = step.get("fetch", {})
        if "array" in fetch:
            cursor.arraysize = fetch["array"]
        if "prefetch" in fetch:
            cursor.prefetchrows = fetch["prefetch"]
        lobs = {"fetch_lobs": step.get("lobs") == "locator"}
        if step.get("same_text"):  # as SQLAlchemy does it: the cached statement stays, its type handler is another
            lobs = {"fetch_lobs": True}
            cursor.outputtypehandler = None if step["lobs"] == "locator" else lambda c, column: c.var(oracledb.DB_TYPE_LONG, arraysize=c.arraysize) if column.type_code is oracledb.DB_TYPE_CLOB else None
        if step.get("numbers_as") == "text":  # the driver must define all columns if one is a LOB, and says these as text
            cursor.outputtypehandler = lambda c, column: c.var(str, 255, arraysize=c.arraysize, outconverter=decimal.Decimal) if column.type_code is oracledb.DB_TYPE_NUMBER else None
        timer = None
        if "timeout_ms" in step:
            connection.call_timeout = step["timeout_ms"]
        if "cancel_ms" in step:
            timer = threading.Timer(step["cancel_ms"] / 1000, connection.cancel)
            timer.start()
        connection.autocommit = bool(step.get("autocommit"))
        try:
            if "many" in step:
                self.execute_many(step, cursor)
            else:
                binds, outs = self.binds(cursor, step)
                if binds is None:
                    cursor.execute(step["sql"], **lobs)
                else:
                    cursor.execute(step["sql"], binds, **lobs)
                if cursor.description:
                    self.check_rows(step, cursor)
                if "results" in step:
                    results = cursor.getimplicitresults()
                    self.check("number of implicit results", len(step["results"]), len(results))
                    for wanted, result in zip(step["results"], results):
                        self.check_rows(wanted, result)
                if "count" in step:
                    self.check_count(step["count"], cursor.rowcount)
                self.check_outs(step, outs)
                for name, rows in step.get("cursors", {}).items():
                    out = outs[int(name) if name.isdigit() else name].getvalue()
                    self.check_rows(rows, out)
                    out.close()
        finally:
            connection.autocommit = False
            if timer:
                timer.cancel()
                timer.join()
            if "timeout_ms" in step:
                connection.call_timeout = 0
        cursor.close()

    def execute_many(self, step, cursor):
        rows = []
        kinds = {}
        for row in step["many"]:
            names = row.keys() if isinstance(row, dict) else range(len(row))
            values = {}
            for name in names:
                values[name], kind = self.given(row[name])
                if kind is not None:
                    kinds[name] = kind
            rows.append(values if isinstance(row, dict) else [values[i] for i in names])
        odd = {name: kind for name, kind in kinds.items() if kind in (TYPES["ts"], TYPES["bf"], TYPES["bd"], TYPES["clob"], TYPES["blob"], TYPES["tz"])}
        if odd and isinstance(step["many"][0], list):
            cursor.setinputsizes(*[odd.get(i) for i in range(len(step["many"][0]))])
        cursor.executemany(step["sql"], rows, batcherrors="batch_errors" in step, arraydmlrowcounts="counts" in step)
        if "count" in step:
            self.check("rows affected", step["count"], cursor.rowcount)
        if "counts" in step:
            self.check("rows affected by each", step["counts"], cursor.getarraydmlrowcounts())
        if "batch_errors" in step:
            self.check("batch errors", step["batch_errors"], [[error.offset, error.code] for error in cursor.getbatcherrors()])

    def do(self, step):
        what, name = step["do"], step.get("on", "a")
        if what == "connect":
            self.drop(step.get("as", "a"))
            self.connect(step.get("as", "a"), step)
        elif what == "close":
            connection = self.connections.pop(name)
            connection.close()
        elif what == "abort":
            self.lost.append(self.connections.pop(name))  # kept, so that its end does not say goodbye
            with socket.socket(fileno=os.dup(self.sockets.pop(name))) as copy:
                copy.shutdown(socket.SHUT_RDWR)
        elif what == "commit":
            self.connection(name).commit()
        elif what == "rollback":
            self.connection(name).rollback()
        elif what == "ping":
            self.connection(name).ping()
        elif what == "sleep":
            time.sleep(step["ms"] / 1000)
        elif what == "module":
            connection = self.connection(name)
            connection.module, connection.action, connection.client_identifier = step["module"], step["action"], step["client"]
        elif what == "schema":
            self.connection(name).current_schema = step["schema"]
        elif what == "join":
            thread, problem = self.behind.pop(step["of"])
            thread.join(60)
            if thread.is_alive():
                raise Wrong("the step in the background does not end")
            if problem:
                raise problem[0]
        elif what == "xa":
            self.branch(step, self.connection(name))
        elif what == "templob":
            connection = self.connection(name)
            kind, text = self.pair(step["value"])
            lob = connection.createlob(TYPES[kind])
            lob.write(text if kind == "clob" else bytes.fromhex(text))
            with connection.cursor() as cursor:
                cursor.execute(step["sql"], [lob])
        elif what == "writelob":
            with self.connection(name).cursor() as cursor:
                cursor.execute(step["sql"], fetch_lobs=True)
                lob, = cursor.fetchone()
                kind, text = self.pair(step["value"])
                lob.write(text if kind == "clob" else bytes.fromhex(text), step.get("at", 1))
                if "trim" in step:
                    lob.trim(step["trim"])
        elif what == "readlob":
            with self.connection(name).cursor() as cursor:
                cursor.execute(step["sql"], fetch_lobs=True)
                lob, = cursor.fetchone()
                self.check("size of the LOB", step["size"], lob.size())
                kind, text = self.pair(step["part"])
                got = lob.read(step["at"], len(text) if kind == "clob" else len(text) // 2)
                self.check("part of the LOB", text, got if kind == "clob" else got.hex())
        elif what == "repeat":
            for i in range(step.get("from", 1), step.get("from", 1) + step["times"]):
                self.variables[step.get("var", "i")] = i
                for inner in step["steps"]:
                    self.step(inner)
        else:
            raise Skip(f"the runner does not know the step {what}")

    def branch(self, step, connection):
        """A call about a branch of a distributed transaction."""
        xid = connection.xid(7, step["xid"] + "-global", step.get("branch", "one"))
        if step["op"] == "start":
            flags = {"new": oracledb.TPC_BEGIN_NEW, "join": oracledb.TPC_BEGIN_JOIN, "resume": oracledb.TPC_BEGIN_RESUME, "promote": oracledb.TPC_BEGIN_PROMOTE}
            connection.tpc_begin(xid, flags[step.get("flag", "new")], 30)
        elif step["op"] == "end":
            connection.tpc_end(xid)
        elif step["op"] == "prepare":
            needed = connection.tpc_prepare(xid)
            self.check("whether the branch needs a commit", step.get("needed", True), needed)
        elif step["op"] == "commit":
            connection.tpc_commit(xid, one_phase=step.get("one_phase", False))
        else:
            connection.tpc_rollback(xid)

    def start_behind(self, step):
        """Runs the step beside those that follow; what goes wrong in it is told by the step that joins it."""
        problem = []

        def run():
            try:
                self.step({key: value for key, value in step.items() if key != "behind"})
            except Exception as found:  # pylint: disable=broad-except
                problem.append(found)

        thread = threading.Thread(target=run, daemon=True)
        self.behind[step["behind"]] = (thread, problem)
        thread.start()

    @staticmethod
    def code_of(problem):
        if not isinstance(problem, oracledb.Error):
            return None
        error = problem.args[0]
        full = getattr(error, "full_code", "") or ""
        if full in SYMBOLS:
            return SYMBOLS[full]
        found = re.search(r"ORA-(\d{5})", str(problem))
        return int(found.group(1)) if found else full

    def step(self, step):
        if "behind" in step:
            self.start_behind(step)
            return
        wanted = step.get("error")
        if isinstance(step.get("sql"), str) and "$" in step["sql"]:
            step = dict(step, sql=re.sub(r"\$\{(\w+)\}", lambda m: str(self.variables[m.group(1)]), step["sql"]))
        try:
            if "do" in step:
                self.do(step)
            else:
                self.execute(step)
        except oracledb.Error as problem:
            code = self.code_of(problem)
            if wanted is None or code not in (wanted if isinstance(wanted, list) else [wanted]):
                raise Wrong(f"{'no error' if wanted is None else wanted} wanted, got {str(problem)[:300]}") from problem
            return
        if wanted is not None:
            raise Wrong(f"error {wanted} wanted, the call succeeded")

    def case(self, case):
        self.variables = {}
        for table in case.get("clean", []):
            self.step({"sql": f"DELETE FROM {table}"})
        if case.get("clean"):
            self.do({"do": "commit"})
        for index, step in enumerate(case["steps"]):
            try:
                self.step(step)
            except Wrong as problem:
                raise Wrong(f"step {index + 1}: {problem}") from problem
        for name in list(self.connections):
            if name != "a":
                self.drop(name)
        if "a" in self.connections:
            self.connections["a"].rollback()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    with open(settings["cases"], encoding="utf-8") as file:
        cases = {case["name"]: case for case in json.load(file)["cases"]}
    runner = Runner(settings)
    print(json.dumps({"version": "python-oracledb " + oracledb.__version__}), flush=True)
    for name in settings["names"]:
        print(json.dumps({"begin": name}), flush=True)
        began, status, reason = time.monotonic(), "passed", ""
        try:
            runner.case(cases[name])
        except Skip as problem:
            status, reason = "skipped", str(problem)
        except Exception as problem:  # pylint: disable=broad-except
            status, reason = "failed", f"{type(problem).__name__}: {problem}"[:600]
        if status != "passed":
            for connection in list(runner.connections):
                runner.drop(connection)
        print(json.dumps({"case": name, "status": status, "reason": reason, "ms": round((time.monotonic() - began) * 1000)}), flush=True)
    for connection in list(runner.connections):
        runner.drop(connection)


main()
