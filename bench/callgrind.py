# SPDX-License-Identifier: Apache-2.0
"""Instructions per call of something that a program does as often as its arguments say. The method is in README.md."""
import re
import shutil
import subprocess
import sys

FEW, MANY = 1000, 11000


def is_here():
    return shutil.which("valgrind") is not None


def collected(command):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    done = subprocess.run(command, capture_output=True, text=True)
    # The library looks at a plugin in a child process first; the last figure is the program's own.
    figures = re.findall(r"Collected : (\d+)", done.stderr)
    if done.returncode or not figures:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return int(figures[-1])


def per_call(command_for):
    """command_for(count) is the command line that makes `count` calls."""
    return (collected(command_for(MANY)) - collected(command_for(FEW))) / (MANY - FEW)
