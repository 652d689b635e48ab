"""Can a hidden cell be worked out from what is exported? An attack on many random audits.

    python -m benchmarks.disclosure [--audits N]

Each audit has two or three attributes with small and unknown groups, their intersections, and cohorts near them, at
k = 10. The attacker knows who is in which group and combines all that is shown. Aim: nothing follows.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.machine import machine
from tests.analysis.fairness.test_disclosed_exports import attacked


def main(arguments: list[str]) -> int:
    """Attack and print the table; the exit status is 1 where something follows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.disclosure")
    parser.add_argument("--audits", type=int, default=500)
    audits = parser.parse_args(arguments).audits
    started = time.perf_counter()
    found = [attacked(seed) for seed in range(audits)]
    wrong = [(seed, one) for seed, (_, leaked) in enumerate(found) for one in leaked]
    print(f"disclosure: {machine()}\n")
    print("| random audits | cells hidden | that follow from what is exported | seconds |\n|---|---|---|---|")
    hidden = sum(count for count, _ in found)
    print(f"| {audits} | {hidden:,} | {len(wrong)} | {time.perf_counter() - started:.0f} |")
    for seed, one in wrong[:20]:
        print(f"seed {seed}: {one}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
