"""The command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pgmcp.domain.errors import PgmcpError
from pgmcp.entrypoints.cli.failures import report
from pgmcp.entrypoints.cli.parser import parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the console script `pgmcp`.

    Args:
        arguments: The words behind the program's name; None for the process's own.

    Returns:
        0 when it went well, 1 when the call or the check failed, 2 when the command line or the settings are wrong.
    """
    try:
        command = parse(sys.argv[1:] if arguments is None else arguments)
        return command()
    except PgmcpError as error:
        report(error)
        return 2
    except BrokenPipeError:
        # Whoever read stopped reading; at exit Python would stumble over what is still buffered.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
