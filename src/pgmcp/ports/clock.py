"""Time, as something that can be given."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...

    def timestamp(self) -> float:
        """The moment as seconds since 1970: what `now` says, where no more is wanted."""
        ...

    def monotonic(self) -> float:
        """Seconds on the event loop's own scale, which never goes back; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for so long on the monotonic scale."""
        ...
