# SPDX-License-Identifier: Apache-2.0
"""SQLAlchemy's mapper and core over the demo's schema: sqlalchemy_app.py PORT SERVICE USER PASSWORD BASE [reflect]. One line `ok ..` or `not ok ..` for each thing an application does."""
import datetime
import decimal
import sys

from sqlalchemy import CHAR, TIMESTAMP, DateTime, ForeignKey, Integer, Numeric, Sequence, String, Text, case, create_engine, delete, exists, func, insert, inspect, select, text, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship, selectinload, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

PORT, SERVICE, USER, PASSWORD, BASE = sys.argv[1:4] + [sys.argv[4], int(sys.argv[5])]
REFLECT = sys.argv[6:7] == ["reflect"]
engine = create_engine(f"oracle+oracledb://{USER}:{PASSWORD}@127.0.0.1:{PORT}/?service_name={SERVICE}")
Session = sessionmaker(engine)
WHEN = datetime.datetime(2021, 1, 2, 3, 4, 5, 678901)


class Mapped(DeclarativeBase):
    pass


class Tag(Mapped):
    __tablename__ = "tags"
    tag_id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(60))
    uses = mapped_column(Integer, default=0)


class Link(Mapped):
    __tablename__ = "asset_tags"
    asset_id = mapped_column(Integer, ForeignKey("assets.asset_id"), primary_key=True)
    tag_id = mapped_column(Integer, ForeignKey("tags.tag_id"), primary_key=True)
    position = mapped_column(Integer)


class Asset(Mapped):
    __tablename__ = "assets"
    asset_id = mapped_column(Integer, Sequence("assets_seq"), primary_key=True)
    external_id = mapped_column(String(40))
    title = mapped_column(String(200))
    search_title = mapped_column(String(200))
    kind = mapped_column(CHAR(8))
    status = mapped_column(String(12), server_default="draft")
    duration_s = mapped_column(Numeric(10, 3))
    size_bytes = mapped_column(Integer)
    rating = mapped_column(Numeric(3, 1))
    released = mapped_column(DateTime)
    created_at = mapped_column(TIMESTAMP)
    version = mapped_column(Integer)
    description = mapped_column(Text)
    tags = relationship(Tag, secondary="asset_tags", viewonly=True)
    __mapper_args__ = {"version_id_col": version}


def check(name, work, wanted):
    try:
        with Session() as session:
            got = work(session)
        print(f"ok {name}" if got == wanted else f"not ok {name}: wanted {wanted!r}, got {got!r}", flush=True)
    except Exception as problem:  # pylint: disable=broad-except
        print(f"not ok {name}: " + str(problem).replace("\n", " ")[:400], flush=True)


def new_asset(session):
    asset = Asset(external_id=f"sa-{BASE}", title="Tïtle 😀", kind="movie", released=WHEN.replace(microsecond=0), created_at=WHEN, duration_s=decimal.Decimal("12.345"), description="long " * 3000)
    session.add_all([asset, Tag(tag_id=BASE, name=f"sa-{BASE}")])
    session.flush()
    session.add(Link(asset_id=asset.asset_id, tag_id=BASE, position=1))
    session.commit()
    return asset.status, asset.size_bytes, len(asset.description), asset.duration_s, asset.created_at, asset.version


def the_asset(session):
    return session.scalars(select(Asset).where(Asset.external_id == f"sa-{BASE}")).one()


def changed(session):
    asset = the_asset(session)
    asset.title, asset.rating = "new", decimal.Decimal("4.5")
    session.commit()
    return asset.version, asset.title, asset.rating


def stale(session):
    with Session() as other:
        mine, theirs = the_asset(session), the_asset(other)
        mine.title = "first"
        session.commit()
        theirs.title = "second"
        try:
            other.commit()
        except StaleDataError:
            return "stale"
    return "not noticed"


def many(session):
    session.execute(insert(Tag), [{"tag_id": BASE + n, "name": f"sa-{BASE + n}", "uses": n} for n in range(1, 200)])
    session.commit()
    return session.scalar(select(func.count()).where(Tag.tag_id.between(BASE, BASE + 199)))


def committed(statement):
    def run(session):
        rows = [tuple(row) for row in session.execute(statement).fetchall()]
        session.commit()
        return rows
    return run


def savepoint(session):
    session.add(Tag(tag_id=BASE + 300, name=f"sa-{BASE + 300}"))
    session.flush()
    try:
        with session.begin_nested():
            session.execute(insert(Tag).values(tag_id=BASE, name="twice"))
    except IntegrityError:
        session.commit()
        return session.get(Tag, BASE + 300).name
    return "no error"


def rows(statement):
    return lambda session: [tuple(row) for row in session.execute(statement).fetchall()]


