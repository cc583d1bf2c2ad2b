#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memtest86+ on the x86_64 board: its first tests, on all CPUs, find nothing wrong.

    memtest86.py --build BUILD_DIR --cpus N --run AXVCPU_RUN [ARGUMENT]...

It is a bzImage, and shows its screen on the serial port. It never ends by itself: it is ended when it has come to TEST, without
errors, and with all CPUs at work.

`fetch.sh BUILD_DIR memtest86` gets it; without it: skipped (77).
"""

import argparse
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EXIT_SKIP = 77
PATIENCE = 240
TEST = 5


def screen(output):
    """The text without what moves the cursor: a line for each piece."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", output.decode("latin-1"))


def has_come_to_test(text):
    """TEST, or a later one: of a line that has hardly changed only that is written which has, so one may not be seen."""
    return any(int(number) >= TEST for number in re.findall(r"#(\d+)  \[", text))


def run(arguments, image, cpus):
    """What it wrote, until it came to TEST, or to its end, or was out of time."""
    command = [*arguments, "--smp", str(cpus), "--mem", "16M", "--append", "console=ttyS0,115200", image]
    start, output = time.monotonic(), b""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        while time.monotonic() < start + PATIENCE and not has_come_to_test(screen(output)):
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                break
            output += chunk
        process.terminate()
    return screen(output)


def check(text, cpus):
    """What is wrong, or None."""
    errors = set(re.findall(r"Errors: +(\d+)", text))
    if not has_come_to_test(text):
        return "it has not come to test %d" % TEST
    if errors != {"0"}:
        return "it has found errors: " + ", ".join(sorted(errors))
    if not re.search(r"CPU: %d Cores" % cpus, text):
        return "it has not found %d CPUs" % cpus
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--run", required=True, nargs=argparse.REMAINDER)
    options = parser.parse_args()
    found = subprocess.run(["sh", os.path.join(HERE, "fetch.sh"), "--cached", options.build, "memtest86"], check=False,
                           capture_output=True, text=True)
    if found.returncode:
        print(found.stderr.strip())
        return EXIT_SKIP
    text = run(options.run, found.stdout.strip(), options.cpus)
    print(re.sub(r"\s*\n\s*", "\n", text[-3000:]))
    wrong = check(text, options.cpus)
    if wrong:
        print("FAILED: " + wrong)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
