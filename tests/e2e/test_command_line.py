"""The commands, each from its words to what it prints, on the sample shop in memory."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pgmcp.domain import json
from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Access
from pgmcp.entrypoints.cli import main
from pgmcp.entrypoints.mcp.identity.tokens import StaticTokens
from pgmcp.handlers.base import Group
from pgmcp.handlers.registry import HANDLERS


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """What a command ends with and prints, on the sample shop in memory."""
    status = main([words[0], "--driver", "memory", *words[1:]])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_a_call(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON where it is piped."""
    status, out, err = run(
        capsys, "call", "read_table", "--json", '{"table":"orders","columns":["id","status"],"limit":1}'
    )
    found = json.loads(out)
    assert (status, found["columns"], found["count"], err) == (0, ["id", "status"], "1", "")


def test_a_call_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Where that is asked for."""
    status, out, _ = run(
        capsys, "call", "list_tables", "--search", "warehouse", "--format", "table", "--include_views", "false"
    )
    assert (status, out.splitlines()[0].split()) == (0, ["name", "kind", "rows", "bytes", "comment"])


@pytest.mark.parametrize(
    "words, found",
    [
        pytest.param(["--columns", "id,status"], ["id", "status"], id="names by commas"),
        pytest.param(["--columns", "status"], ["status"], id="one name"),
        pytest.param(["--columns", '["id"]'], ["id"], id="names as JSON"),
        pytest.param(["--order_by", "status", "--columns", "id"], ["id"], id="an order in a word"),
        pytest.param(["--order_by=-id,status", "--columns", "id"], ["id"], id="an order in words"),
        pytest.param(["--filters", '{"status":"paid"}', "--columns", "id"], ["id"], id="an object"),
        pytest.param(["--json", '{"columns":["id"],"limit":9}'], ["id"], id="beside an object for all"),
    ],
)
def test_arguments_by_name(capsys: pytest.CaptureFixture[str], words: list[str], found: list[str]) -> None:
    """Texts as they are, all else as JSON; a flag wins over the object."""
    status, out, _ = run(capsys, "call", "read_table", "--table", "orders", "--limit", "2", *words)
    answer = json.loads(out)
    assert (status, answer["columns"], answer["count"]) == (0, found, "2")


def test_a_call_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """The error is the answer; as a table it is a sentence on stderr."""
    status, out, err = run(capsys, "call", "describe_table", "--table", "ordrs")
    assert (status, json.loads(out)["error"]["code"], err) == (1, "unknown_table", "")
    status, out, err = run(capsys, "call", "describe_table", "--table", "ordrs", "--format", "table")
    assert (status, out) == (1, "")
    assert err.startswith("pgmcp: there is no table or view 'ordrs' (table) [unknown_table]\n  hint: Did you mean ")


@pytest.mark.parametrize(
    "words, path",
    [
        pytest.param(("--filters", "{id:1}"), "filters", id="an object that is no JSON"),
        pytest.param(("--json", "{id:1}"), "--json", id="all arguments that are no JSON"),
    ],
)
def test_a_bad_argument_is_named(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], path: str) -> None:
    """Whoever typed several knows which one it is."""
    status, out, err = run(capsys, "call", "read_table", "--table", "orders", *words)
    assert (status, out, f" ({path}) [malformed_json]" in err) == (2, "", True)


@pytest.mark.parametrize(
    "name, word, hint",
    [
        pytest.param("limit", "ten", "Expected a whole number.", id="a number"),
        pytest.param("limit", "", "Expected a whole number.", id="an empty word for a number"),
        pytest.param("limit", "1e", "Expected a whole number.", id="half a number"),
        pytest.param("offset", "NaN", "Expected a whole number.", id="no number"),
        pytest.param("ascending", "True", "Expected true or false.", id="a truth value of Python's"),
        pytest.param("timeout_ms", "5s", "Expected a whole number.", id="a number with a unit"),
        pytest.param("filters", "status=paid", "Expected an object.", id="an object"),
        pytest.param("filters", "a,b", "Expected an object.", id="an object, with a comma"),
    ],
)
def test_a_bare_word_is_of_the_wrong_kind(capsys: pytest.CaptureFixture[str], name: str, word: str, hint: str) -> None:
    """As a call says it that came any other way."""
    status, out, _ = run(capsys, "call", "read_table", "--table", "orders", f"--{name}={word}")
    error = json.loads(out)["error"]
    assert (status, error["code"], error["details"], error["hint"]) == (1, "wrong_type", {"path": name}, hint)


def test_a_setting_that_can_t_be_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is called, whichever setting it is."""
    status = main(["call", "list_tables", "--dsn", "mysql://localhost/shop"])
    printed = capsys.readouterr()
    assert (status, printed.out) == (2, "")
    assert printed.err.startswith("pgmcp: The database address can't be read: ")