check("a mapped row: sequence, default from RETURNING, CLOB", new_asset, ("draft", None, 15000, decimal.Decimal("12.345"), WHEN, 1))
check("a change with a version", changed, (2, "new", decimal.Decimal("4.5")))
check("a change of what somebody changed is noticed", stale, "stale")
check("many rows in one statement", many, 200)
check("UPDATE RETURNING", committed(update(Tag).where(Tag.tag_id == BASE + 5).values(uses=Tag.uses + 7).returning(Tag.uses, Tag.name)), [(12, f"sa-{BASE + 5}")])
check("DELETE RETURNING", committed(delete(Tag).where(Tag.tag_id == BASE + 6).returning(Tag.uses)), [(6,)])
check("a savepoint around what fails", savepoint, f"sa-{BASE + 300}")
check("a page", rows(select(Tag.tag_id - BASE).where(Tag.tag_id >= BASE).order_by(Tag.tag_id).limit(3).offset(2)), [(2,), (3,), (4,)])
check("a join", rows(select(Asset.title, Tag.name).join(Link, Link.asset_id == Asset.asset_id).join(Tag, Tag.tag_id == Link.tag_id).where(Tag.tag_id == BASE)), [("first", f"sa-{BASE}")])
check("related rows", lambda s: [t.tag_id for t in s.scalars(select(Asset).options(selectinload(Asset.tags)).where(Asset.external_id == f"sa-{BASE}")).one().tags], [BASE])
check("an outer join, grouped", rows(select(Asset.kind, func.count(Link.tag_id)).outerjoin(Link, Link.asset_id == Asset.asset_id).where(Asset.external_id == f"sa-{BASE}").group_by(Asset.kind)), [("movie   ", 1)])
check("900 values in a list", lambda s: len(s.scalars(select(Tag).where(Tag.tag_id.in_(range(BASE, BASE + 200)))).all()), 199)
check("LIKE with ESCAPE", lambda s: s.scalar(select(func.count()).select_from(Tag).where(Tag.name.startswith(f"sa-{BASE + 30}", autoescape=True))), 1)
check("EXISTS", lambda s: s.scalar(select(func.count()).select_from(Asset).where(Asset.external_id == f"sa-{BASE}", exists().where(Link.asset_id == Asset.asset_id))), 1)
check("a window", rows(select(Tag.tag_id - BASE, func.row_number().over(order_by=Tag.uses.desc())).where(Tag.tag_id.between(BASE, BASE + 199)).order_by(Tag.uses.desc()).limit(2)), [(199, 1), (198, 2)])
check("a factored subquery", rows(select(func.count()).select_from(select(Tag.tag_id).where(Tag.tag_id.between(BASE, BASE + 199)).cte("x"))), [(199,)])
check("UNION ALL", lambda s: sorted(r[0] for r in s.execute(union_all(select(Tag.name).where(Tag.tag_id == BASE), select(Asset.title).where(Asset.external_id == f"sa-{BASE}")))), ["first", f"sa-{BASE}"])
check("CASE, COALESCE", rows(select(case((Asset.rating > 4, "high"), else_="low"), func.coalesce(Asset.search_title, "none")).where(Asset.external_id == f"sa-{BASE}")), [("high", "TÏTLE 😀")])
check("FOR UPDATE NOWAIT", lambda s: s.scalars(select(Tag).where(Tag.tag_id == BASE).with_for_update(nowait=True)).one().uses, 0)
check("FOR UPDATE SKIP LOCKED", lambda s: s.scalars(select(Tag).where(Tag.tag_id == BASE).with_for_update(skip_locked=True)).one().uses, 0)
check("text with binds", rows(text("select :a || :b, :a from dual").bindparams(a="x", b="y")), [("xy", "x")])
check("who is asking", rows(text("select sys_context('USERENV', 'CURRENT_SCHEMA'), user from dual")), [(USER, USER)])

if REFLECT:  # what a mapper reads of the dictionary
    look = inspect(engine)
    check("reflection: tables", lambda s: {"assets", "asset_tags", "tags"} <= set(look.get_table_names()), True)
    check("reflection: a table that is there, one that is not", lambda s: (look.has_table("assets"), look.has_table("no_such_table")), (True, False))
    check("reflection: columns", lambda s: [(c["name"], str(c["type"]), c["nullable"]) for c in look.get_columns("tags")], [("tag_id", "NUMBER", False), ("name", "VARCHAR(60)", False), ("uses", "NUMBER", False)])
    check("reflection: the primary key", lambda s: look.get_pk_constraint("asset_tags")["constrained_columns"], ["asset_id", "tag_id"])
    check("reflection: foreign keys", lambda s: sorted((k["constrained_columns"], k["referred_table"], k["referred_columns"]) for k in look.get_foreign_keys("asset_tags")), [(["asset_id"], "assets", ["asset_id"]), (["tag_id"], "tags", ["tag_id"])])
    check("reflection: indexes", lambda s: isinstance(look.get_indexes("assets"), list), True)
    check("reflection: unique and check constraints", lambda s: isinstance(look.get_unique_constraints("tags"), list) and isinstance(look.get_check_constraints("tags"), list), True)
    check("reflection: sequences", lambda s: "assets_seq" in look.get_sequence_names(), True)
    check("reflection: comments", lambda s: sorted(look.get_table_comment("tags")), ["text"])
