r"""The ids in a query tree as the server prints it (`debug_print_rewritten`).

The form is PostgreSQL's `nodeToString` (nodes/outfuncs.c): `{NODE :field value …}`, lists in parentheses, sets of bits
as `(b 8 9)`, lists of ids as `(o 96 97)`; whatever could be mistaken in a name has a backslash before it. With
`debug_pretty_print=off` lines end where a space stood, so that no number is ever cut (nodes/print.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from attrs import define, field, frozen

from pgmcp.domain.caching.steady import TIMELESS

FIRST_OF_USERS = 16384
"""Ids below it are PostgreSQL's own (`FirstNormalObjectId`, access/transam.h)."""

TITLE = "rewritten parse tree:"
"""The message that a tree comes with; PostgreSQL doesn't translate it."""

# Types whose values are ids of the catalogue and whose texts are names, and their arrays (pg_type.dat): regproc,
# regprocedure, regoper, regoperator, regclass, regtype, regrole, regnamespace, regcollation; and aclitem, which names
# roles. Those of text search are not among them.
_REGCLASS, _REGTYPE = 2205, 2206
_NAMING = frozenset(
    {24, 2202, 2203, 2204, _REGCLASS, _REGTYPE, 4096, 4089, 1008, 2207, 2208, 2209, 2210, 2211, 4097, 4090}
    | {4191, 4192, 1033, 1034}
)
# `pg_typeof`, whose answer is a type that the caller's own expression has; `tableoid`'s number among system columns.
_TYPEOF, _TABLEOID = "1619", "-6"

# Which field of which node holds the id of a function, an operator, several operators.
_FUNCTIONS = frozenset(
    "funcid opfuncid hashfuncid negfuncid aggfnoid winfnoid startInRangeFunc endInRangeFunc tsmhandler".split()
)
_OPERATORS = frozenset("opno eqop sortop cycle_mark_neop".split())
_COLUMNS = frozenset("selectedCols insertedCols updatedCols".split())
_PLAIN = "relid seqid requiredPerms location commandType constvalue opnos varattno".split()
# Nodes that say which type a value has that is there already, and make none: what their types bring isn't called.
# Nodes whose values hang on the moment, the session or chance, or that read texts from rows as values of any type.
_UNSTEADY = frozenset(
    {"SQLVALUEFUNCTION", "NEXTVALUEEXPR", "CURRENTOFEXPR", "TABLESAMPLECLAUSE", "TABLEFUNC", "JSONEXPR"}
)
_CARRIERS = frozenset({"VAR", "RANGETBLENTRY", "COMMONTABLEEXPR", "SETOPERATIONSTMT"})
# A field of any node whose name tells of a type, such as `vartype`, `aggargtypes`, `coltypes`, `typeId`, `row_typeid`.
_TYPES = r"\w*?(?:[tT]yp(?:e[sS]?|eid|eId|id))"

# Whether conditions of row security are in a query, at whatever depth; it stands before them.
_ROW_SECURITY = "hasRowSecurity"

_VALUE = r"(?P<value>-?\d+(?:\s+\[[^\]]*\])?|\([bio]?[\s\d]*\)|<>|\((?=\s*\{)|true\b)"
_FIELD = "|".join((*sorted(_FUNCTIONS | _OPERATORS | _COLUMNS | set(_PLAIN)), "securityQuals", _ROW_SECURITY, _TYPES))
# The first character is matched by itself, so that the search for it is quick.
_TOKEN = re.compile(
    r"[\\{}:](?:"
    rf"(?<=:)(?P<field>{_FIELD})\s+{_VALUE}"
    r"|(?<=\{)(?P<opens>\w+)"
    r"|(?<=\})(?P<closes>)"
    r"|(?<=\\).)",
    re.DOTALL,
)
_JSON = frozenset({"JSONCONSTRUCTOREXPR", "JSONEXPR"})
_EDGE = re.compile(r"\\.|[(){}]", re.DOTALL)
_NUMBER = re.compile(r"-?\d+")


