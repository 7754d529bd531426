"""The tables that are read, and what is in them; every run has the same rows."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class BenchTable:
    """A table.

    Args:
        name: Its name.
        rows: How many rows it has.
        columns: Name, type and the SQL of a value over a row's number `i`.
    """

    name: str
    rows: int
    columns: tuple[tuple[str, str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns."""
        return tuple(name for name, _, _ in self.columns)

    @property
    def sql(self) -> str:
        """What makes and fills it."""
        declared = ", ".join(f"{name} {type_}" for name, type_, _ in self.columns)
        values = ", ".join(value for _, _, value in self.columns)
        return (
            f"CREATE TABLE {self.name} ({declared}, PRIMARY KEY (id)); "
            f"INSERT INTO {self.name} SELECT {values} FROM generate_series(1, {self.rows}) AS i"
        )


_ID = ("id", "int4", "i")
_MIXED = (
    _ID,
    ("big", "int8", "i * 1000003::int8"),
    ("price", "numeric(12,2)", "(i * 7919 % 1000000) / 100.0"),
    ("ratio", "float8", "sqrt(i)"),
    ("active", "bool", "i % 3 = 0"),
    ("name", "text", "'Customer number ' || i"),
    ("code", "varchar(20)", "'C-' || lpad(i::text, 8, '0')"),
    ("day", "date", "date '2020-01-01' + i % 2000"),
    ("at", "timestamptz", "timestamptz '2024-01-01 00:00:00+00' + i * interval '97.5 seconds'"),
    ("ref", "uuid", "md5(i::text)::uuid"),
    ("tags", "text[]", "ARRAY['a' || i % 10, 'b' || i % 7]"),
    ("doc", "jsonb", "jsonb_build_object('n', i, 'level', i % 5, 'label', 'x' || i)"),
)
_TEXT = "repeat(md5(i::text) || ' \"quoted\" and\nnew line ', {times})"
_DOCUMENT = (
    "jsonb_build_object('id', i, 'items', (SELECT jsonb_agg(jsonb_build_object('sku', md5((i * n)::text), "
    "'quantity', n, 'price', n * 1.25, 'gift', n % 2 = 0)) FROM generate_series(1, 10) AS n))"
)

MIXED = BenchTable(name="mixed", rows=10_000, columns=_MIXED)
KILOBYTE = BenchTable(name="kilobyte", rows=1_000, columns=(*_MIXED, ("note", "text", "repeat(md5(i::text), 24)")))
NARROW = BenchTable(name="narrow", rows=20_000, columns=(_ID, ("name", "text", "'name ' || i")))
WIDE = BenchTable(
    name="wide",
    rows=1_000,
    columns=(_ID, *((f"{name}_{n}", type_, value) for n in range(8) for name, type_, value in _MIXED[:10])),
)
TEXTS = BenchTable(
    name="texts", rows=2_000, columns=(_ID, *((f"t{n}", "text", _TEXT.format(times=8 + n)) for n in range(4)))
)
DOCUMENTS = BenchTable(name="documents", rows=2_000, columns=(_ID, ("doc", "jsonb", _DOCUMENT)))

TABLES = (MIXED, KILOBYTE, NARROW, WIDE, TEXTS, DOCUMENTS)
SETTLE = ("VACUUM ANALYZE", "CHECKPOINT")
