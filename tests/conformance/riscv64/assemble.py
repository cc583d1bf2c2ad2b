#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The encodings of .test files, checked against an assembler or filled in by it.

Second column: instructions separated by ';'. Third column: their encodings. Nothing else of a row matters here.
Exit status: 0 all agree, 1 some do not, 77 there is no assembler.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

PREFIX = "riscv64-linux-gnu-"
ROOM = 256  # bytes per row in the assembled image


def rows_of(lines):
    for index, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            yield index, [column.strip() for column in line.split("|")]


def source_of(rows):
    """One image for all rows; compressed encodings only where they are written out."""
    yield ".option norelax"
    for place, (_, columns) in enumerate(rows):
        yield f".org {place * ROOM}, 0"
        for instruction in columns[1].split(";"):
            option = "rvc" if instruction.strip().startswith("c.") else "norvc"
            yield f".option {option}\n\t{instruction.strip()}"
    yield f".org {len(rows) * ROOM}, 0"


def assemble(rows):
    with tempfile.TemporaryDirectory() as folder:
        source, built, image = (pathlib.Path(folder, name) for name in ("rows.s", "rows.o", "rows.bin"))
        source.write_text("\n".join(source_of(rows)) + "\n")
        subprocess.run([PREFIX + "as", "-march=rv64imac_zicsr_zifencei", "-o", built, source], check=True)
        subprocess.run([PREFIX + "objcopy", "-O", "binary", "-j", ".text", built, image], check=True)
        return image.read_bytes()


def encodings(image, place, count):
    """`count` instructions as hexadecimal words; the low two bits of each say how long it is."""
    at = place * ROOM
    for _ in range(count):
        size = 4 if image[at] & 3 == 3 else 2
        yield f"{int.from_bytes(image[at:at + size], 'little'):0{2 * size}x}"
        at += size


def check(path, update):
    lines = path.read_text().splitlines()
    rows = list(rows_of(lines))
    image = assemble(rows)
    wrong = 0
    for place, (index, columns) in enumerate(rows):
        words = " ".join(encodings(image, place, columns[1].count(";") + 1))
        if columns[2] == words:
            continue
        wrong += 1
        if update:
            columns[2] = words
            lines[index] = " | ".join(columns).rstrip()
        else:
            print(f"{path.name}:{index + 1}: {columns[0]}: the row has {columns[2]}, the assembler {words}")
    if update and wrong:
        path.write_text("\n".join(lines) + "\n")
    print(f"{path.name}: {len(rows)} rows, {wrong} {'updated' if update else 'wrong'}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the assembler's encodings into the files")
    parser.add_argument("file", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    if not shutil.which(PREFIX + "as"):
        print(f"skipped: {PREFIX}as is not installed (Debian: binutils-riscv64-linux-gnu)")
        return 77
    wrong = sum(check(path, arguments.update) for path in arguments.file)
    return 1 if wrong and not arguments.update else 0


if __name__ == "__main__":
    sys.exit(main())
