"""The key that seals cursors: from a secret, made once and kept in a file, or made anew for one process."""

from __future__ import annotations

import os
import secrets
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path

KEY_BYTES = 32


def key_of(secret: str) -> bytes:
    """The key that a secret of any length gives, the same in every process that knows it."""
    return sha256(secret.encode()).digest()


def key_for(purpose: str, key: bytes) -> bytes:
    """A key of its own for a purpose, from which the first can't be told."""
    return hmac(key, purpose.encode(), sha256).digest()


def passing_key() -> bytes:
    """A key that dies with the process."""
    return secrets.token_bytes(KEY_BYTES)


def kept_key(path: Path) -> bytes:
    """The key in a file that only its owner may read, made when it isn't there.

    Args:
        path: The file. Where it can't be written or read the key is a passing one: cursors then end with the process.
    """
    try:
        found = path.read_bytes() if path.exists() else _made(path)
    except OSError:
        return passing_key()
    return found if len(found) == KEY_BYTES else passing_key()


def _made(path: Path) -> bytes:
    """Make the file whole or not at all, so that two processes that start together end up with one key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(passing_key())
    try:
        os.link(fresh, path)  # fails where somebody else was first
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_bytes()
