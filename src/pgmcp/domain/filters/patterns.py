"""Text operators: patterns and full text.

Source: PostgreSQL documentation, section 9.7 (Pattern Matching) and chapter 12 (Full Text Search).
"""

from __future__ import annotations

from collections.abc import Mapping

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.keys import Form
from pgmcp.domain.filters.tree import Filter, FullText, Match, Operand, Pattern, SearchForm, View
from pgmcp.domain.filters.values import is_text, literal
from pgmcp.domain.places import shown, step
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.values.types import TEXT

_FOLDED = {"ilike": Pattern.LIKE, "imatch": Pattern.MATCH}
_SEARCH_KEYS = ("query", "type", "language")
_LONGEST_LANGUAGE = 63 * 2 + 1  # a configuration's name with its schema


def _operand(condition: Condition) -> Operand:
    view = View.TEXT if condition.target.form is Form.TEXT else View.PLAIN
    return condition.target.operand(view=view)


def pattern(condition: Condition) -> Filter:
    """`like`, `ilike`, `match`, `imatch`, `starts_with`, `ends_with`."""
    if not is_text(condition.value):
        raise condition.invalid("text")
    folded = _FOLDED.get(condition.operator)
    return Match(
        operand=_operand(condition),
        pattern=folded or Pattern(condition.operator),
        value=literal(condition, TEXT),
        fold=condition.fold or folded is not None,
    )


def full_text(condition: Condition) -> Filter:
    """`fts`: a text, or an object with `query`, `type` and `language`."""
    value = condition.value
    if is_text(value):
        return FullText(operand=_operand(condition), form=SearchForm.WEBSEARCH, query=literal(condition, TEXT))
    if not isinstance(value, Mapping):
        raise condition.invalid("text, or an object with 'query', 'type' and 'language'")
    for key in value:
        if key not in _SEARCH_KEYS:
            raise _unknown_key(condition, key)
    query = value.get("query")
    if not is_text(query):
        raise condition.invalid("text as 'query'", at=f"{condition.at}.query")
    return FullText(
        operand=_operand(condition),
        form=_form(condition, value),
        query=literal(condition, TEXT, value=query, at=f"{condition.at}.query"),
        language=_language(condition, value),
    )


def _form(condition: Condition, value: Mapping[str, object]) -> SearchForm:
    form = value.get("type", SearchForm.WEBSEARCH)
    if not is_text(form) or form not in set(SearchForm):
        hint = did_you_mean(form, list(SearchForm)) if is_text(form) else None
        expected = "'plain', 'phrase', 'websearch' or 'raw' as 'type'"
        raise condition.invalid(expected, at=f"{condition.at}.type", hint=hint)
    return SearchForm(form)


def _language(condition: Condition, value: Mapping[str, object]) -> str | None:
    """The text search configuration; None, as when left out, for the database's own."""
    language = value.get("language")
    if language is None:
        return None
    at = f"{condition.at}.language"
    if not is_text(language) or not 0 < len(language) <= _LONGEST_LANGUAGE:
        raise condition.invalid("the name of a text search configuration as 'language'", at=at)
    return literal(condition, TEXT, value=language, at=at).text


def _unknown_key(condition: Condition, key: object) -> ValidationError:
    name = shown(key) if isinstance(key, str) else type(key).__name__
    return ValidationError(
        codes.FILTER_MALFORMED,
        f"'{condition.operator}' takes no '{name}'",
        hint=did_you_mean(name, _SEARCH_KEYS, otherwise="It takes 'query', 'type' and 'language'."),
        path=step(condition.at, name),
    )
