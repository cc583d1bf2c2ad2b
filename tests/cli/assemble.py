#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The small guests under guests/, from their sources: NAME.s is what was written, NAME.hex what the tests run, so that they need
no cross assembler. `assemble.py` writes the .hex files anew, `assemble.py --check` tells whether they are what the sources say.
"""

import os
import shutil
import subprocess
import sys
import tempfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guests")
TOOLS = "riscv64-linux-gnu-"
LOAD_ADDRESS = "0x80200000"


def sources():
    return sorted(name for name in os.listdir(FOLDER) if name.endswith(".s"))


def assemble(source):
    with tempfile.TemporaryDirectory() as folder:
        linked = os.path.join(folder, "linked")
        flat = os.path.join(folder, "flat")
        subprocess.run([TOOLS + "as", "-march=rv64ima_zicsr_zifencei", "-o", linked + ".o", source], cwd=FOLDER, check=True)
        subprocess.run([TOOLS + "ld", "-Ttext=" + LOAD_ADDRESS, "-e", LOAD_ADDRESS, "-o", linked, linked + ".o"], check=True)
        subprocess.run([TOOLS + "objcopy", "-O", "binary", linked, flat], check=True)
        with open(flat, "rb") as file:
            return file.read()


def as_hex(code):
    return "".join(code[i:i + 32].hex() + "\n" for i in range(0, len(code), 32))


def hex_file(source):
    return os.path.join(FOLDER, source[:-2] + ".hex")


def stale():
    """The sources whose .hex file is missing or says something else."""
    found = []
    for source in sources():
        try:
            with open(hex_file(source), encoding="ascii") as file:
                kept = file.read()
        except FileNotFoundError:
            kept = None
        if kept != as_hex(assemble(source)):
            found.append(source)
    return found


def main():
    if not all(shutil.which(TOOLS + tool) for tool in ("as", "ld", "objcopy")):
        print("skipped: no " + TOOLS + "as, ld and objcopy here (Debian's binutils-riscv64-linux-gnu)")
        return 77
    if sys.argv[1:] == ["--check"]:
        found = stale()
        if found:
            print("run tests/cli/assemble.py: the .hex files of these are not what they say: " + ", ".join(found))
        return 1 if found else 0
    for source in sources():
        with open(hex_file(source), "w", encoding="ascii") as file:
            file.write(as_hex(assemble(source)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
