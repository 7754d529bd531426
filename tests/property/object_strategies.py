"""Values of the types that name PostgreSQL's own objects, or that its catalogue alone uses, in their text form."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

Texts = st.SearchStrategy[str]

_ids = st.sampled_from([0, 1, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
_words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_transactions = st.lists(st.integers(1, 2**32 - 1), min_size=2, max_size=6, unique=True).map(sorted)
_snapshots = _transactions.map(
    lambda ids: f"{ids[0]}:{ids[-1]}:{','.join(map(str, ids[:-1]))}"  # those between the ends are in progress
)
_privileges = st.sets(st.sampled_from("arwdDxt"), min_size=1).map(
    lambda letters: "".join(letter for letter in "arwdDxt" if letter in letters)
)


def _named(*names: str) -> Texts:
    """Names of objects that every server has, and a number that none of its objects has."""
    return st.sampled_from([*names, "4294967295"])


OBJECTS: Mapping[str, Texts] = {
    "aclitem": st.builds("{}={}/postgres".format, st.sampled_from(["", "postgres"]), _privileges),
    "cid": _ids.map(str),
    "xid": _ids.map(str),
    "int2vector": st.lists(st.integers(-(2**15), 2**15 - 1).map(str), max_size=4).map(" ".join),
    "oidvector": st.lists(_ids.map(str), max_size=4).map(" ".join),
    "pg_snapshot": _snapshots,
    "txid_snapshot": _snapshots,
    "refcursor": _words,
    "regclass": _named("pg_class", "-", "information_schema.tables"),
    "regcollation": _named('"C"', "-", '"default"'),
    "regconfig": _named("simple", "english", "-"),
    "regdictionary": _named("simple", "-"),
    "regnamespace": _named("pg_catalog", "-"),
    "regoper": _named("||/", "0"),
    "regoperator": _named("+(integer,integer)", "0"),
    "regproc": _named("now", "-"),
    "regprocedure": _named("lower(text)", "-"),
    "regrole": _named("postgres", "-"),
    "regtype": _named("integer[]", "-", '"char"', "timestamp with time zone"),
    "information_schema.cardinal_number": st.integers(0, 2**31 - 1).map(str),
    "information_schema.character_data": _words,
    "information_schema.sql_identifier": _words,
    "information_schema.time_stamp": st.sampled_from(["2024-02-29 12:34:56+00", "infinity"]),
    "information_schema.yes_or_no": st.sampled_from(["YES", "NO"]),
}
"""By the type as a column declares it."""
