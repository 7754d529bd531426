"""How much a server says, counted where it comes in: libpq holds whatever it is sent, however much that is."""

from __future__ import annotations

import sys

if sys.platform == "win32":

    def waiting_on(socket: int) -> int:  # noqa: ARG001 -- as where it is used
        """Bytes that wait on a socket to be read; where the system doesn't tell, no more than a call of libpq takes."""
        return 16_384

else:
    from array import array
    from fcntl import ioctl
    from termios import FIONREAD

    def waiting_on(socket: int) -> int:
        """Bytes that wait on a socket to be read.

        Raises:
            OSError: It is closed.
        """
        waiting = array("i", [0])
        ioctl(socket, FIONREAD, waiting)
        return waiting[0]


class TooMuchError(Exception):
    """The server says more than is taken."""


class Allowance:
    """What a server may say in answer to what it was sent.

    Args:
        most: Bytes that may be met waiting. More may have come before it is noticed: libpq reads on while the server
            keeps pace with it.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._first = True

    def count(self, socket: int) -> None:
        """Count what is about to be read; of the first time, with which nearly every answer ends, nothing.

        Raises:
            TooMuchError: It is more than is taken.
        """
        if self._first:
            self._first = False
            return
        self._left -= waiting_on(socket)
        if self._left < 0:
            raise TooMuchError
