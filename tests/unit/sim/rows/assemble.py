#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills in the encoding column of test rows, with GNU as: an opinion that is not ours.

    assemble.py FILE.rows...      needs riscv64-linux-gnu-as and riscv64-linux-gnu-objcopy

An encoding that begins with = is left alone: as refuses some HINTs. Rows are TEXT | ENCODING | BEFORE | AFTER; the
encodings are committed, so building and testing needs no assembler.
"""

import pathlib
import subprocess
import sys
import tempfile

ASSEMBLER = ["riscv64-linux-gnu-as", "-march=rv64imac_zicsr_zifencei", "-mno-relax"]


def assemble(texts):
    """The bytes of each instruction, each in 8 bytes of its own."""
    lines = []
    for text in texts:
        rvc = "rvc" if text.startswith(("c.", ".2byte")) else "norvc"
        lines += [".balign 8, 0", f".option {rvc}", text]
    lines.append(".balign 8, 0")
    with tempfile.TemporaryDirectory() as folder:
        source, code, raw = (pathlib.Path(folder) / name for name in ("a.s", "a.o", "a.bin"))
        source.write_text("\n".join(lines) + "\n")
        subprocess.run(ASSEMBLER + [source, "-o", code], check=True)
        subprocess.run(["riscv64-linux-gnu-objcopy", "-O", "binary", "-j", ".text", code, raw], check=True)
        data = raw.read_bytes()
    return [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 8)]


def fill(path):
    lines = path.read_text().splitlines()
    numbers = [i for i, line in enumerate(lines) if "|" in line and not line.startswith("#") and "| =" not in line]
    rows = {i: [column.strip() for column in lines[i].split("|")] for i in numbers}
    for i, code in zip(numbers, assemble([rows[i][0] for i in numbers])):
        text, _, before, after = rows[i]
        short = code & 3 != 3
        digits = f"{code & 0xffff:04x}" if short else f"{code:08x}"
        lines[i] = f"{text:<28} | {digits} | {before} | {after}".rstrip()
    path.write_text("\n".join(lines) + "\n")


for name in sys.argv[1:]:
    fill(pathlib.Path(name))
