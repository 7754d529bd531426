"""Sealing: text that a caller can keep and give back, but neither read nor change."""

from typing import Protocol


class Sealer(Protocol):
    """Encrypts and authenticates small texts, such as a cursor's."""

    def seal(self, text: bytes, bound_to: bytes) -> str:
        """Encrypt `text`; the seal only opens with the same `bound_to`. URL-safe."""
        ...

    def open(self, sealed: str, bound_to: bytes) -> bytes | None:
        """The text that was sealed; None when the seal is forged, damaged or bound to something else."""
        ...
