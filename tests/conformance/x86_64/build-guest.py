#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Assembles a guest once for each processor mode, and writes the images and their labels as C.

The source sees a symbol with the mode's name (REAL, PROTECTED, LONG, USER) and includes common.inc, which has the rest. In C it is
`const struct guest_image guest_NAME[GUEST_MODES]` of guest.h; a mode that the source is not made for has no code.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

MODES = ["real", "protected", "long", "user"]


def run(*command):
    """What a tool prints. A tool that fails has said why."""
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE)
    if result.returncode:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {command[0]} failed")
    return result.stdout


def assemble(tools, source, mode, folder):
    """The image and {label: address}."""
    built, linked, image = (pathlib.Path(folder, name) for name in ("guest.o", "guest.elf", "guest.bin"))
    run(tools.as_, "--64", "--fatal-warnings", "--defsym", f"{mode.upper()}=1", "-I", source.parent, *(word for folder in tools.include for word in ("-I", folder.parent)), "-o", built, source)
    run(tools.ld, "-m", "elf_x86_64", "-e", "0", f"-Ttext={tools.address:#x}", "-o", linked, built)
    run(tools.objcopy, "-O", "binary", "-j", ".text", linked, image)
    symbols = (line.split() for line in run(tools.nm, linked).decode().splitlines())
    return image.read_bytes(), {name: int(value, 16) for value, kind, name in symbols if kind.lower() == "t"}


def c_text(name, mode, image, labels):
    """The code and the labels of a mode, and the row that names them."""
    prefix = f"{name}_{mode}"
    code = "".join(f"{'' if i % 16 else chr(10) + chr(9)}0x{byte:02x}, " for i, byte in enumerate(image))
    rows = "".join(f"\n\t{{ \"{label}\", 0x{address:x} }}," for label, address in sorted(labels.items()))
    yield f"static const unsigned char {prefix}_code[] = {{{code}\n}};\n"
    yield f"static const struct guest_label {prefix}_labels[] = {{{rows}\n}};\n"


def row(name, mode, labels):
    return f"\t[GUEST_{mode.upper()}] = {{ {name}_{mode}_code, sizeof({name}_{mode}_code), {name}_{mode}_labels, {len(labels)} }},\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for tool in ("as", "ld", "objcopy", "nm"):
        parser.add_argument(f"--{tool}", required=True, dest="as_" if tool == "as" else tool)
    parser.add_argument("--address", type=lambda text: int(text, 0), required=True)
    parser.add_argument("--include", type=pathlib.Path, action="append", default=[], help="a file whose folder is searched, too")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("modes", nargs="*", metavar="mode", help=", ".join(MODES) + "; all of them when none is given")
    tools = parser.parse_args()
    name = tools.source.stem.replace("-", "_")
    texts, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for mode in tools.modes or MODES:
            image, labels = assemble(tools, tools.source, mode, folder)
            texts += c_text(name, mode, image, labels)
            rows.append(row(name, mode, labels))
    tools.output.write_text(f"/* Made from {tools.source.name}. */\n#include \"guest.h\"\n\n" + "\n".join(texts) +
                            f"\nconst struct guest_image guest_{name}[GUEST_MODES] = {{\n{''.join(rows)}}};\n")


if __name__ == "__main__":
    main()
