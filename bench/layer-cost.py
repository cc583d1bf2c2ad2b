#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what layers cost, in nanoseconds and in instructions. The method is in README.md.

usage: layer-cost.py PROGRAM PLUGIN C-LAYER AROUND-LAYER. Without valgrind there are no instructions."""
import subprocess
import sys

import callgrind


def main():
    program, *files = sys.argv[1:]
    timed = subprocess.run([program, *files], capture_output=True, text=True)
    if timed.returncode:
        sys.exit(timed.stderr)
    if not callgrind.is_here():
        print("no instructions are counted: there is no valgrind (Debian: apt-get install valgrind)")
    for number, line in enumerate(timed.stdout.splitlines()):
        if callgrind.is_here():
            cost = callgrind.per_call(lambda count: [program, *files, str(number), str(count)])
            line += f" {cost:8.1f} instructions"
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
