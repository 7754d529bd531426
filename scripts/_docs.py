"""Writes the regions of pages that are made of the declarations; with `--check` only says which are not current."""

import sys
from pathlib import Path

from pgmcp.entrypoints.reference import current, regions

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Write or check; 1 when a page was not current and had to stay so."""
    stale = []
    for page, parts in regions().items():
        path = ROOT / page
        text = path.read_text(encoding="utf-8")
        wanted = current(text, parts)
        if wanted != text:
            stale.append(page)
            if "--check" not in sys.argv[1:]:
                path.write_text(wanted, encoding="utf-8")
                print(f"{page}: written")
    if stale and "--check" in sys.argv[1:]:
        print(f"Not current: {', '.join(stale)}. Run scripts/docs.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
