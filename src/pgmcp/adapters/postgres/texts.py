"""The static SQL that ships beside the code, one file a statement, read when it is first needed."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_INCLUDE = re.compile(r"^-- include (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n?", re.MULTILINE)


@cache
def sql(name: str) -> str:
    """The statement in `sql/<name>.sql`, without its comments; a line `-- include <other>` stands for another file."""
    text = files("pgmcp.adapters.postgres").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    whole = _INCLUDE.sub(lambda found: sql(found[1]), text)
    return _COMMENT.sub("", whole).strip()