def test_a_write_needs_its_access(capsys: pytest.CaptureFixture[str]) -> None:
    """Read is the default."""
    words = ["--table", "orders", "--filters", '{"id":1}', "--data", '{"note":"x"}', "--dry_run", "true"]
    status, out, _ = run(capsys, "call", "update_records", *words)
    assert (status, json.loads(out)["error"]["code"]) == (1, "write_refused")
    status, out, _ = run(capsys, "call", "update_records", *words, "--access", "write")
    assert (status, out) == (0, '{"ok":true,"count":1,"dry_run":true}\n')


def test_a_setting_that_is_an_argument_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Behind the tool's name it is the argument."""
    words = ["--table", "orders", "--filters", '{"id":{"gt":0}}', "--max_rows", "1", "--access", "write"]
    status, out, _ = run(capsys, "call", "delete_records", *words)
    assert (status, json.loads(out)["error"]["details"]["max_rows"]) == (1, "1")


def test_records_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One JSON object a line, empty lines between them."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"city":"Faro","country":"PT"}\n\n{"city":"Évora","country":"PT"}\n', encoding="utf-8")
    words = ["--table", "warehouses", "--records", f"@{path}", "--access", "write", "--returning", "city"]
    status, out, _ = run(capsys, "call", "create_records", *words)
    assert (status, json.loads(out)["rows"]) == (0, [["Faro"], ["Évora"]])


@pytest.mark.parametrize(
    "content, error",
    [
        pytest.param(b'{"city":"Faro","country":"PT"}\n{bad\n', "malformed_json", id="no JSON"),
        pytest.param(b'{"city":"\xff","country":"PT"}\n', "malformed_json", id="no UTF-8"),
        pytest.param(b"", "data_empty", id="nothing"),
    ],
)
def test_a_bad_file_of_records(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, error: str) -> None:
    """What is wrong with it is the answer."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    words = ["--table", "warehouses", "--records", f"@{path}", "--access", "write"]
    status, out, _ = run(capsys, "call", "create_records", *words)
    assert (status, json.loads(out)["error"]["code"]) == (1, error)


def test_a_bad_line_is_told_by_the_files_number(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Which record it is, and which line: empty ones count as lines alone."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"city":"Faro","country":"PT"}\n\n{"city":\n', encoding="utf-8")
    words = ["--table", "warehouses", "--records", f"@{path}", "--access", "write"]
    _, out, _ = run(capsys, "call", "create_records", *words)
    details = json.loads(out)["error"]["details"]
    assert (details["path"], str(details["line"])) == ("records[1]", "3")


def test_arguments_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The whole object, or one value."""
    whole, query = tmp_path / "whole.json", tmp_path / "filters.json"
    whole.write_text('{"table":"orders","columns":["id"]}', encoding="utf-8")
    query.write_text('{"id":1}', encoding="utf-8")
    status, out, _ = run(capsys, "call", "read_table", "--json", f"@{whole}", "--filters", f"@{query}")
    assert (status, json.loads(out)["rows"]) == (0, [["1"]])


def test_arguments_of_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads them."""
    monkeypatch.setattr("sys.stdin", io.StringIO('{"table":"orders","columns":["id"],"filters":{"id":2}}'))
    status, out, _ = run(capsys, "call", "read_table", "--json", "-")
    assert (status, json.loads(out)["rows"]) == (0, [["2"]])


@pytest.mark.parametrize(
    "words, line",
    [
        pytest.param(
            ["--json", "@/nowhere/at-all.json"],
            "pgmcp: --json: the file can't be read: No such file or directory [wrong_type]",
            id="no file",
        ),
        pytest.param(["--json", "[1]"], "pgmcp: --json is not an object [wrong_type]", id="no object"),
        pytest.param(["--filters", "{bad"], "pgmcp: The JSON is malformed:", id="no JSON"),
        pytest.param(["--columns", '["id"'], "pgmcp: The JSON is malformed:", id="no list"),
    ],
)
def test_arguments_that_can_t_be_read(capsys: pytest.CaptureFixture[str], words: list[str], line: str) -> None:
    """Nothing is called."""
    status, out, err = run(capsys, "call", "read_table", *words)
    assert (status, out, err[: len(line)]) == (2, "", line)


def test_a_file_that_is_no_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Said so."""
    path = tmp_path / "picture"
    path.write_bytes(b"\xff\xd8")
    status, _, err = run(capsys, "call", "read_table", "--json", f"@{path}")
    assert (status, err.splitlines()[0]) == (2, "pgmcp: --json: the file is not UTF-8 [invalid_text]")


