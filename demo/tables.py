# SPDX-License-Identifier: Apache-2.0
"""The application's tables, and how each side's rows are told as the same text, without any code of Understudy's."""
from dataclasses import dataclass

NULL = "~"
SEPARATOR = "|"


@dataclass(frozen=True)
class Table:
    name: str
    key: tuple
    columns: tuple       # (name, form); forms are below
    varies: tuple = ()   # columns whose new values no client can know: the server's clock

    @property
    def names(self):
        return [name for name, _ in self.columns]


# form: (expression in MariaDB, expression in PostgreSQL); {0} is the column.
FORMS = {
    "integer": ("CAST({0} AS CHAR)", "{0}::text"),
    "decimal": ("CAST(CAST({0} AS DECIMAL(48,10)) AS CHAR)", "{0}::numeric(48,10)::text"),
    "string": ("{0} COLLATE utf8mb4_bin", "{0}::text"),
    "char4": ("RPAD({0} COLLATE utf8mb4_bin, 4, ' ')", "rpad({0}::text, 4)"),
    "char8": ("RPAD({0} COLLATE utf8mb4_bin, 8, ' ')", "rpad({0}::text, 8)"),
    "raw": ("HEX({0})", "upper(encode({0}, 'hex'))"),
    "date": ("DATE_FORMAT({0}, '%Y-%m-%d %H:%i:%s')", "to_char({0}, 'YYYY-MM-DD HH24:MI:SS')"),
    "timestamp": ("DATE_FORMAT({0}, '%Y-%m-%d %H:%i:%s.%f')", "to_char({0}, 'YYYY-MM-DD HH24:MI:SS.US')"),
    "zoned": ("DATE_FORMAT({0}, '%Y-%m-%d %H:%i:%s.%f')", "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"),
    "lob": ("MD5({0})", "md5({0})"),
}

TABLES = (
    Table("assets", ("asset_id",), (
        ("asset_id", "integer"), ("external_id", "string"), ("title", "string"), ("search_title", "string"), ("kind", "char8"), ("status", "string"),
        ("duration_s", "decimal"), ("size_bytes", "integer"), ("rating", "decimal"), ("score", "decimal"), ("archive_no", "integer"),
        ("checksum", "raw"), ("released", "date"), ("created_at", "timestamp"), ("ingested_at", "zoned"), ("changed_at", "date"),
        ("version", "integer"), ("description", "lob")), ("created_at", "changed_at")),
    Table("renditions", ("rendition_id",), (
        ("rendition_id", "integer"), ("asset_id", "integer"), ("profile", "string"), ("codec", "char4"), ("width", "integer"), ("height", "integer"),
        ("bitrate", "integer"), ("fps", "decimal"), ("preview", "lob"))),
    Table("tags", ("tag_id",), (("tag_id", "integer"), ("name", "string"), ("uses", "integer"))),
    Table("asset_tags", ("asset_id", "tag_id"), (("asset_id", "integer"), ("tag_id", "integer"), ("position", "integer"))),
    Table("cdn_links", ("link_id",), (
        ("link_id", "integer"), ("asset_id", "integer"), ("region", "char4"), ("url", "string"), ("hits", "integer"), ("expires", "date"),
        ("token", "raw"))),
    Table("uploads", ("client_id", "seq"), (
        ("client_id", "integer"), ("seq", "integer"), ("asset_id", "integer"), ("state", "string"), ("bytes", "integer"), ("checksum", "raw"),
        ("started", "timestamp"), ("finished", "date"), ("note", "lob"), ("body", "lob")), ("started", "finished")),
    Table("client_totals", ("client_id", "slot"), (("client_id", "integer"), ("slot", "integer"), ("total", "integer"))),
)
BY_NAME = {table.name: table for table in TABLES}


def query(table, side, qualified_name):
    """One text column: the row's values in order; side 0 is MariaDB, 1 PostgreSQL. Rows come in key order."""
    parts = [f"COALESCE({FORMS[form][side].format(quoted(name, side))}, '{NULL}')" for name, form in table.columns]
    order = ", ".join(quoted(name, side) for name in table.key)
    return f"SELECT concat_ws('{SEPARATOR}', {', '.join(parts)}) FROM {qualified_name} ORDER BY {order}"


def quoted(name, side):
    """Some names are reserved words on one side or the other."""
    return f"`{name}`" if side == 0 else f'"{name}"'


def key_of(table, values):
    """The ledger's key of a row: its key columns' texts joined by colons."""
    return ":".join(values[:len(table.key)])
