"""Settings from flags, the environment and a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pgmcp.domain.errors import ValidationError
from pgmcp.domain.settings import Access, Secret, Settings, described
from pgmcp.entrypoints.configuration import load
from tests.fixtures.walked import cases


def refusal(flags: dict[str, Any], environment: dict[str, str], config: Path | None = None) -> dict[str, Any]:
    """The whole error of settings that can't be."""
    with pytest.raises(ValidationError) as caught:
        load(flags, environment, config)
    return caught.value.document()


def written(folder: Path, text: str) -> Path:
    """A TOML file."""
    path = folder / "pgmcp.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_said() -> None:
    """The defaults."""
    assert load({}, {}) == Settings()


def test_a_flag_wins_over_a_variable_over_a_file(tmp_path: Path) -> None:
    """In that order; each setting by itself."""
    config = written(tmp_path, 'max_rows = 1\nmax_bytes = 2000\nname = "file"\n')
    environment = {"PGMCP_MAX_ROWS": "2", "PGMCP_NAME": "variable", "HOME": "/nowhere"}
    assert load({"max_rows": "3", "host": None}, environment, config) == Settings(
        max_rows=3, max_bytes=2000, name="variable"
    )


BYTES = "bytes, or with a unit, such as 64kB, 4MB"
GROUPS = ", ".join(described()["tools"][1].choices)


@cases(
    "name, said, value",
    [
        pytest.param("access", "write", Access.WRITE, id="a choice"),
        pytest.param("access", Access.ADMIN, Access.ADMIN, id="a choice as itself"),
        pytest.param("max_rows", "7", 7, id="a number"),
        pytest.param("max_rows", 7, 7, id="a number as itself"),
        pytest.param("max_rows", 7.0, 7, id="a whole number with a point"),
        pytest.param("call_timeout_s", "0.5", 0.5, id="a fraction"),
        pytest.param("call_timeout_s", 2, 2.0, id="a whole number for a fraction"),
        pytest.param("port", "0", 0, id="the least"),
        pytest.param("port", "65535", 65535, id="the most"),
        pytest.param("tools", "data, query,", ("data", "query"), id="a list in words"),
        pytest.param("tools", ["data", "query"], ("data", "query"), id="a list as itself"),
        pytest.param("tools", "core", ("core",), id="the default by its name"),
        pytest.param("dsn", "postgresql://u:p@h/d", Secret("postgresql://u:p@h/d"), id="a secret"),
        pytest.param("dsn", Secret("x"), Secret("x"), id="a secret as itself"),
        pytest.param("name", "a name", "a name", id="a text"),
        pytest.param("time_zone", "", None, id="an empty text"),
        pytest.param("secret_key", "", None, id="an empty secret"),
        pytest.param("secret_key", Secret(""), None, id="an empty secret as itself"),
        pytest.param("max_bytes", "64kB", 65536, id="bytes with a unit"),
        pytest.param("max_bytes", " 1.5 MB ", 1572864, id="a fraction of a unit"),
        pytest.param("audit_max_bytes", "2gb", 2147483648, id="a unit in small letters"),
        pytest.param("max_request_bytes", "5000B", 5000, id="bytes by name"),
        pytest.param("bytes_per_minute", "1TB", 1024**4, id="the largest unit"),
    ],
)
def test_a_value_as_its_type(name: str, said: Any, value: Any) -> None:
    """Whichever way it comes in."""
    found = getattr(load({name: said}, {}), name)
    assert (found, type(found)) == (value, type(value))