def test_the_tools(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its arguments, and what the listing costs."""
    status, out, _ = run(capsys, "tools")
    lines = out.splitlines()
    assert (status, lines[0]) == (0, "list_schemas(include_system?, timeout_ms?)")
    assert lines[-1].startswith("6 tools; tools/list costs ")
    assert lines[-1].endswith(" bytes")


def test_the_tools_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """As `tools/list` has them, with the bytes."""
    status, out, _ = run(capsys, "tools", "--json", "--access", "admin", "--tools", ",".join(Group))
    found = json.loads(out)
    assert (status, [each["name"] for each in found["tools"]]) == (0, [tool.name for tool in HANDLERS])
    assert list(found["tools"][0]) == ["name", "description", "inputSchema", "annotations"]
    assert int(found["bytes"]) == len(json.dumps({"tools": found["tools"]}).encode())


def test_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    """A line each, and 0 where it would serve."""
    status, out, _ = run(capsys, "check")
    lines = out.splitlines()
    assert (status, {line[:4] for line in lines} <= {"ok  ", "warn", "info"}) == (0, True)
    assert any("connection" in line and "works" in line for line in lines)


def test_a_decision_of_the_policy_is_explained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With the file and the line of the rule."""
    file = tmp_path / "pgmcp.toml"
    file.write_text(
        '[policy]\n[[policy.tables]]\nmatch = "a.b"\nallow = []\n[[policy.tables]]\nmatch = "*"\nallow = ["read"]\n'
    )
    assert main(["check", "--config", str(file), "--explain", "ana", "public.t", "read"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ana read public.t: allowed",
        f"  by policy.tables[1] ({file}:5)",
        "  actions: read",
        "  access: read at the most",
        "  PostgreSQL's own grants hold beside this",
    ]
    assert main(["check", "--explain", "ana", "public.t", "read"]) == 0
    assert "there is no policy" in capsys.readouterr().out


def test_the_check_holds_the_policy_against_the_catalogue(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A rule that means nothing is a warning, and no reason not to serve."""
    file = tmp_path / "pgmcp.toml"
    file.write_text('[policy]\n[[policy.tables]]\nmatch = "public.ordres"\nallow = ["read"]\n')
    assert main(["check", "--driver", "memory", "--config", str(file)]) == 0
    assert "warn  policy      policy.tables[0]: no table or view matches 'public.ordres'" in capsys.readouterr().out


def test_a_token_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """The token on stdout, its line for the configuration on stderr; the line knows the token."""
    status, out, err = run(capsys, "token", "ana", "--access", "write")
    line = err.partition('http_tokens = ["')[2].partition('"]')[0]
    known = StaticTokens.read([line]).find(out.strip())
    assert status == 0
    assert known is not None
    assert known.principal == Principal("ana", access=Access.WRITE)
    assert out.strip() not in err


@pytest.mark.parametrize("name", ["", "a,b", "a\nb", "x" * 256])
def test_a_token_for_nobody(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """What can't name a principal gets none."""
    status, out, err = run(capsys, "token", name)
    assert (status, out) == (2, "")
    assert "the name can't be a principal's" in err


def test_a_flag_of_a_list_may_be_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Its members add up; of any other the last word holds."""
    words = ["call", "read_table", "--driver", "memory", "--format", "json", "--table", "nope", "--table", "customers"]
    words += ["--columns", "id", "--columns", "name,vip", "--order_by=-id", "--order_by", "name", "--limit", "1"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["columns"] == ["id", "name", "vip"]


def test_a_caret_stands_under_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a hint is a line of the statement."""
    words = ["call", "execute_query", "--driver", "memory", "--query", "select 1\nform x", "--format", "table"]
    assert main(words) == 1
    assert capsys.readouterr().err.splitlines()[1:] == ["  hint:", "    form x", "         ^"]
