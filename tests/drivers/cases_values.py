# SPDX-License-Identifier: Apache-2.0
"""Cases about values: every type with its limits, in and out, NULLs, LOBs, functions on values."""
from case_words import (COMMIT, DRIVER, LEGACY, PLSQL, bd, bf, blob, call, case, change, clob, d, do, fails, legacy_cannot, long, ltz, n, null, query, raw, target_cannot, ts, tz, var)

DIGITS_38 = "9" * 38
ORACLE_ONLY = "more than 38 digits before or 27 after the point"
NODE_TIME = {"node": DRIVER + "a Date of JavaScript has no years before 100"}


def round_trip(name, table, column, value, back=None, **more):
    """In by bind, out again; found again by its value where that can be said."""
    steps = [change(f"INSERT INTO {table} (id, {column}) VALUES (:1, :2)", 1, 1, value), query(f"SELECT {column} FROM {table} WHERE id = :1", [back or value], 1)]
    return case(name, *steps, COMMIT, clean=table, **more)


def numbers():
    made = []
    plain = {"zero": "0", "one": "1", "minus_one": "-1", "ten": "10", "hundred": "100", "ninety_nine": "99", "tenth": "0.1", "minus_tenth": "-0.1", "hundredth": "0.01",
             "one_and_half": "1.5", "int32_max": "2147483647", "int32_min": "-2147483648", "int64_max": "9223372036854775807", "int64_min": "-9223372036854775808",
             "over_int64": "9223372036854775808", "digits_20": "12345678901234567890", "digits_38": DIGITS_38, "minus_digits_38": "-" + DIGITS_38,
             "ten_power_37": "1" + "0" * 37, "small": "0.000000000000000000000000001", "twenty_and_ten": "1234567890.0987654321", "pi": "3.14159265358979323846",
             "odd_exponent": "1000000", "even_exponent": "10000000", "minus_101": "-101", "hundred_thousandths": "0.00001"}
    for label, text in plain.items():
        made.append(round_trip("number." + label, "t_number", "n", n(text), short=label in ("zero", "digits_38", "small")))
    edges = [("n5", "99999"), ("n5", "-99999"), ("n18", "999999999999999999"), ("n38", DIGITS_38), ("n52", "999.99"), ("n52", "-999.99"), ("n3810", "1234567890123456789012345678.0123456789")]
    for column, text in edges:
        made.append(round_trip(f"number.limit.{column}.{'minus' if text[0] == '-' else 'plus'}", "t_number", column, n(text)))
    for column, text, back in [("n52", "123.456", "123.46"), ("n52", "-0.005", "-0.01"), ("n5", "1.5", "2"), ("i", "2.5", "3"), ("n5", "99999.4", "99999")]:
        made.append(round_trip(f"number.rounded.{column}.{text}", "t_number", column, n(text), n(back)))
    for column, text in [("n5", "100000"), ("n52", "1000"), ("n52", "-1000"), ("n52", "999.995"), ("n38", "1" + "0" * 38)]:
        made.append(case(f"number.over.{column}.{len(text)}{'_minus' if text[0] == '-' else ''}",
                         fails(1438, f"INSERT INTO t_number (id, {column}) VALUES (1, :1)", n(text)), query("SELECT COUNT(*) FROM t_number", [0]), clean="t_number",
                         skip={f"node/{way}": LEGACY + "a text of 39 digits is no number to it" for way in ("direct", "relay")} if column == "n38" else None))
    for label, text in [("max", "9." + "9" * 37 + "e125"), ("ten_power_125", "1e125"), ("ten_power_minus_130", "1e-130"), ("ten_power_40", "1e40")]:
        cannot = legacy_cannot(ORACLE_ONLY)
        if label == "ten_power_minus_130":
            cannot["go"] = DRIVER + "it sends the smallest number in a form that is none"
        made.append(round_trip("number.extreme." + label, "t_number", "n", n(text), skip=cannot))
    made.append(case("number.from_text", change("INSERT INTO t_number (id, n) VALUES (1, :1)", 1, "12.5"), query("SELECT n FROM t_number WHERE id = 1", [n("12.5")]), clean="t_number"))
    made.append(case("number.from_bad_text", fails(1722, "INSERT INTO t_number (id, n) VALUES (1, TO_NUMBER(:1))", "12x"), clean="t_number"))
    made.append(case("number.compared", change("INSERT INTO t_number (id, n) VALUES (1, :1)", 1, n("0.1")), query("SELECT id FROM t_number WHERE n = :1", [1], n("0.1")),
                     query("SELECT id FROM t_number WHERE n > :1", [], n("0.1")), query("SELECT id FROM t_number WHERE n BETWEEN :1 AND :2", [1], n("0.09"), n("0.11")), clean="t_number"))
    expressions = {"sum": ("1 + 2.5", "3.5"), "product": ("1.1 * 1.1", "1.21"), "quotient": ("10 / 4", "2.5"), "precedence": ("2 + 3 * 4", "14"), "minus": ("-(5)", "-5"),
                   "round": ("ROUND(2.345, 2)", "2.35"), "round_half": ("ROUND(-2.5)", "-3"), "trunc": ("TRUNC(-2.57, 1)", "-2.5"), "mod": ("MOD(-7, 3)", "-1"),
                   "power": ("POWER(2, 10)", "1024"), "sign": ("SIGN(-3)", "-1"), "abs": ("ABS(-3.5)", "3.5"), "ceil": ("CEIL(1.2)", "2"), "floor": ("FLOOR(-1.2)", "-2"),
                   "greatest": ("GREATEST(1, 3, 2)", "3"), "least": ("LEAST(3, 1, 2)", "1"), "to_number": ("TO_NUMBER('42.5')", "42.5"), "nvl": ("NVL(NULL, 7)", "7")}
    for label, (text, back) in expressions.items():
        made.append(case("number.expression." + label, query(f"SELECT {text} FROM dual", [n(back)])))
    return made


