"""Why a caller may not do something: frozen, with the rule that says so, so that it can be kept and explained."""

from __future__ import annotations

from collections.abc import Collection

from attrs import frozen

from pgmcp.domain.errors import Code, NotFoundError, PgmcpError, SecurityError, codes
from pgmcp.domain.policy.rules import Action

_TOOLS = {
    Action.READ: "read_table",
    Action.CREATE: "create_record",
    Action.UPDATE: "update_records",
    Action.DELETE: "delete_records",
}


BY_NAME = "describe_table shows its columns; name them one by one instead of *."
"""The way out for whoever asks for columns that are not named."""


@frozen(kw_only=True)
class Refusal:
    """A refusal.

    Args:
        code: What kind.
        message: One sentence; it names nothing that the caller may not know.
        hint: The way out.
        rule: The place of the rule that decided; for explanations and the audit, never for the caller.
    """

    code: Code
    message: str
    hint: str | None = None
    rule: str = ""

    def error(self) -> PgmcpError:
        """The error that it is to the caller: what may not be known is not there."""
        kind = NotFoundError if self.code in {codes.UNKNOWN_TABLE, codes.UNKNOWN_COLUMN} else SecurityError
        error = kind(self.code, self.message, hint=self.hint)
        error.rule = self.rule
        return error


def row_refused(error: PgmcpError | None = None) -> SecurityError:
    """The error for a write that would leave a row which its caller may not see, or change one.

    Args:
        error: What PostgreSQL said instead; how the statement ended is kept.
    """
    details = {key: fact for key, fact in (error.details if error else {}).items() if key == "outcome"}
    return SecurityError(
        codes.ROW_REFUSED,
        "a row is, or would become, one that you may not see; nothing was written",
        hint="Write values that your part of the table takes; leave a key alone that you can't find.",
        details=details,
    )


def no_such_table(schema: str, name: str, rule: str) -> Refusal:
    """The relation is not there, as far as the caller may know."""
    return Refusal(
        code=codes.UNKNOWN_TABLE,
        message=f"there is no table or view '{schema}.{name}'",
        hint="list_tables shows what there is.",
        rule=rule,
    )


def no_such_column(schema: str, name: str, column: str, rule: str) -> Refusal:
    """The column is not there, as far as the caller may know."""
    return Refusal(
        code=codes.UNKNOWN_COLUMN,
        message=f"'{schema}.{name}' has no column '{column}'",
        hint=BY_NAME,
        rule=rule,
    )


def masked_column(schema: str, name: str, column: str, rule: str) -> Refusal:
    """The column shows something else than its values, so a statement may not use it."""
    return Refusal(
        code=codes.COLUMN_MASKED,
        message=f"column '{column}' of '{schema}.{name}' is masked for you, so a statement can't use it",
        hint="read_table shows it masked; leave it out of the statement.",
        rule=rule,
    )


def some_rows(schema: str, name: str, rule: str) -> Refusal:
    """The caller may see or change a part of the relation only, which a statement can't be held to."""
    return Refusal(
        code=codes.ROWS_FILTERED,
        message=f"you may see or change a part of '{schema}.{name}' only, so a statement can't touch it as a whole",
        hint="Use read_table, update_records or delete_records, which keep to your part.",
        rule=rule,
    )


def action_refused(schema: str, name: str, action: Action, allowed: Collection[Action], rule: str) -> Refusal:
    """The caller may know the relation, and do something else with it."""
    tools = ", ".join(_TOOLS[each] for each in Action if each in allowed)
    return Refusal(
        code=codes.ACTION_REFUSED,
        message=f"you may not {action} rows of '{schema}.{name}'",
        hint=f"What you may use on it: {tools or 'describe_table'}.",
        rule=rule,
    )
