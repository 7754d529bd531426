"""An answer on a terminal: rows as a table, everything else as indented JSON."""

from __future__ import annotations

from typing import Any

from pgmcp.domain import json

WIDEST = 60


def print_answer(answer: bytes, *, as_table: bool) -> None:
    """Print an answer's JSON, or a table of it."""
    text = answer.decode()
    print(table(json.loads(text)) if as_table else text)


def table(document: dict[str, Any]) -> str:
    """An answer as a person reads it.

    >>> print(table({"columns": ["id", "name"], "rows": [["1", "Ana"]], "count": "1"}))
    id  name
    --  ----
    1   Ana
    (1 row)
    """
    if "columns" not in document or "rows" not in document or not isinstance(document["rows"], list):
        return "\n".join(_outline(document))
    names = [str(name) for name in document["columns"]]
    cells = [[_cell(value) for value in row] for row in document["rows"]]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(names)]
    lines = [names, ["-" * width for width in widths], *cells]
    count = document["count"]
    drawn = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    drawn.append(f"({count} row{'' if str(count) == '1' else 's'})")
    drawn += [f"{key}: {document[key]}" for key in ("truncated", "hint", "next_cursor") if key in document]
    if document.get("cached"):
        drawn.append(f"from the cache, as of {document['as_of']}")
    return "\n".join(drawn)


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    text = text.replace("\n", "⏎").replace("\t", " ")
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _outline(document: dict[str, Any]) -> list[str]:
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], (dict, str)):
            lines.append(f"{key}:")
            lines += [f"  {each if isinstance(each, str) else _pairs(each)}" for each in value]
        else:
            lines.append(f"{key}: {value if isinstance(value, str) else json.dumps(value)}")
    return lines


def _pairs(each: Any) -> str:
    if not isinstance(each, dict):
        return json.dumps(each)
    return "  ".join(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in each.items())