@define(kw_only=True)
class Touch:
    """How a statement touches a relation.

    Args:
        perms: The privileges that it needs, as `ACL_*` bits (nodes/parsenodes.h).
        columns, inserted, updated: Numbers of columns that are read, and given a value; 0 for the whole row.
    """

    perms: int = 0
    columns: set[int] = field(factory=set)
    inserted: set[int] = field(factory=set)
    updated: set[int] = field(factory=set)


class Note(Enum):
    """What a tree has in it beside ids."""

    SHIELDED = auto()
    """A condition of row security."""
    TABLE_NAMED = auto()
    """The name of the table that a row is of: `tableoid::regclass`."""


@frozen(kw_only=True)
class Mentions:
    """The ids that a tree mentions.

    Args:
        relations: How each relation is touched, by id.
        named: Relations that are there as constants of the caller's own.
        functions: Functions, each with the byte of the statement (from 0) where it is called, -1 where nowhere in it.
        operators: Operators that are not PostgreSQL's own.
        types: Types that are not PostgreSQL's own.
        naming: Types into which the statement turns ids or texts, and which show names of the catalogue.
        carried: Types, as above, that values have which are there already.
        kinds: Kinds of nodes that make JSON and call no function for it.
        unsteady: Kinds of nodes whose values hang on more than rows and arguments.
        commands: `CmdType` of every query in it (nodes/nodes.h): 1 SELECT, 2 UPDATE, 3 INSERT, 4 DELETE, 5 MERGE.
        notes: What else there is in it.
    """

    relations: dict[int, Touch] = field(factory=dict)
    named: set[int] = field(factory=set)
    functions: dict[int, int] = field(factory=dict)
    operators: set[int] = field(factory=set)
    types: set[int] = field(factory=set)
    naming: set[int] = field(factory=set)
    carried: set[int] = field(factory=set)
    kinds: set[str] = field(factory=set)
    unsteady: set[str] = field(factory=set)
    commands: set[int] = field(factory=set)
    notes: set[Note] = field(factory=set)


@define
class _Node:
    """A node that is being read: its kind and the fields that matter once it is complete."""

    kind: str
    fields: dict[str, str] = field(factory=dict)
    tableoid: bool = False


def mentions(text: str, into: Mentions | None = None) -> Mentions:
    """What a tree mentions.

    Conditions of row security (`securityQuals`) and of a view's CHECK OPTION are the database's own: the caller can't
    leave them out, nor see more than whether a row passes, so what they use is not counted.

    Args:
        text: The tree as the server writes it.
        into: What to add to; None for nothing yet.
    """
    found = into if into is not None else Mentions()
    stack: list[_Node] = []
    at = 0
    while (token := _TOKEN.search(text, at)) is not None:
        at = token.end()
        last = token.lastgroup
        if last == "value" and stack:
            name, value = token["field"], token["value"]
            if name == "securityQuals":
                # Only a list is passed over: what a name may look like is never followed by one. Without row security
                # it is a view's condition, of one that is a barrier and is written through.
                if value == "(" and not _has_row_security(stack):
                    at = token.start("value")
                elif value == "(":
                    at = _behind(text, token.start("value"))
                    found.notes.add(Note.SHIELDED)
            elif value == "(":
                at = token.start("value")
            else:
                stack[-1].fields[name] = value
        elif last == "opens":
            if token["opens"] == "WITHCHECKOPTION":
                at = _behind(text, token.start())
            else:
                stack.append(_Node(token["opens"]))
        elif last == "closes" and stack:
            node = stack.pop()
            _take(node, found)
            if stack and node.fields.get("varattno") == _TABLEOID:
                stack[-1].tableoid = True
    return found


def _has_row_security(stack: list[_Node]) -> bool:
    """Whether the query that is being read has conditions of row security."""
    query = next((node for node in reversed(stack) if node.kind == "QUERY"), None)
    return query is not None and _ROW_SECURITY in query.fields


