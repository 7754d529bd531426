"""The commands and their flags; those of settings and of tools derive from their declarations."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from attrs import fields

from pgmcp import __version__
from pgmcp.domain.arguments import facts_of
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Setting, Settings, described
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.entrypoints.configuration import load
from pgmcp.handlers.base import HandlerBase
from pgmcp.handlers.registry import HANDLERS

Command = Callable[[], int]
_EPILOG = "Each setting is also an environment variable PGMCP_<NAME> and a key of the TOML file."


class _Parser(argparse.ArgumentParser):
    """A parser whose mistakes are pgmcp's errors, with the nearest right word."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = (action.metavar or action.dest).__str__().lower()
            known = [str(choice) for choice in action.choices]
            raise ValidationError(
                codes.UNKNOWN_CHOICE,
                f"there is no {what} '{value}'",
                hint=did_you_mean(str(value), known, otherwise=f"One of {', '.join(known)}."),
            )

    def error(self, message: str) -> NoReturn:
        hint = f"See `{self.prog} --help`."
        if message.endswith("expected one argument"):
            hint = "A value that begins with a dash is written behind an equals sign: --order_by=-id."
        raise ValidationError(codes.UNKNOWN_ARGUMENT, message, hint=hint)


def parse(arguments: Sequence[str]) -> Command:
    """The command that a command line asks for, ready to run.

    Raises:
        ValidationError: An unknown command, flag or setting, or a bad value.
    """
    _refuse_settings_in_front(arguments)
    parser = _Parser(prog="pgmcp", description="PostgreSQL for agents.", epilog=_EPILOG, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"pgmcp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, (help_, prepare) in _COMMANDS.items():
        each = commands.add_parser(name, help=help_, description=help_, epilog=_EPILOG, allow_abbrev=False)
        if name not in arguments:  # it is in the list of commands and no more: its 80 flags cost a millisecond
            continue
        if name == "call":
            _add_tools(each, arguments)
        if name == "check":
            each.add_argument(
                "--explain",
                nargs=3,
                metavar=("PRINCIPAL", "SCHEMA.TABLE", "ACTION"),
                help="Say what the policy lets a caller do, and by which rule: support-7 public.customers read.",
            )
        if name == "init":
            each.add_argument("--sql", dest="print_sql", action="store_true", help="Print the statements; run none.")
            each.add_argument("--remove", action="store_true", help="Take out what is there.")
            each.add_argument(
                "--cache-triggers",
                dest="watched",
                nargs="+",
                default=[],
                metavar="TABLE",
                help="Have these tables tell caches of every write to them, whoever makes it.",
            )
        if name == "tools":
            each.add_argument("--json", dest="as_json", action="store_true", help="As JSON, with the whole schemas.")
        if name == "token":
            each.add_argument("name", metavar="NAME", help="The principal that the token is for.")
        _add_settings(each, taken=frozenset())
        each.set_defaults(prepare=prepare)
    found, unknown = parser.parse_known_args(list(arguments))
    if unknown:
        raise _unknown_flag(unknown[0], found)
    command: Command = found.prepare(found)
    return command


def _refuse_settings_in_front(arguments: Sequence[str]) -> None:
    first = arguments[0] if arguments else ""
    name = first.partition("=")[0].removeprefix("--").replace("-", "_")
    if first.startswith("--") and (name in described() or name == "config"):
        raise ValidationError(
            codes.UNKNOWN_ARGUMENT,
            f"'--{name}' stands in front of the command",
            hint=f"Settings stand behind it: pgmcp COMMAND --{name} ….",
        )


def _unknown_flag(flag: str, found: argparse.Namespace) -> ValidationError:
    tool = next((each for each in HANDLERS if each.name == getattr(found, "tool", None)), None)
    names = [each.name for each in fields(tool.request)] if tool else []
    command = f"pgmcp {found.command} {tool.name}" if tool else f"pgmcp {found.command}"
    hint: str | None = f"See `{command} --help`."
    if flag.startswith("-"):
        known = [f"--{name}" for name in (*described(), "config", *names)]
        hint = did_you_mean(flag.partition("=")[0], known, otherwise=f"See `{command} --help`.")
    elif tool and tool.example:
        hint = f"Each argument has its name: --{next(iter(tool.example))} VALUE. {hint}"
    return ValidationError(
        codes.UNKNOWN_ARGUMENT, f"there is no flag or word '{flag.partition('=')[0]}' here", hint=hint
    )


def _add_settings(parser: argparse.ArgumentParser, *, taken: frozenset[str]) -> None:
    group = parser.add_argument_group("settings")
    if "config" not in taken:
        group.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="A TOML file.")
    for name, (attribute, facts) in described().items():
        if name in taken:
            continue
        flags = [f"--{name}"] + ([f"--{name.replace('_', '-')}"] if "_" in name else [])
        is_list = isinstance(attribute.default, tuple)
        default = "" if attribute.default in (None, ()) else f" Default {_shown(attribute.default)}."
        choices = f" Of {', '.join(facts.choices)}." if facts.choices and is_list else ""
        group.add_argument(
            *flags,
            dest=f"setting_{name}",
            metavar=_placeholder(name, attribute.default, facts),
            default=argparse.SUPPRESS,
            help=f"{facts.doc}{choices}{default}".replace("%", "%%"),
        )


