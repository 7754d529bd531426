"""What the rows of a raw statement hang on, by what it resolves to."""

from __future__ import annotations

from attrs import frozen

from pgmcp.domain.caching.steady import STEADY, names_a_moment
from pgmcp.domain.guard.resolution import Resolution, UsedFunction, Volatility
from pgmcp.domain.relations import Name
from pgmcp.domain.sql.lexer import TokenKind, tokens
from pgmcp.domain.sql.shortening import shortened

_TABLES = "rpmf"
_VIEW = "v"
_CATALOG = "pg_catalog"


@frozen(kw_only=True)
class Basis:
    """What the rows of a statement hang on.

    Args:
        tables: What it reads, views seen through: tables, materialised views, foreign tables.
        obstacle: Why its rows can't be kept, whatever is in those; None where they hang on them and its parameters
            alone: `moment`, `function`, `catalogue`, `not a table`.
    """

    tables: tuple[Name, ...] = ()
    obstacle: str | None = None


def basis_of(resolution: Resolution, text: str) -> Basis:
    """What the rows of a read hang on.

    A function of a user's own is only taken at its word where that is IMMUTABLE: a STABLE one may read tables that no
    tree shows. PostgreSQL's stable ones are known one by one.

    Args:
        resolution: What the statement uses.
        text: The statement.
    """
    return Basis(tables=tuple(sorted(set(resolution.tables), key=str)), obstacle=_obstacle(resolution, text))


def _obstacle(resolution: Resolution, text: str) -> str | None:
    if resolution.unsteady or _may_name_a_moment(text):
        return "moment"
    if not all(_is_steady(each) for each in resolution.functions):
        return "function"
    if resolution.names_ids or any(each.named and not each.reads for each in resolution.relations):
        return "catalogue"
    if any(each.reads and each.kind not in _TABLES + _VIEW for each in resolution.relations):
        return "not a table"
    return None


def _is_steady(function: UsedFunction) -> bool:
    match function.volatility:
        case Volatility.IMMUTABLE:
            return True
        case Volatility.STABLE:
            return function.builtin and function.name.schema == _CATALOG and function.name.name in STEADY
        case Volatility.VOLATILE:
            return False


def _may_name_a_moment(text: str) -> bool:
    """Whether a statement's own constants may be times that PostgreSQL took from its clock when it read them.

    The words can be hidden: behind escapes, or cut in two by a line break. Such texts are taken for what they may be.
    """
    if names_a_moment(text):
        return True
    before = None
    for token in tokens(shortened(text).text):
        if token.kind is TokenKind.STRING:
            escaped = token.text[0] in "eEuU" and "\\" in token.text
            if before is TokenKind.STRING or escaped or token.text[0] in "uU":
                return True
        before = token.kind
    return False
