"""The commands and their flags, as they are read."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp import __version__
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.settings import described
from pgmcp.entrypoints.cli import main
from pgmcp.entrypoints.cli.parser import parse
from pgmcp.handlers.registry import HANDLERS
from tests.fixtures.walked import cases


def refusal(*words: str) -> dict[str, Any]:
    """The whole error of a command line that can't be."""
    with pytest.raises(ValidationError) as caught:
        parse(words)
    return caught.value.document()


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """As the package has it."""
    with pytest.raises(SystemExit) as caught:
        parse(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, f"pgmcp {__version__}\n")


ACCESS_CACHE_NAME = "Did you mean '--access' or '--cache' or '--name'?"


@pytest.mark.parametrize(
    "command", [pytest.param(each, id=each) for each in ("serve", "demo", "tools", "call", "check", "init")]
)
def test_every_command_takes_every_setting(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Its help lists them, with dashes too."""
    with pytest.raises(SystemExit):
        parse([command, "--help"])
    shown = capsys.readouterr().out
    assert [name for name in described() if f"--{name}" not in shown] == []
    assert "--max-rows" in shown
    assert "--config FILE" in shown


@pytest.mark.parametrize("tool", [pytest.param(each, id=each.name) for each in HANDLERS])
def test_every_tool_has_its_flags(capsys: pytest.CaptureFixture[str], tool: Any) -> None:
    """One for each argument, the description above them."""
    with pytest.raises(SystemExit):
        parse(["call", tool.name, "--help"])
    shown = capsys.readouterr().out
    names = [each.name for each in tool.request.__attrs_attrs__]
    assert [name for name in names if f"--{name} VALUE" not in shown] == []


@cases(
    "words, error",
    [
        pytest.param(
            ["tools", "--acess", "read"],
            {
                "message": "there is no flag or word '--acess' here",
                "hint": "Did you mean '--access' or '--cache' or '--name'?",
            },
            id="a flag mistyped",
        ),
        pytest.param(
            ["tools", "--acess=read"],
            {
                "message": "there is no flag or word '--acess' here",
                "hint": "Did you mean '--access' or '--cache' or '--name'?",
            },
            id="a flag mistyped, with its value",
        ),
        pytest.param(
            ["check", "zzzz"],
            {"message": "there is no flag or word 'zzzz' here", "hint": "See `pgmcp check --help`."},
            id="a word too many",
        ),
        pytest.param(
            ["call", "read_table", "orders"],
            {
                "message": "there is no flag or word 'orders' here",
                "hint": "Each argument has its name: --table VALUE. See `pgmcp call read_table --help`.",
            },
            id="an argument without its name",
        ),
        pytest.param(
            ["call", "get_cache_stats", "all"],
            {"message": "there is no flag or word 'all' here", "hint": "See `pgmcp call get_cache_stats --help`."},
            id="a word for a tool without arguments",
        ),
        pytest.param(
            ["--driver", "memory", "tools"],
            {
                "message": "'--driver' stands in front of the command",
                "hint": "Settings stand behind it: pgmcp COMMAND --driver ….",
            },
            id="a setting in front",
        ),
        pytest.param(
            ["--max-rows=5", "tools"],
            {
                "message": "'--max_rows' stands in front of the command",
                "hint": "Settings stand behind it: pgmcp COMMAND --max_rows ….",
            },
            id="a setting in front, with dashes and its value",
        ),
        pytest.param(
            ["call", "read_table", "--tabel", "orders"],
            {"message": "there is no flag or word '--tabel' here", "hint": "Did you mean '--table' or '--name'?"},
            id="an argument mistyped",
        ),
        pytest.param(
            ["call", "read_table", "--order_by", "-id"],
            {
                "message": "argument --order_by: expected one argument",
                "hint": "A value that begins with a dash is written behind an equals sign: --order_by=-id.",
            },
            id="a value that looks like a flag",
        ),
        pytest.param(
            [],
            {"message": "the following arguments are required: COMMAND", "hint": "See `pgmcp --help`."},
            id="no command",
        ),
        pytest.param(
            ["call"],
            {"message": "the following arguments are required: TOOL", "hint": "See `pgmcp call --help`."},
            id="no tool",
        ),
    ],
)
def test_a_command_line_that_can_t_be(words: list[str], error: dict[str, str]) -> None:
    """An error of ours, with what to do."""
    assert refusal(*words) == {
        "type": "validation_error",
        "code": "unknown_argument",
        "message": error["message"],
        "hint": error["hint"],
        "retry": "fix_input",
    }


@pytest.mark.parametrize(
    "words, message, hint",
    [
        pytest.param(["serv"], "there is no command 'serv'", "Did you mean 'serve'?", id="a command"),
        pytest.param(
            ["call", "read_tabel"], "there is no tool 'read_tabel'", "Did you mean 'read_table'?", id="a tool"
        ),
        pytest.param(
            ["call", "read_table", "--format", "xml"], "there is no format 'xml'", "One of table, json.", id="a format"
        ),
    ],
)
def test_a_word_that_is_none_of_those_allowed(words: list[str], message: str, hint: str) -> None:
    """The nearest is named, or all of them."""
    assert refusal(*words) == {
        "type": "validation_error",
        "code": "unknown_choice",
        "message": message,
        "hint": hint,
        "retry": "fix_input",
    }


def test_a_bad_setting() -> None:
    """Is found before anything runs."""
    error = refusal("check", "--max-rows", "none")
    assert (error["code"], error["details"]) == ("setting_invalid", {"path": "--max_rows"})


@pytest.mark.parametrize(
    "flag, placeholder",
    [
        pytest.param("--driver", "asyncpg|psycopg|memory", id="choices"),
        pytest.param("--tools", "TOOL,…", id="a list"),
        pytest.param("--audit_required", "true|false", id="yes or no"),
        pytest.param("--leases_per_principal", "N", id="a number"),
        pytest.param("--pool_wait_s", "SECONDS", id="a number of something"),
        pytest.param("--dsn", "DSN", id="a text"),
    ],
)
def test_the_usage_says_what_a_setting_takes(capsys: pytest.CaptureFixture[str], flag: str, placeholder: str) -> None:
    """Not the last word of its name."""
    with pytest.raises(SystemExit):
        main(["tools", "--help"])
    assert f"[{flag} {placeholder}]" in " ".join(capsys.readouterr().out.split())


def test_a_bad_command_line_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    """And says why, on stderr."""
    assert main(["tools", "--acess", "read"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "pgmcp: there is no flag or word '--acess' here [unknown_argument]",
        "  hint: Did you mean '--access' or '--cache' or '--name'?",
    ]