def floats():
    made = []
    by_number = {"go": DRIVER + "a float goes out as NUMBER, which does not hold this value"}
    for column, label, value in [("bf", "plain", bf("1.5")), ("bf", "minus", bf("-0.25")), ("bf", "small", bf("0.0000152587890625")), ("bf", "seven_digits", bf("16777215")),
                                 ("bd", "plain", bd("1.1")), ("bd", "minus", bd("-12345.678901")), ("bd", "max", bd("1.7976931348623157e308")),
                                 ("bd", "least_normal", bd("2.2250738585072014e-308")), ("bd", "seventeen_digits", bd("0.30000000000000004")), ("f", "plain", n("1.25"))]:
        made.append(round_trip(f"float.{column}.{label}", "t_float", column, value, skip=by_number if label in ("max", "least_normal") else None))
    for column, make in (("bf", bf), ("bd", bd)):
        for label in ("nan", "inf", "-inf"):
            made.append(round_trip(f"float.{column}.{label}", "t_float", column, make(label), skip=dict(legacy_cannot("no NaN and no infinity is stored"), **by_number)))
    made.append(round_trip("float.bf.max", "t_float", "bf", bf("3.4028234663852886e38")))
    made.append(case("float.compared", change("INSERT INTO t_float (id, bd) VALUES (1, :1)", 1, bd("0.5")), query("SELECT id FROM t_float WHERE bd = :1", [1], bd("0.5")), clean="t_float"))
    return made