@cases(
    "name, said, hint",
    [
        pytest.param("max_rows", "many", "It takes a number from 1 (rows).", id="no number"),
        pytest.param("max_rows", "1.5", "It takes a number from 1 (rows).", id="a fraction in words"),
        pytest.param("max_rows", 1.5, "It takes a number from 1 (rows).", id="a fraction"),
        pytest.param("max_rows", 0, "It takes a number from 1 (rows).", id="below the least"),
        pytest.param("max_bytes", "64XB", f"It takes a number from 1024 ({BYTES}).", id="an unknown unit"),
        pytest.param("max_bytes", "0.5kB", f"It takes a number from 1024 ({BYTES}).", id="too few bytes"),
        pytest.param("max_bytes", "kB", f"It takes a number from 1024 ({BYTES}).", id="a unit alone"),
        pytest.param("max_rows", "1kB", "It takes a number from 1 (rows).", id="bytes of what is not counted in bytes"),
        pytest.param("max_rows", True, "It takes a number from 1 (rows).", id="a truth value"),
        pytest.param("max_rows", [1], "It takes a number from 1 (rows).", id="a list"),
        pytest.param("max_rows", {}, "It takes a number from 1 (rows).", id="a table"),
        pytest.param("port", 65536, "It takes a number from 0 to 65535.", id="above the most"),
        pytest.param(
            "statement_timeout_ms",
            2**31,
            "It takes a number from 1 to 2147483647 (ms).",
            id="more than the server takes",
        ),
        pytest.param(
            "lease_idle_s",
            "inf",
            "It takes a number from 0.001 to 2000000 (seconds).",
            id="longer than the server takes",
        ),
        pytest.param("call_timeout_s", "nan", "It takes a number from 0.001 (seconds).", id="no number at all"),
        pytest.param("call_timeout_s", float("nan"), "It takes a number from 0.001 (seconds).", id="NaN itself"),
        pytest.param("access", "all", "It takes one of read, write, admin.", id="no choice"),
        pytest.param("log_level", 5, "It takes one of debug, info, warning, error.", id="a number for a choice"),
        pytest.param("tools", "data,everything", f"It takes one of {GROUPS}.", id="no group"),
        pytest.param("tools", 5, f"It takes one of {GROUPS}.", id="a number for a list"),
        pytest.param("name", 5, "It takes another kind of value.", id="a number for a text"),
    ],
)
def test_a_bad_value(name: str, said: Any, hint: str) -> None:
    """Ends the start: the key, what it got, what it takes."""
    assert refusal({name: said}, {}) == {
        "type": "validation_error",
        "code": "setting_invalid",
        "message": f"setting '{name}' got '{said}'",
        "hint": hint,
        "retry": "never",
        "details": {"path": f"--{name}"},
    }


def test_a_long_value_is_cut() -> None:
    """In the message."""
    assert refusal({"max_rows": "x" * 99}, {})["message"] == f"setting 'max_rows' got '{'x' * 40}'"


@pytest.mark.parametrize(
    "name, hint",
    [
        pytest.param("max_row", "Did you mean 'max_rows' or 'max_cost_rows' or 'max_write_rows'?", id="some like it"),
        pytest.param("colour", "docs/reference/settings.md lists them.", id="none like it"),
    ],
)
def test_an_unknown_setting(tmp_path: Path, name: str, hint: str) -> None:
    """Wherever it is said, the error says where."""
    config = written(tmp_path, f"{name} = 5\n")
    for flags, environment, file, path in (
        ({name: 5}, {}, None, f"--{name}"),
        ({}, {f"PGMCP_{name.upper()}": "5"}, None, f"PGMCP_{name.upper()}"),
        ({}, {}, config, f"{config}: {name}"),
    ):
        assert refusal(flags, environment, file) == {
            "type": "validation_error",
            "code": "setting_unknown",
            "message": f"there is no setting '{name}'",
            "hint": hint,
            "retry": "never",
            "details": {"path": path},
        }


def test_a_bad_variable() -> None:
    """The error names the variable."""
    assert refusal({}, {"PGMCP_PORT": "x"})["details"] == {"path": "PGMCP_PORT"}


def test_what_is_no_setting() -> None:
    """An empty variable says nothing; some names with our prefix mean something else."""
    environment = {"PGMCP_MAX_ROWS": "", "PGMCP_PG_BIN": "/bin", "PGMCP_DATA_DIR": "/data", "PGMCP_CONFIG": ""}
    assert load({}, environment) == Settings()


def test_the_file_that_a_variable_names(tmp_path: Path) -> None:
    """Unless one is named by flag."""
    config = written(tmp_path, "max_rows = 5\n")
    other = tmp_path / "other.toml"
    other.write_text("max_rows = 6\n", encoding="utf-8")
    environment = {"PGMCP_CONFIG": str(config)}
    assert load({}, environment).max_rows == 5
    assert load({}, environment, other).max_rows == 6


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is an error, not silence."""
    path = tmp_path / "none.toml"
    assert refusal({}, {}, path) == {
        "type": "validation_error",
        "code": "setting_invalid",
        "message": "the configuration file can't be read: No such file or directory",
        "retry": "never",
        "details": {"path": str(path)},
    }


@pytest.mark.parametrize(
    "content", [pytest.param(b"max_rows = ", id="cut short"), pytest.param(b"name = '\xff'", id="no UTF-8")]
)
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes) -> None:
    """The parser's own words are the hint."""
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    found = refusal({}, {}, path)
    assert (found["code"], found["message"]) == ("setting_invalid", "the configuration file is not TOML")
    assert found["hint"]


@pytest.mark.parametrize(
    "flags, environment, dsn",
    [
        pytest.param({}, {"DATABASE_URL": "a"}, Secret("a"), id="the platform's"),
        pytest.param({}, {"DATABASE_URL": "a", "PGMCP_DSN": "b"}, Secret("b"), id="a variable of ours"),
        pytest.param({"dsn": "c"}, {"DATABASE_URL": "a", "PGMCP_DSN": "b"}, Secret("c"), id="a flag"),
        pytest.param({}, {"DATABASE_URL": ""}, None, id="an empty one"),
        pytest.param({"dsn": ""}, {"DATABASE_URL": "a"}, Secret("a"), id="an empty flag"),
        pytest.param({}, {}, None, id="none"),
    ],
)
def test_the_address(flags: dict[str, str], environment: dict[str, str], dsn: Secret | None) -> None:
    """`DATABASE_URL` comes last."""
    assert load(flags, environment).dsn == dsn