def _behind(text: str, start: int) -> int:
    """Where the list or node that opens at a place ends."""
    depth = 0
    for edge in _EDGE.finditer(text, start):
        if len(edge[0]) == 1:
            depth += 1 if edge[0] in "({" else -1
            if depth == 0:
                return edge.end()
    return len(text)


def _take_kind(node: _Node, found: Mentions) -> None:
    if node.kind in _UNSTEADY or (node.kind == "COERCEVIAIO" and not _is_timeless(node)):
        found.unsteady.add(node.kind)
    found.kinds.update(_JSON.intersection((node.kind,)))


def _take_types(node: _Node, value: str, found: Mentions) -> None:
    """Add the types of which a node makes values."""
    found.types.update(oid for oid in _numbers(value) if oid >= FIRST_OF_USERS)
    if node.kind == "CONST" or node.fields.get("funcid") == _TYPEOF:
        return
    naming = _NAMING.intersection(_numbers(value))
    if naming and node.tableoid:
        found.notes.add(Note.TABLE_NAMED)
    else:
        found.naming.update(naming)


def _take(node: _Node, found: Mentions) -> None:
    """Add what a complete node mentions."""
    _take_kind(node, found)
    for name, value in node.fields.items():
        if name in _FUNCTIONS:
            where = int(node.fields.get("location", "-1"))
            for oid in filter(None, _numbers(value)):
                found.functions[oid] = max(where, found.functions.get(oid, -1))
        elif name in _OPERATORS or name == "opnos":
            # What PostgreSQL's own operators call, it calls by the function's id or could call without harm.
            found.operators.update(oid for oid in _numbers(value) if oid >= FIRST_OF_USERS)
        elif name == "commandType":
            found.commands.update(_numbers(value))
        elif name in _COLUMNS or name in _PLAIN or name == _ROW_SECURITY:
            continue
        elif node.kind in _CARRIERS:
            found.carried.update(oid for oid in _numbers(value) if oid >= FIRST_OF_USERS)
        else:
            _take_types(node, value, found)
    if (oid := next(_numbers(node.fields.get("relid", "0")), 0)) > 0:
        _touch(found.relations.setdefault(oid, Touch()), node)
    if (oid := next(_numbers(node.fields.get("seqid", "0")), 0)) > 0:
        found.relations.setdefault(oid, Touch()).perms |= ACL_UPDATE
    if node.kind == "CONST" and int(node.fields.get("location", "-1")) >= 0:
        _name(node, found, int(node.fields.get("consttype", "0")))


ACL_INSERT, ACL_SELECT, ACL_UPDATE, ACL_DELETE = 1, 2, 4, 8
# Bits count from `FirstLowInvalidHeapAttributeNumber` + 1, so that 7 is the whole row and 8 the first column.
_WHOLE_ROW = 7


def _touch(touch: Touch, node: _Node) -> None:
    touch.perms |= next(_numbers(node.fields.get("requiredPerms", "0")), 0)
    for name, columns in (
        ("selectedCols", touch.columns),
        ("insertedCols", touch.inserted),
        ("updatedCols", touch.updated),
    ):
        columns.update(number - _WHOLE_ROW for number in _numbers(node.fields.get(name, "")))


def _is_timeless(node: _Node) -> bool:
    return TIMELESS.issuperset(_numbers(node.fields.get("resulttype", "0")))


def _name(node: _Node, found: Mentions, type_: int) -> None:
    """What a constant of the caller's own names; those in views and defaults have no place in the statement."""
    if type_ not in _NAMING:
        return
    _, _, octets = node.fields.get("constvalue", "").partition("[")
    oid = int.from_bytes(bytes(int(octet) % 256 for octet in _NUMBER.findall(octets)[:4]), "little")
    if type_ == _REGCLASS and oid:
        found.named.add(oid)
    elif type_ == _REGTYPE:
        found.types.update({oid} if oid >= FIRST_OF_USERS else ())
    elif oid:
        found.naming.add(type_)


def _numbers(value: str) -> Iterator[int]:
    return (int(number) for number in _NUMBER.findall(value))
