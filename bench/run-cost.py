#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of axvcpu_run and fails above the limits. The method is in README.md.

usage: run-cost.py PROGRAM PLUGIN. It builds nothing; exit 77: there is no valgrind here."""
import re
import shutil
import subprocess
import sys

FEW, MANY = 1000, 11000
# Instructions per call, the plugin's own run included.
LIMITS = {"dlopen": 40, "static": 18}


def collected(program, plugin, binding, count):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, binding, str(count), plugin]
    done = subprocess.run(command, capture_output=True, text=True)
    # The library looks at a plugin in a child process first; the last figure is the program's own.
    figures = re.findall(r"Collected : (\d+)", done.stderr)
    if done.returncode or not figures:
        sys.exit(f"run-cost: {' '.join(command)} failed:\n{done.stderr}")
    return int(figures[-1])


def per_call(program, plugin, binding):
    return (collected(program, plugin, binding, MANY) - collected(program, plugin, binding, FEW)) / (MANY - FEW)


def main():
    program, plugin = sys.argv[1:]
    if not shutil.which("valgrind"):
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
