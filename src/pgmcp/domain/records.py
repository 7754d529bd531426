"""What a caller wants written, checked against the relation's columns and put in PostgreSQL's text form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pgmcp.domain.errors import SecurityError, ValidationError, codes
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.places import inner, shown, step
from pgmcp.domain.plans import Assignment, ConflictAction, OnConflict
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.relations import Column, Relation
from pgmcp.domain.requests.writing import Returning
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.values.text import Unfit, to_text


def known_columns(names: Iterable[str], relation: Relation, path: str) -> tuple[str, ...]:
    """The names, each once, all of them the relation's.

    Raises:
        ValidationError: `unknown_column`, with the nearest names.
    """
    found: dict[str, None] = {}
    for position, name in enumerate(names):
        if name not in relation.by_name:
            raise unknown_column(name, relation, f"{path}[{position}]")
        found[name] = None
    return tuple(found)


def unknown_column(name: str, relation: Relation, path: str) -> ValidationError:
    """The error for a column that a relation doesn't have."""
    columns = ", ".join(list(relation.by_name)[:20])
    return ValidationError(
        codes.UNKNOWN_COLUMN,
        f"'{relation.display}' has no column '{shown(name)}'",
        hint=did_you_mean(name, relation.by_name, otherwise=f"Its columns: {columns}."),
        path=path,
    )


def texts(record: Mapping[str, Any], relation: Relation, path: str) -> dict[str, str | None]:
    """A record's values in PostgreSQL's text form, by column in the record's order.

    Raises:
        ValidationError: A column that is not there or can't be written, a value that doesn't fit; with its path.
    """
    return {name: _text(name, value, relation, path) for name, value in record.items()}


def _text(name: str, value: Any, relation: Relation, path: str) -> str | None:
    # A million records come this way: the place is put into words for a mistake alone.
    column = relation.by_name.get(name)
    if column is None:
        raise unknown_column(name, relation, step(path, name))
    if column.read_only or column.mask is not None:
        refuse_read_only(column, relation, step(path, name))
    try:
        return to_text(value, column.type)
    except Unfit as unfit:
        at = step(path, name)
        raise ValidationError(
            codes.VALUE_INVALID,
            f"the value doesn't fit column '{name}' of type {column.type_name}",
            hint=f"Expected {unfit.expected}.",
            path=inner(at, *unfit.path),
        ) from None


def refuse_read_only(column: Column, relation: Relation, path: str) -> None:
    """Refuse columns that take no value.

    Raises:
        ValidationError: `value_read_only`, for generated columns and identities that are always generated.
        SecurityError: `column_masked`, where the caller sees a hash: that of a value of one's own would tell others'.
    """
    if column.mask is Mask.HASH:
        raise SecurityError(
            codes.COLUMN_MASKED,
            f"column '{column.name}' of '{relation.display}' shows a hash to you and can't be written",
            hint="Leave it out.",
            path=path,
        )
    if column.read_only:
        what = "generated" if column.generated is not None else "an identity that is always generated"
        raise ValidationError(
            codes.VALUE_READ_ONLY,
            f"column '{column.name}' of '{relation.display}' is {what}",
            hint="Leave it out; PostgreSQL gives it its value.",
            path=path,
        )


def assignments(data: Mapping[str, Any], relation: Relation) -> tuple[Assignment, ...]:
    """What an update sets.

    Raises:
        ValidationError: As `texts`; `data_empty` when nothing is set.
    """
    if not data:
        raise ValidationError(codes.DATA_EMPTY, "there is nothing to set", path="data", hint="Name a column in data.")
    made = []
    for name, value in data.items():
        text = _text(name, value, relation, "data")
        literal = None if text is None else Literal(text, relation.by_name[name].type, f"data.{name}")
        made.append(Assignment(column=name, value=literal))
    return tuple(made)


def returned(wanted: Returning | None, relation: Relation) -> tuple[str, ...]:
    """The columns that a write gives back.

    Args:
        wanted: Names; True or `"*"` for all; None or False for none.
        relation: Whose columns they are.

    Raises:
        ValidationError: `unknown_column`.
    """
    if wanted is None or wanted is False:
        return ()
    if wanted is True or wanted == "*" or list(wanted) == ["*"]:
        return tuple(relation.by_name)
    names = [wanted] if isinstance(wanted, str) else wanted
    return known_columns(names, relation, "returning")


def conflict(wanted: str | Mapping[str, Any] | None, relation: Relation) -> OnConflict:
    """What happens to a record whose key exists.

    Args:
        wanted: `error`, `ignore`, `update`, or an object with `action`, `columns` (the key that is meant) and `update`
            (the columns that take the new values).
        relation: The relation written to.

    Raises:
        ValidationError: Another word or key, unknown columns, columns to update that take no value, or no primary key
            where none is named.
    """
    form = {"action": wanted} if isinstance(wanted, str) else dict(wanted or {"action": "error"})
    form.setdefault("action", "update" if "update" in form else "ignore")
    for key in form:
        if key not in ("action", "columns", "update"):
            hint = did_you_mean(key, ("action", "columns", "update"), otherwise="It takes action, columns and update.")
            raise ValidationError(
                codes.UNKNOWN_ARGUMENT, f"on_conflict takes no '{key}'", hint=hint, path=f"on_conflict.{key}"
            )
    if form["action"] not in tuple(ConflictAction):
        raise ValidationError(
            codes.UNKNOWN_CHOICE,
            "on_conflict is none of error, ignore and update",
            hint='Write "ignore", or {"action":"update","columns":["id"],"update":["name"]}.',
            path="on_conflict.action" if isinstance(wanted, Mapping) else "on_conflict",
        )
    action = ConflictAction(form["action"])
    target = known_columns(_names(form, "columns"), relation, "on_conflict.columns")
    update = known_columns(_names(form, "update"), relation, "on_conflict.update")
    for position, name in enumerate(update):
        refuse_read_only(relation.by_name[name], relation, f"on_conflict.update[{position}]")
    if action is ConflictAction.UPDATE and not target:
        target = relation.primary_key
    if action is ConflictAction.UPDATE and not target:
        raise ValidationError(
            codes.UNKNOWN_CONSTRAINT,
            f"'{relation.display}' has no primary key to tell rows apart by",
            hint='Name a unique key: {"action":"update","columns":[…]}.',
            path="on_conflict",
        )
    if action is not ConflictAction.ERROR:
        _refuse_late(target, relation, "on_conflict.columns" if form.get("columns") else "on_conflict")
    return OnConflict(action=action, target=target, update=update)


def _refuse_late(target: tuple[str, ...], relation: Relation, path: str) -> None:
    """Refuse to go by a key that may be checked late: by the one that is meant, or by all where none is.

    Source: PostgreSQL documentation, INSERT (ON CONFLICT clause).
    """
    if any(not target or set(target) == set(key) for key in relation.late):
        which = f"the key ({', '.join(target)})" if target else "a key"
        raise ValidationError(
            codes.CONSTRAINT_DEFERRABLE,
            f"{which} of '{relation.display}' is DEFERRABLE, so PostgreSQL can't tell by it whether a row exists",
            hint='Name a key that is not: {"columns":[…]}; or look with `read_table`, then create or update.',
            path=path,
        )


def _names(form: Mapping[str, Any], key: str) -> Sequence[str]:
    names = form.get(key) or ()
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise ValidationError(
            codes.WRONG_TYPE,
            f"{key} is not a list of column names",
            hint='Write ["name"].',
            path=f"on_conflict.{key}",
        )
    return names
