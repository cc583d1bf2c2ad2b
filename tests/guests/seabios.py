#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SeaBIOS, a PC's firmware, on the x86_64 board: through its whole power-on self-test, to where it finds nothing to boot.

    seabios.py --build BUILD_DIR --run AXVCPU_RUN [ARGUMENT]...

The board has no firmware and no place for it in its map, but memory from 0 on. So a few instructions before the image copy it to
where a PC has it, below 1 MiB, and jump to the reset vector there. Without a display or a disk nothing can be seen of it:
the layer trace tells which devices it has programmed, and that it waits for timer interrupts in the end.

`fetch.sh BUILD_DIR seabios` gets it; without it: skipped (77).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXIT_SKIP = 77
TIMED_OUT = 124
HEAD_SIZE = 0x100

# Assembled from:
#       cli; cld; xor %ax, %ax; mov %ax, %ss; mov $0x7000, %sp
#       mov $0x810, %ax; mov $0xe000, %bx; mov $32, %dx         # from 0x8100 to 0xe0000, 4 KiB at a time
#   1:  mov %ax, %ds; mov %bx, %es; xor %si, %si; xor %di, %di; mov $2048, %cx; rep movsw
#       add $0x100, %ax; add $0x100, %bx; dec %dx; jnz 1b
#       ljmp $0xf000, $0xfff0
HEAD = bytes.fromhex("fafc31c08ed0bc0070b81008bb00e0ba20008ed88ec331f631ffb90008f3a505000181c300014a75e9eaf0ff00f0")


def image(firmware):
    """A flat binary of the board's, which is loaded at 0x8000."""
    if len(firmware) != 0x20000:
        raise SystemExit("FAILED: the firmware has %d bytes, not 128 KiB" % len(firmware))
    return HEAD.ljust(HEAD_SIZE, b"\0") + firmware


def run(arguments, firmware, folder):
    path, trace = os.path.join(folder, "seabios"), os.path.join(folder, "trace")
    with open(path, "wb") as file:
        file.write(image(firmware))
    done = subprocess.run([*arguments, "--arch", "x86_64", "--timeout", "8", "--layer", "trace=" + trace, path], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with open(trace, encoding="ascii", errors="replace") as file:
        return done.returncode, done.stdout, file.read()


TICK = r"Halt(?s:.)*?inject_interrupt\(vector=(?:0x)?8\)(?s:.)*?"


def check(trace):
    """What it must have done, in order; returns what is missing."""
    position = 0
    for what, pattern in (("asks why it was reset", r"IoWrite\{data=0x8f, port=112"),
                          ("initialises the interrupt controllers", r"IoWrite\{data=0x8, port=33(?s:.)*IoWrite\{data=0x70, port=161"),
                          ("starts the timer", r"IoWrite\{data=0x34, port=67"),
                          ("waits for the timer's interrupts", TICK + TICK + TICK)):
        found = re.compile(pattern).search(trace, position)
        if not found:
            return what
        position = found.end()
    return None


def words(trace):
    """What it says at its port for debuggers, until it finds that nobody listens."""
    return "".join(chr(int(byte, 16)) for byte in re.findall(r"IoWrite\{data=0x([0-9a-f]+), port=1026,", trace))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--run", required=True, nargs=argparse.REMAINDER)
    options = parser.parse_args()
    found = subprocess.run(["sh", os.path.join(HERE, "fetch.sh"), "--cached", options.build, "seabios"], check=False,
                           capture_output=True, text=True)
    if found.returncode:
        print(found.stderr.strip())
        return EXIT_SKIP
    if "kvm" in options.run and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("skipped: /dev/kvm cannot be used")
        return EXIT_SKIP
    with open(found.stdout.strip(), "rb") as file:
        firmware = file.read()
    with tempfile.TemporaryDirectory() as folder:
        status, said, trace = run(options.run, firmware, folder)
    missing = check(trace)
    print(words(trace), said, sep="\n")
    if status != TIMED_OUT or missing:
        print("%s\nFAILED: it ended with %d, and never %s" % (trace[-2000:], status, missing))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