def texts():
    made = []
    for label, column, value in [("one", "v10", "a"), ("ten", "v10", "abcdefghij"), ("blank", "v10", " "), ("trailing_blanks", "v10", "ab  "), ("quotes", "v400", "it's \"so\""),
                                 ("newline", "v400", "a\r\nb\tc"), ("backslash", "v400", "a\\b%_"), ("umlauts", "v400", "äöüß€"), ("cyrillic", "v400", "Привет, мир"),
                                 ("han", "v400", "汉字漢字"), ("combining", "v400", "e\u0301 a\u0308"), ("emoji", "v400", "😀👍🏽"), ("emoji_ten_characters", "v10c", "😀" * 10),
                                 ("national", "nv", "Ωμέγα 😀"), ("right_to_left", "v400", "שלום עולם"), ("bom", "v400", "\ufeffx"), ("last_plane", "v400", "\U0010fffd"),
                                 ("length_253", "v400", "x" * 253), ("length_254", "v400", "x" * 254), ("length_255", "v400", "x" * 255), ("length_256", "v400", "x" * 256)]:
        made.append(round_trip("text." + label, "t_text", column, value, short=label in ("ten", "emoji")))
    for label, value in [("4000", long("x", 4000)), ("1000_emoji", long("😀", 1000)), ("1333_euros", long("€", 1333)), ("3999", long("ab", 1999, "c"))]:
        made.append(round_trip("text.long." + label, "t_text", "v4000", value))
    made.append(round_trip("text.nul", "t_text", "v400", "a\u0000b", skip=target_cannot("no NUL character in text")))
    made.append(round_trip("text.char.padded", "t_text", "c5", "ab", "ab   "))
    made.append(round_trip("text.char.full", "t_text", "c5", "abcde"))
    made.append(round_trip("text.char.umlaut", "t_text", "c5", "äö", "äö   "))
    made.append(case("text.empty_is_null", change("INSERT INTO t_text (id, v10) VALUES (1, '')", 1), query("SELECT v10 FROM t_text WHERE v10 IS NULL", [None]), clean="t_text"))
    made.append(case("text.empty_bind_is_null", change("INSERT INTO t_text (id, v10) VALUES (1, :1)", 1, ""), query("SELECT id, v10 FROM t_text WHERE v10 IS NULL", [[1, None]]), clean="t_text"))
    made.append(case("text.char.compared", change("INSERT INTO t_text (id, c5) VALUES (1, 'ab')", 1), query("SELECT id FROM t_text WHERE c5 = 'ab'", [1]),
                     query("SELECT id FROM t_text WHERE c5 = 'ab   '", [1]), clean="t_text"))
    made.append(case("text.over.bytes", fails(12899, "INSERT INTO t_text (id, v10) VALUES (1, :1)", "12345678901"), clean="t_text"))
    made.append(case("text.over.4000", fails([12899, 1461, 1704], "INSERT INTO t_text (id, v4000) VALUES (1, :1)", long("x", 4001)), clean="t_text"))
    made.append(case("text.over.char", fails(12899, "INSERT INTO t_text (id, c5) VALUES (1, :1)", "123456"), clean="t_text"))
    made.append(case("text.bind_only", query("SELECT :1 FROM dual", ["abc"], "abc")))
    made.append(case("text.bind_only_4000", query("SELECT :1 FROM dual", [long("y", 4000)], long("y", 4000))))
    expressions = {"length": ("LENGTH('äb😀')", n(3)), "upper": ("UPPER('straße ä')", None), "lower": ("LOWER('ABC')", "abc"), "substr": ("SUBSTR('abcdef', 2, 3)", "bcd"),
                   "substr_end": ("SUBSTR('abcdef', -2)", "ef"), "instr": ("INSTR('banana', 'an')", n(2)), "concat": ("'a' || 'b' || 1", "ab1"), "concat_null": ("'a' || NULL", "a"),
                   "lpad": ("LPAD('7', 3, '0')", "007"), "rpad": ("RPAD('ab', 4, '*')", "ab**"), "replace": ("REPLACE('aXbX', 'X', '-')", "a-b-"), "trim": ("TRIM('  ab ')", "ab"),
                   "nvl": ("NVL('', 'none')", "none"), "nvl2": ("NVL2('x', 'yes', 'no')", "yes"), "coalesce": ("COALESCE(NULL, NULL, 'c')", "c"),
                   "decode": ("DECODE(2, 1, 'one', 2, 'two', 'many')", "two"), "case": ("CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", "b"), "initcap": ("INITCAP('hello world')", "Hello World"),
                   "to_char_number": ("TO_CHAR(1234.5)", "1234.5"), "to_char_format": ("TO_CHAR(1234.5, 'FM9,999.00')", "1,234.50"), "translate": ("TRANSLATE('abc', 'ab', 'xy')", "xyc"),
                   "to_char_fraction": ("TO_CHAR(0.5)", ".5")}
    expressions["upper"] = ("UPPER('abcä')", "ABCÄ")
    for label, (text, back) in expressions.items():
        made.append(case("text.expression." + label, query(f"SELECT {text} FROM dual", [back])))
    return made


