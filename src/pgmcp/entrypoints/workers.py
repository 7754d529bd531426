"""Several processes that serve on one socket, and the one that starts them and looks after them.

It does nothing else and imports nothing that runs: a process is forked from it in milliseconds, with all that has been
imported, and another one when it ends. When it ends itself, however that happens, the others hear of it by a pipe.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from attrs import frozen

_WATCHED = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
_SETTINGS_WRONG = 2  # the command line's exit code for that
# One that crashes at once is not started anew at once.
_PAUSE_S = 1.0


@frozen(kw_only=True)
class Worker:
    """What one of the processes is told.

    Args:
        is_first: Whether it is the very first, which speaks for all.
        lifeline: The end of a pipe that closes when the process that started it is gone.
    """

    is_first: bool
    lifeline: int


class Workers:
    """Processes that do the same.

    Args:
        wanted: How many.
        work: What each does until SIGTERM; gives its exit code.
        say: Tells the person who started it.
    """

    def __init__(self, wanted: int, work: Callable[[Worker], int], say: Callable[[str], None]) -> None:
        self._wanted = wanted
        self._work = work
        self._say = say
        self._started: dict[int, float] = {}
        self._lifeline, self._held = os.pipe()

    def run(self) -> int:
        """Start them and keep them going until SIGTERM or SIGINT, which each of them gets, too.

        Returns:
            The exit code: of the work in each of the processes; in this one, once all have ended, 0, or 2 where one
            found that it can't serve.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            for number in range(self._wanted):
                if self._fork():
                    signal.pthread_sigmask(signal.SIG_SETMASK, before)
                    return self._work(Worker(is_first=number == 0, lifeline=self._lifeline))
            code = self._look_after()
            if code is None:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                return self._work(Worker(is_first=False, lifeline=self._lifeline))
            return code
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _fork(self) -> bool:
        """Start one; True in the new process."""
        started = time.monotonic()
        process = os.fork()
        if process == 0:
            os.close(self._held)
            return True
        self._started[process] = started
        return False

    def _look_after(self) -> int | None:
        """Put another in the place of each that ends, until told to stop; None in a new process."""
        code, stopping = 0, False
        while self._started:
            if signal.sigwait(_WATCHED) != signal.SIGCHLD:
                stopping = True
                self._stop()
            for process, status in self._ended():
                since, ended = self._started.pop(process), os.waitstatus_to_exitcode(status)
                if stopping:
                    continue
                if ended == _SETTINGS_WRONG:
                    # It said why, and so would another one.
                    code, stopping = ended, True
                    self._stop()
                    continue
                self._say("a worker ended; another takes its place")
                time.sleep(max(0.0, since + _PAUSE_S - time.monotonic()))
                if self._fork():
                    return None
        return code

    def _ended(self) -> list[tuple[int, int]]:
        """The processes that have ended since, with their status; one signal may stand for several."""
        found = [os.waitpid(process, os.WNOHANG) for process in list(self._started)]
        return [(process, status) for process, status in found if process]

    def _stop(self) -> None:
        for process in self._started:
            os.kill(process, signal.SIGTERM)
