"""`python -m pgmcp.entrypoints.cli`: the command line without its script."""

import sys

from pgmcp.entrypoints.cli import main

sys.exit(main())