def times():
    made = []
    for text in ("0001-01-01T00:00:00", "1582-10-04T12:00:00", "1582-10-15T00:00:00", "1899-12-31T23:59:59", "1969-12-31T23:59:59", "1970-01-01T00:00:00", "2000-02-29T12:34:56",
                 "2024-02-29T23:59:59", "2038-01-19T03:14:08", "9999-12-31T23:59:59"):
        made.append(round_trip("date." + text[:10], "t_time", "d", d(text), skip=NODE_TIME if text < "0100" else None, short=text[:4] == "2024"))
    for column, text in [("t6", "2024-02-29T13:14:15.123456"), ("t6", "2024-02-29T13:14:15"), ("t6", "1999-12-31T23:59:59.999999"), ("t6", "1970-01-01T00:00:00.000001"),
                         ("t3", "2024-02-29T13:14:15.123"), ("t0", "2024-02-29T13:14:15"), ("t6", "9999-12-31T23:59:59.999999"), ("t6", "1900-01-01T00:00:00.5")]:
        made.append(round_trip(f"timestamp.{column}.{text}", "t_time", column, ts(text)))
    for zone in ("Z", "+00:00", "+05:30", "-08:00", "+14:00", "-12:00", "+05:45"):
        made.append(round_trip("timestamp.tz." + zone, "t_time", "tz", tz("2024-02-29T13:14:15.123456" + zone)))
    made.append(round_trip("timestamp.ltz.utc", "t_time", "ltz", ltz("2024-02-29T13:14:15.123Z")))
    made.append(case("date.compared", change("INSERT INTO t_time (id, d) VALUES (1, :1)", 1, d("2024-02-29T13:14:15")), query("SELECT id FROM t_time WHERE d = :1", [1], d("2024-02-29T13:14:15")),
                     query("SELECT id FROM t_time WHERE d < :1", [1], d("2024-03-01T00:00:00")), clean="t_time"))
    made.append(case("timestamp.compared", change("INSERT INTO t_time (id, t6) VALUES (1, :1)", 1, ts("2024-02-29T13:14:15.25")),
                     query("SELECT id FROM t_time WHERE t6 = :1", [1], ts("2024-02-29T13:14:15.25")), clean="t_time"))
    made.append(case("date.time_of_day_kept", change("INSERT INTO t_time (id, d) VALUES (1, TO_DATE('2024-02-29 23:59:58', 'YYYY-MM-DD HH24:MI:SS'))", 1),
                     query("SELECT d FROM t_time", [d("2024-02-29T23:59:58")]), clean="t_time"))
    expressions = {"literal": ("DATE '2024-02-29'", d("2024-02-29T00:00:00")), "plus_day": ("DATE '2024-02-28' + 2", d("2024-03-01T00:00:00")),
                   "plus_hour": ("DATE '2024-02-28' + 1/24", d("2024-02-28T01:00:00")), "difference": ("DATE '2024-03-01' - DATE '2024-02-01'", n(29)),
                   "add_months": ("ADD_MONTHS(DATE '2024-01-31', 1)", d("2024-02-29T00:00:00")), "last_day": ("LAST_DAY(DATE '2023-02-03')", d("2023-02-28T00:00:00")),
                   "months_between": ("MONTHS_BETWEEN(DATE '2024-03-01', DATE '2024-01-01')", n(2)), "trunc_month": ("TRUNC(DATE '2024-02-29', 'MM')", d("2024-02-01T00:00:00")),
                   "to_char": ("TO_CHAR(DATE '2024-02-29', 'DD.MM.YYYY HH24:MI:SS')", "29.02.2024 00:00:00"), "extract": ("EXTRACT(YEAR FROM DATE '2024-02-29')", n(2024)),
                   "to_char_words": ("TO_CHAR(DATE '2024-02-29', 'FMDay, DD Month YYYY')", "Thursday, 29 February 2024"),
                   "to_timestamp": ("TO_TIMESTAMP('2024-02-29 01:02:03.25', 'YYYY-MM-DD HH24:MI:SS.FF')", ts("2024-02-29T01:02:03.25")),
                   "timestamp_literal": ("TIMESTAMP '2024-02-29 01:02:03.5'", ts("2024-02-29T01:02:03.5"))}
    for label, (text, back) in expressions.items():
        made.append(case("date.expression." + label, query(f"SELECT {text} FROM dual", [back])))
    made.append(case("date.sysdate", query("SELECT CASE WHEN SYSDATE > DATE '2020-01-01' THEN 1 ELSE 0 END FROM dual", [1])))
    made.append(case("date.bad_text", fails([1858, 1861, 1841, 1840, 1843], "SELECT TO_DATE('29-XX-2024', 'DD-MM-YYYY') FROM dual")))
    for label, value in [("half_year", {"ym": "1-6"}), ("minus", {"ym": "-3-11"}), ("zero", {"ym": "0-0"}), ("years", {"ym": "178-0"})]:
        made.append(round_trip("interval.ym." + label, "t_interval", "ym", value, skip={"go": DRIVER + "no type for intervals of months as binds"}))
    for label, value in [("plain", {"ds": "3 04:05:06.789"}), ("minus", {"ds": "-1 00:00:01"}), ("zero", {"ds": "0 00:00:00"}), ("long", {"ds": "9999 23:59:59.5"})]:
        skip = {"go": DRIVER + "no type for intervals of days as binds"}
        if label == "minus":
            skip["python"] = DRIVER + "a negative timedelta is sent with days and seconds of different signs"
        made.append(round_trip("interval.ds." + label, "t_interval", "ds", value, skip=skip))
    made.append(case("interval.literals", change("INSERT INTO t_interval (id, ym, ds) VALUES (1, INTERVAL '1-6' YEAR TO MONTH, INTERVAL '3 04:05:06.789' DAY TO SECOND)", 1),
                     query("SELECT ym, ds FROM t_interval", [[{"ym": "1-6"}, {"ds": "3 04:05:06.789"}]]), clean="t_interval"))
    return made


