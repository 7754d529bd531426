"""Settings from flags, the environment and a TOML file, in that order of precedence; then `DATABASE_URL`."""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import resolve_types

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.rules import Policy
from pgmcp.domain.settings import Access, Secret, Setting, Settings, described
from pgmcp.domain.sizes import size
from pgmcp.domain.suggestions import did_you_mean

PREFIX = "PGMCP_"
_WORDS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
# Names with the prefix that mean something else than a setting.
_NOT_SETTINGS = frozenset({"PGMCP_PG_BIN", "PGMCP_DATA_DIR", "PGMCP_CONFIG"})


def load(flags: Mapping[str, Any], environment: Mapping[str, str], config: Path | None = None) -> Settings:
    """The settings of this start.

    Args:
        flags: What was said on the command line or in the call, by setting's name; None where nothing was. A call may
            give a `policy` too, as a file's table.
        environment: The process's environment.
        config: A TOML file; None for the one that `PGMCP_CONFIG` names, if any.

    Raises:
        ValidationError: An unknown key or a bad value: the key, what it takes, and where it stands.
    """
    values: dict[str, Any] = {}
    path = config or (Path(environment["PGMCP_CONFIG"]) if environment.get("PGMCP_CONFIG") else None)
    if path is not None:
        values |= _from_file(path)
    values |= _from_environment(environment)
    said = {name: value for name, value in flags.items() if value is not None}
    if "policy" in said:
        values["policy"] = _policy(said.pop("policy"), None)
    values |= {name: _checked(name, value, f"--{name}") for name, value in said.items()}
    if values.get("dsn") is None and environment.get("DATABASE_URL"):
        values["dsn"] = Secret(environment["DATABASE_URL"])
    return _together(Settings(**values))


def _together(settings: Settings) -> Settings:
    """The same settings, if none of them contradicts another."""
    if settings.pool_min > settings.pool_max:
        raise ValidationError(
            codes.SETTING_INVALID,
            f"setting 'pool_min' got '{settings.pool_min}', which is more than 'pool_max', {settings.pool_max}",
            hint="It takes a number from 0 to 'pool_max'; or raise 'pool_max'.",
            path="pool_min",
        )
    most = max(1, settings.pool_max - 1)
    if settings.leases_max > most:
        raise ValidationError(
            codes.SETTING_INVALID,
            f"setting 'leases_max' got '{settings.leases_max}', which leaves other calls none of 'pool_max',"
            f" {settings.pool_max}, connections",
            hint=f"It takes a number from 1 to {most}, or 0 for half of 'pool_max'; or raise 'pool_max'.",
            path="leases_max",
        )
    return settings


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValidationError(
            codes.SETTING_INVALID, f"the configuration file can't be read: {error.strerror}", path=str(path)
        ) from None
    # Beside its own error, which is a ValueError as broken UTF-8 is, tomllib lets pass what Python says of integers of
    # thousands of digits and of lists in lists without end.
    except (ValueError, RecursionError) as error:
        raise ValidationError(
            codes.SETTING_INVALID, "the configuration file is not TOML", hint=str(error), path=str(path)
        ) from None
    policy = {"policy": _policy(content.pop("policy"), str(path))} if "policy" in content else {}
    return policy | {name: _checked(name, value, f"{path}: {name}") for name, value in content.items()}


def _policy(content: Any, source: str | None) -> Policy:
    """The policy of a file or a call, which may be one already."""
    return content if isinstance(content, Policy) else parse_policy(content, source)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    named = {key: value for key, value in environment.items() if key.startswith(PREFIX) and key not in _NOT_SETTINGS}
    return {
        (name := key.removeprefix(PREFIX).lower()): _checked(name, value, key)
        for key, value in named.items()
        if value != ""
    }


def _checked(name: str, value: Any, where: str) -> Any:
    known = described()
    if name not in known:
        hint = did_you_mean(name, known, otherwise="docs/reference/settings.md lists them.")
        raise ValidationError(codes.SETTING_UNKNOWN, f"there is no setting '{name}'", hint=hint, path=where)
    declared, facts = known[name]
    if declared.default is None and value in ("", Secret("")):
        return None  # an empty variable of the shell's, or a file's, is no address, and above all no secret
    try:
        made = _converted(size(value) if facts.unit == "bytes" else value, _type_of(name))
    except (LookupError, TypeError, ValueError):
        raise _bad(name, value, facts, where) from None
    if facts.choices and not set(map(str, made if isinstance(made, tuple) else (made,))) <= set(facts.choices):
        raise _bad(name, value, facts, where)
    if isinstance(made, (int, float)) and not isinstance(made, bool) and not _inside(made, facts):
        raise _bad(name, value, facts, where)
    return made


def _type_of(name: str) -> Any:
    declared = getattr(resolve_types(Settings).__attrs_attrs__, name).type
    members = [member for member in typing.get_args(declared) if member is not types.NoneType]
    return members[0] if typing.get_origin(declared) in (typing.Union, types.UnionType) else declared


def _converted(value: Any, type_: Any) -> Any:
    """A value from a flag, a variable or a file as the setting's type.

    Raises:
        LookupError, TypeError, ValueError: It isn't one.
    """
    if type_ is Secret:
        return value if isinstance(value, Secret) else Secret(str(value))
    if type_ is Access:
        return Access(value)
    if typing.get_origin(type_) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if type_ is bool:
        return value if isinstance(value, bool) else _WORDS[str(value).lower()]
    if isinstance(value, bool) or (type_ is str and not isinstance(value, str)):
        raise ValueError
    made = type_(value)
    if isinstance(value, float) and made != value:  # 1.5 is no whole number; NaN is none at all
        raise ValueError
    return made


def _inside(value: float, facts: Setting) -> bool:
    low = facts.minimum is None or value >= facts.minimum
    return low and (facts.maximum is None or value <= facts.maximum)


def _bad(name: str, value: Any, facts: Setting, where: str) -> ValidationError:
    if isinstance(described()[name][0].default, bool):
        takes = "true or false"
    elif facts.choices:
        takes = f"one of {', '.join(facts.choices)}"
    elif facts.minimum is not None or facts.maximum is not None:
        low = f" from {facts.minimum:.10g}" if facts.minimum is not None else ""
        high = f" to {facts.maximum:.10g}" if facts.maximum is not None else ""
        unit = "bytes, or with a unit, such as 64kB, 4MB" if facts.unit == "bytes" else facts.unit
        takes = f"a number{low}{high}" + (f" ({unit})" if unit else "")
    else:
        takes = "another kind of value"
    return ValidationError(
        codes.SETTING_INVALID, f"setting '{name}' got '{str(value)[:40]}'", hint=f"It takes {takes}.", path=where
    )