def test_every_setting_can_be_said_in_every_way(tmp_path: Path) -> None:
    """As its default, by flag, variable and file."""
    for name in described():
        default = getattr(Settings(), name)
        text = ",".join(default) if isinstance(default, tuple) else "x" if default is None else str(default)
        by_flag = getattr(load({name: text}, {}), name)
        by_variable = getattr(load({}, {f"PGMCP_{name.upper()}": text} if text else {}), name)
        quoted = text.lower() if isinstance(default, int | float) else f'"{text}"'  # true and false are small in TOML
        by_file = getattr(load({}, {}, written(tmp_path, f"{name} = {quoted}\n")), name)
        assert by_flag == by_variable == by_file
        assert default is None or by_flag == default


def test_an_empty_text_is_none_wherever_it_stands(tmp_path: Path) -> None:
    """An empty `secret_key` above all is no key that everybody knows; a flag hides what a file says."""
    file = written(tmp_path, 'secret_key = ""\ntime_zone = "Europe/Lisbon"\n')
    assert load({"time_zone": ""}, {}, file) == Settings()


def test_no_secret_in_an_error() -> None:
    """A mistake elsewhere doesn't tell the password."""
    assert "hunter2" not in str(refusal({"dsn": "postgresql://u:hunter2@h", "port": "x"}, {}))


def test_a_policy_is_part_of_the_file(tmp_path: Path) -> None:
    """Its tables are read with the settings; it knows the file that it stands in."""
    file = tmp_path / "pgmcp.toml"
    file.write_text('max_rows = 7\n[policy]\ndefault = "allow"\n[[policy.tables]]\nmatch = "*"\nallow = ["read"]\n')
    settings = load({}, {}, file)
    assert settings.policy.source == str(file)
    assert (settings.max_rows, settings.policy.given, len(settings.policy.tables)) == (7, True, 1)


def test_a_policy_can_be_given_by_a_program() -> None:
    """As the table of a file; without one there is none."""
    given = load({"policy": {"default": "deny"}}, {})
    assert (given.policy.given, load({}, {}).policy.given) == (True, False)


def test_a_mistake_in_the_policy_ends_the_start(tmp_path: Path) -> None:
    """With its place."""
    file = tmp_path / "pgmcp.toml"
    file.write_text('[[policy.tables]]\nmatch = "*"\nalow = []\n')
    with pytest.raises(ValidationError) as raised:
        load({}, {}, file)
    assert raised.value.path == "policy.tables[0].alow"


@pytest.mark.parametrize(
    "said, most, pool",
    [
        pytest.param({"leases_max": 10}, 9, 10, id="as many as the pool's default"),
        pytest.param({"leases_max": "4", "pool_max": "4"}, 3, 4, id="as many as the pool"),
        pytest.param({"leases_max": 2, "pool_max": 1}, 1, 1, id="more than a pool of one"),
    ],
)
def test_transactions_that_would_take_every_connection(said: dict[str, Any], most: int, pool: int) -> None:
    """Refused at the start: once they were all held, no other call would get through."""
    assert refusal(said, {}) == {
        "type": "validation_error",
        "code": "setting_invalid",
        "message": f"setting 'leases_max' got '{said['leases_max']}', which leaves other calls none of"
        f" 'pool_max', {pool}, connections",
        "hint": f"It takes a number from 1 to {most}, or 0 for half of 'pool_max'; or raise 'pool_max'.",
        "retry": "never",
        "details": {"path": "leases_max"},
    }


@pytest.mark.parametrize("said", [{"leases_max": 9}, {"leases_max": 1, "pool_max": 1}, {"pool_max": 1}])
def test_transactions_that_leave_a_connection(said: dict[str, Any]) -> None:
    """Taken; a pool of one can hold its only transaction, as it does by default."""
    assert load(said, {}).leases_max == said.get("leases_max", 0)


@pytest.mark.parametrize("said", [{"pool_min": "3", "pool_max": "2"}, {"pool_min": 11}])
def test_settings_that_contradict_each_other(said: dict[str, Any]) -> None:
    """Refused at the start, with both."""
    most = said.get("pool_max", 10)
    assert refusal(said, {}) == {
        "type": "validation_error",
        "code": "setting_invalid",
        "message": f"setting 'pool_min' got '{said['pool_min']}', which is more than 'pool_max', {most}",
        "hint": "It takes a number from 0 to 'pool_max'; or raise 'pool_max'.",
        "retry": "never",
        "details": {"path": "pool_min"},
    }
