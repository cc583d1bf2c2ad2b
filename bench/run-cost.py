#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of axvcpu_run and fails above the limits. The method is in README.md.

usage: run-cost.py PROGRAM PLUGIN. It builds nothing; exit 77: there is no valgrind here."""
import sys

import callgrind

# Instructions per call, the plugin's own run included.
LIMITS = {"dlopen": 40, "static": 18}


def per_call(program, plugin, binding):
    return callgrind.per_call(lambda count: [program, binding, str(count), plugin])


def main():
    program, plugin = sys.argv[1:]
    if not callgrind.is_here():
        print("run-cost: skipped, there is no valgrind (Debian: apt-get install valgrind)")
        return 77
    loop = per_call(program, plugin, "empty")
    over = 0
    for binding, limit in LIMITS.items():
        cost = per_call(program, plugin, binding) - loop
        over += cost > limit
        print(f"axvcpu_run, {binding}: {cost:.2f} instructions per call, at most {limit} are allowed"
              f"{': TOO MANY' if cost > limit else ''} (the loop's own {loop:.2f} are taken off)")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