def raws():
    made = []
    for label, column, value in [("zero", "r16", raw("00")), ("sixteen", "r16", raw("000102030405060708090a0b0c0d0eff")), ("two_thousand", "r2000", raw("a5", 2000)), ("ff", "r16", raw("ff", 16))]:
        made.append(round_trip("raw." + label, "t_raw", column, value))
    made.append(case("raw.over", fails(12899, "INSERT INTO t_raw (id, r16) VALUES (1, :1)", raw("00", 17)), clean="t_raw", skip=target_cannot("bytea has no greatest length")))
    made.append(case("raw.compared", change("INSERT INTO t_raw (id, r16) VALUES (1, :1)", 1, raw("cafe")), query("SELECT id FROM t_raw WHERE r16 = :1", [1], raw("cafe")), clean="t_raw"))
    made.append(case("raw.functions", change("INSERT INTO t_raw (id, r16) VALUES (1, HEXTORAW('00FF'))", 1), query("SELECT RAWTOHEX(r16) FROM t_raw", ["00FF"]), clean="t_raw"))
    return made


def lobs():
    made = []
    sizes = {"one": 1, "4000": 4000, "4001": 4001, "32767": 32767, "32768": 32768, "100000": 100000, "1000000": 1000000}
    for label, size in sizes.items():
        for kind, column, value, back in (("clob", "c", {"clob": "x", "x": size}, clob("x", size)), ("blob", "b", {"blob": "5a", "x": size}, blob("5a", size))):
            for way in ("value", "locator"):
                made.append(case(f"lob.{kind}.{label}.by_{way}", change(f"INSERT INTO t_lob (id, {column}) VALUES (1, :1)", 1, value),
                                 query(f"SELECT {column} FROM t_lob WHERE id = 1", [back], lobs=way), COMMIT, clean="t_lob", short=label == "4001"))
    for label, text in [("umlauts", "äöü€"), ("emoji", "a😀b")]:
        for way in ("value", "locator"):
            made.append(case(f"lob.clob.{label}.by_{way}", change("INSERT INTO t_lob (id, c) VALUES (1, :1)", 1, {"clob": text, "x": 5000}),
                             query("SELECT c FROM t_lob", [clob(text, 5000)], lobs=way), clean="t_lob"))
    made.append(case("lob.clob.from_text_bind", change("INSERT INTO t_lob (id, c) VALUES (1, :1)", 1, "short text"), query("SELECT c FROM t_lob", [clob("short text")]), clean="t_lob"))
    only_there = "only PostgreSQL's LOBs are kept by Understudy, up to a limit (session_lob_bytes)"
    made.append(case("lob.over_the_session_limit", do("repeat", times=9, steps=[change("INSERT INTO t_lob (id, c) VALUES (:1, :2)", 1, var("i"), clob("x", 4000000))]),
                     fails(22922, "SELECT id, c FROM t_lob ORDER BY id", rows=[], lobs="locator", fetch={"array": 20}), query("SELECT COUNT(*) FROM t_lob", [9]), clean="t_lob",
                     skip={"direct": only_there, "relay": only_there, "go": DRIVER + "a locator is read whole only"}))
    made.append(case("lob.null", change("INSERT INTO t_lob (id, c, b) VALUES (1, NULL, NULL)", 1), query("SELECT c, b FROM t_lob", [[None, None]]), clean="t_lob"))
    made.append(case("lob.null_binds", change("INSERT INTO t_lob (id, c, b) VALUES (1, :1, :2)", 1, null("clob"), null("blob")), query("SELECT c, b FROM t_lob", [[None, None]], lobs="locator"), clean="t_lob"))
    made.append(case("lob.empty", change("INSERT INTO t_lob (id, c, b) VALUES (1, EMPTY_CLOB(), EMPTY_BLOB())", 1), query("SELECT c, b FROM t_lob WHERE c IS NOT NULL", [[clob(""), blob("")]], lobs="locator"),
                     clean="t_lob", skip={"go": DRIVER + "an empty LOB and NULL are the same to it"}))
    made.append(case("lob.many_rows", {"sql": "INSERT INTO t_lob (id, c) VALUES (:1, :2)", "many": [[i, f"text {i}"] for i in range(1, 31)], "count": 30},
                     query("SELECT id, c FROM t_lob ORDER BY id", [[i, clob(f"text {i}")] for i in range(1, 31)], lobs="locator"),
                     query("SELECT id, c FROM t_lob ORDER BY id", [[i, clob(f"text {i}")] for i in range(1, 31)], lobs="value", fetch={"array": 7}), clean="t_lob"))
    again = [query("SELECT id, c FROM t_lob ORDER BY id", [[1, clob("x", 4001)]], lobs=way, same_text=True) for way in ("locator", "value", "value", "locator")]
    # By value first: a statement that python-oracledb has only fetched by locator is not defined anew for a type handler, and the driver reads LONG where it asked for locators.
    made.append(case("lob.clob.cached_statement_other_way", change("INSERT INTO t_lob (id, c) VALUES (1, :1)", 1, clob("x", 4001)), query("SELECT id, c FROM t_lob ORDER BY id", [[1, clob("x", 4001)]], lobs="value"), *again, clean="t_lob", short=True))
    made.append(case("lob.clob.beside_converted_columns", change("INSERT INTO t_lob (id, c) VALUES (17, :1)", 1, clob("x", 40)),
                     query("SELECT id, c, id / 4 AS n FROM t_lob", [[17, clob("x", 40), {"n": "4.25"}]], numbers_as="text"), clean="t_lob", short=True))
    made.append(case("lob.clob.beside_rowid", change("INSERT INTO t_lob (id, c) VALUES (17, :1)", 1, clob("x", 40)), query("SELECT ROWID, id, c FROM t_lob", [[{"rowid": "any"}, 17, clob("x", 40)]]),
                     clean="t_lob", skip={"postgres": "ROWID of the source: refused by contract"}))
    part = {"go": DRIVER + "a locator is read whole only"}
    made.append(case("lob.read_part", change("INSERT INTO t_lob (id, c, b) VALUES (1, :1, :2)", 1, {"clob": "0123456789", "x": 5000}, {"blob": "00010203", "x": 5000}),
                     do("readlob", sql="SELECT /* by locator */ c FROM t_lob", size=50000, at=40001, part=clob("0123456789", 10)), do("readlob", sql="SELECT /* by locator */ b FROM t_lob", size=20000, at=19997, part=blob("00010203")),
                     clean="t_lob", skip=part))
    write = dict(part, postgres="writing through a locator needs a LOB of the source; the target keeps text and bytea")
    made.append(case("lob.write_part", change("INSERT INTO t_lob (id, c) VALUES (1, :1)", 1, {"clob": "abcdef", "x": 10}),
                     do("writelob", sql="SELECT /* by locator */ c FROM t_lob FOR UPDATE", at=2, value=clob("XY")), query("SELECT SUBSTR(c, 1, 6) FROM t_lob", [clob("aXYdef")]), COMMIT, clean="t_lob", skip=write))
    made.append(case("lob.append", change("INSERT INTO t_lob (id, c, b) VALUES (1, :1, :2)", 1, clob("abc"), {"blob": "0102"}),
                     do("writelob", sql="SELECT /* by locator */ c FROM t_lob FOR UPDATE", at=4, value=clob("dé😀")), query("SELECT c FROM t_lob", [clob("abcdé😀")]), COMMIT,
                     query("SELECT c FROM t_lob", [clob("abcdé😀")]), clean="t_lob", skip=write))
    made.append(case("lob.trim", change("INSERT INTO t_lob (id, c) VALUES (1, :1)", 1, {"clob": "abcdef", "x": 10}),
                     do("writelob", sql="SELECT /* by locator */ c FROM t_lob FOR UPDATE", at=1, value=clob("X"), trim=3), query("SELECT c FROM t_lob", [clob("Xbc")]), COMMIT, clean="t_lob", skip=write))
    made.append(case("lob.temporary.clob", do("templob", sql="INSERT INTO t_lob (id, c) VALUES (1, :1)", value=clob("temporary ", 4000)), query("SELECT c FROM t_lob", [clob("temporary ", 4000)]),
                     clean="t_lob", skip={"go": part["go"]}))
    made.append(case("lob.temporary.blob", do("templob", sql="INSERT INTO t_lob (id, b) VALUES (1, :1)", value=blob("0badcafe", 10000)), query("SELECT b FROM t_lob", [blob("0badcafe", 10000)]),
                     clean="t_lob", skip={"go": part["go"]}))
    made.append(case("lob.length", change("INSERT INTO t_lob (id, c, b) VALUES (1, :1, :2)", 1, {"clob": "x", "x": 5000}, {"blob": "00", "x": 70000}),
                     query("SELECT LENGTH(c), DBMS_LOB.GETLENGTH(b) FROM t_lob", [[5000, 70000]]), clean="t_lob"))
    made.append(case("lob.update", change("INSERT INTO t_lob (id, c) VALUES (1, 'a')", 1), change("UPDATE t_lob SET c = :1 WHERE id = 1", 1, {"clob": "new", "x": 20000}),
                     query("SELECT c FROM t_lob", [clob("new", 20000)]), clean="t_lob"))
    made.append(case("lob.plsql_out", call("BEGIN :1 := 'some text'; END;", {"out": "clob"}, outs=[clob("some text")]), skip={"postgres": PLSQL, "go": DRIVER + "no CLOB out of a block"}))
    return made


