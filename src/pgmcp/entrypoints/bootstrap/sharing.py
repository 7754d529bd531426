"""What holds principals to their shares, for the composition root."""

from __future__ import annotations

from pgmcp.adapters.shares import ProcessShares
from pgmcp.domain.settings import Settings
from pgmcp.ports.clock import Clock
from pgmcp.services.fair_use import FairUse


def make_fair_use(settings: Settings, clock: Clock) -> FairUse:
    """Fair use by the settings, within this process."""
    return FairUse(ProcessShares(), clock, settings)