def _shown(default: Any) -> str:
    """A setting's default as it would be written."""
    if isinstance(default, bool):
        return str(default).lower()
    return (
        ",".join(default)
        if isinstance(default, tuple)
        else f"{default:g}"
        if isinstance(default, float)
        else str(default)
    )


def _placeholder(name: str, default: Any, facts: Setting) -> str:
    """What stands for a setting's value in a usage: what it may be, in a word."""
    word = name.rpartition("_")[2].upper()
    match default:
        case bool():
            return "true|false"
        case tuple():
            return f"{word.removesuffix('S')},…"
        case int() | float():
            return facts.unit.upper() or "N"
        case _:
            return "|".join(facts.choices) or word


def _add_tools(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    tools = parser.add_subparsers(dest="tool", metavar="TOOL", required=True, parser_class=_Parser)
    for handler in HANDLERS:
        each = tools.add_parser(
            handler.name, help=handler.summary.replace("%", "%%"), description=handler.summary, allow_abbrev=False
        )
        if handler.name in arguments:  # as above
            _add_call(each, handler)


def _add_call(parser: argparse.ArgumentParser, handler: type[HandlerBase[Any, Any, Any, Any]]) -> None:
    parser.add_argument("--json", metavar="OBJECT", help="All arguments as one JSON object; @FILE or - reads it.")
    parser.add_argument("--format", choices=("table", "json"), help="Default: a table on a terminal, JSON when piped.")
    group = parser.add_argument_group("arguments", "Texts as they are, all else as JSON; @FILE reads the value.")
    names = [each.name for each in fields(handler.request)]
    for each in fields(handler.request):
        group.add_argument(
            f"--{each.name}",
            dest=f"argument_{each.name}",
            metavar="VALUE",
            action="append",
            default=argparse.SUPPRESS,
            help=facts_of(each).doc.replace("%", "%%") or None,
        )
    _add_settings(parser, taken=frozenset(names))


def _settings(found: argparse.Namespace) -> Settings:
    prefix = "setting_"
    flags = {key.removeprefix(prefix): value for key, value in vars(found).items() if key.startswith(prefix)}
    return load(flags, os.environ, getattr(found, "config", None))


def _serve(found: argparse.Namespace) -> Command:
    from pgmcp.entrypoints.cli.serve import serve

    return partial(serve, _settings(found))


def _call(found: argparse.Namespace) -> Command:
    from pgmcp.entrypoints.cli.call import Said, call

    prefix = "argument_"
    named = {key.removeprefix(prefix): value for key, value in vars(found).items() if key.startswith(prefix)}
    return partial(call, _settings(found), Said(tool=found.tool, json=found.json, named=named, format=found.format))


def _tools(found: argparse.Namespace) -> Command:
    from pgmcp.entrypoints.cli.tools import tools

    return partial(tools, _settings(found), as_json=found.as_json)


def _check(found: argparse.Namespace) -> Command:
    from pgmcp.entrypoints.cli.check import check, explain

    return partial(explain, _settings(found), *found.explain) if found.explain else partial(check, _settings(found))


def _token(found: argparse.Namespace) -> Command:
    from pgmcp.entrypoints.cli.token import token

    return partial(token, _settings(found), found.name)


def _init(found: argparse.Namespace) -> Command:
    from pgmcp.entrypoints.cli.init import init

    return partial(init, _settings(found), print_sql=found.print_sql, remove=found.remove, watched=found.watched)


def _demo(found: argparse.Namespace) -> Command:
    from pgmcp.entrypoints.cli.demo import demo

    return partial(demo, _settings(found))


_COMMANDS: dict[str, tuple[str, Callable[[argparse.Namespace], Command]]] = {
    "serve": ("Serve MCP, over stdio or HTTP.", _serve),
    "demo": ("Show an agent's round on the embedded PostgreSQL.", _demo),
    "tools": ("List the tools of this configuration and what they cost.", _tools),
    "call": ("Call one tool.", _call),
    "init": ("Make what pgmcp keeps in the database: receipts of writes with a key, and triggers for a cache.", _init),
    "check": ("Say what stands between this configuration and a working server.", _check),
    "token": ("Make a bearer token for HTTP.", _token),
}