def nulls():
    made = []
    for kind, table, column in [("n", "t_number", "n"), ("s", "t_text", "v10"), ("d", "t_time", "d"), ("ts", "t_time", "t6"), ("tz", "t_time", "tz"), ("bf", "t_float", "bf"), ("bd", "t_float", "bd"),
                                ("raw", "t_raw", "r16")]:
        made.append(case("null." + kind, change(f"INSERT INTO {table} (id, {column}) VALUES (1, :1)", 1, null(kind)), query(f"SELECT {column} FROM {table}", [None]), clean=table))
    made.append(case("null.untyped", change("INSERT INTO t_dml (id, name, note) VALUES (1, 'a', :1)", 1, None), query("SELECT note FROM t_dml", [None]), clean="t_dml"))
    made.append(case("null.whole_row", change("INSERT INTO t_text (id) VALUES (1)", 1), query("SELECT v10, v10c, v400, v4000, c5, c1, nv FROM t_text", [[None] * 7]), clean="t_text", short=True))
    made.append(case("null.among_values", {"sql": "INSERT INTO t_text (id, v10, v400) VALUES (:1, :2, :3)", "many": [[1, None, "x"], [2, "y", None], [3, None, None], [4, "z", "z"]], "count": 4},
                     query("SELECT id, v10, v400 FROM t_text ORDER BY id", [[1, None, "x"], [2, "y", None], [3, None, None], [4, "z", "z"]]), clean="t_text"))
    made.append(case("null.select", query("SELECT NULL FROM dual", [None])))
    made.append(case("null.nvl_bind", query("SELECT NVL(:1, 'none') FROM dual", ["none"], null("s"))))
    made.append(case("null.never_equal", query("SELECT COUNT(*) FROM dual WHERE NULL = NULL", [0])))
    made.append(case("null.order", {"sql": "INSERT INTO t_number (id, n) VALUES (:1, :2)", "many": [[1, 5], [2, None], [3, 1]], "count": 3},
                     query("SELECT id FROM t_number ORDER BY n", [3, 1, 2]), query("SELECT id FROM t_number ORDER BY n DESC", [2, 1, 3]),
                     query("SELECT id FROM t_number ORDER BY n NULLS FIRST", [2, 3, 1]), clean="t_number"))
    made.append(case("null.aggregates", {"sql": "INSERT INTO t_number (id, n) VALUES (:1, :2)", "many": [[1, 5], [2, None]], "count": 2},
                     query("SELECT COUNT(*), COUNT(n), SUM(n), MAX(n) FROM t_number", [[2, 1, 5, 5]]), query("SELECT SUM(n), MAX(n) FROM t_number WHERE id > 5", [[None, None]]), clean="t_number"))
    return made


def cases():
    return numbers() + floats() + texts() + times() + raws() + lobs() + nulls()
