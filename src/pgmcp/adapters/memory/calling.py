"""Functions that a declaration brings: defaults, generated columns, checks, views, registered statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pgmcp.domain.errors import DatabaseError, PgmcpError, codes

P = ParamSpec("P")
R = TypeVar("R")


def own(what: str, function: Callable[P, R]) -> Callable[P, R]:
    """A declaration's function, whose failure is told as its own and no defect of ours.

    Args:
        what: What it is, as its error begins: `the check 'positive' of 't'`.
        function: What was declared. An error of pgmcp's that it raises stays what it is.
    """

    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except PgmcpError:
            raise
        except Exception as error:
            raise DatabaseError(
                codes.RAISED,
                f"{what} failed with a {type(error).__name__}",
                hint="It is the declaration's own function; NULL comes to it as None.",
            ) from error

    return called
