"""The share of changes that a test notices, of the last `make mutation`; fails below nine of ten."""

from __future__ import annotations

import json
import sys
from pathlib import Path

LEAST = 0.9


def main() -> int:
    found = json.loads(Path("mutants/mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    noticed, missed = found["killed"] + found["timeout"], found["survived"] + found["no_tests"]
    share = noticed / max(1, noticed + missed)
    print(f"{noticed:,} of {noticed + missed:,} changes are noticed ({share:.1%}); at least {LEAST:.0%} must be.")
    return int(share < LEAST)


if __name__ == "__main__":
    sys.exit(main())
