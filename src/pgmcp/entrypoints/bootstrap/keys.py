"""The one secret of a database's server, and what is made with it: the seal of cursors, the key of hashing masks."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

from pgmcp.adapters.embedded.places import data_home
from pgmcp.adapters.keys import kept_key, key_for, key_of, passing_key
from pgmcp.adapters.sealing import AesGcmSealer
from pgmcp.domain.settings import Settings
from pgmcp.ports.sealing import Sealer


def make_sealer(settings: Settings) -> Sealer:
    """Seals cursors."""
    return AesGcmSealer(key_from(settings))


def make_mask_key(settings: Settings) -> Callable[[], bytes]:
    """Gives the key of masks that hash: another one than the seal's, so that neither tells of the other."""
    secret = key_from(settings)
    return cache(lambda: key_for("masks", secret()))


def key_from(settings: Settings) -> Callable[[], bytes]:
    """Gives 32 bytes: of the setting, of the file in the user's data directory, or in memory of this process alone."""
    if settings.secret_key is not None:
        secret = settings.secret_key.reveal()
        return lambda: key_of(secret)
    if settings.driver == "memory":
        return passing_key
    return lambda: kept_key(data_home(os.environ) / "secret_key")
