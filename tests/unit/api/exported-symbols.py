#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what libaxvcpu.so exports with what the public headers declare AXVCPU_API, both ways.

usage: exported-symbols.py LIBRARY INCLUDE-FOLDER. Exit 77: there is no nm here."""
import pathlib
import re
import shutil
import subprocess
import sys

# Comments and preprocessor lines may name functions too: only declarations count.
NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.S | re.M)
DECLARATION = re.compile(r"\bAXVCPU_API\b([^;{]*?)\b(\w+)\s*(?:\(|;)", re.S)


def declared(folder):
    names = set()
    for header in sorted(pathlib.Path(folder).rglob("*.h")):
        code = NOT_CODE.sub(" ", header.read_text())
        found = [match.group(2) for match in DECLARATION.finditer(code)]
        if len(found) != len(re.findall(r"\bAXVCPU_API\b", code)):
            sys.exit(f"{header}: an AXVCPU_API declaration was not understood")
        names.update(found)
    return names


def exported(library):
    listing = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=posix", library],
                             capture_output=True, text=True, check=True).stdout
    return {line.split()[0].split("@")[0] for line in listing.splitlines()}


def main():
    library, folder = sys.argv[1:]
    if not shutil.which("nm"):
        print("skipped, there is no nm (Debian: apt-get install binutils)")
        return 77
    api, symbols = declared(folder), exported(library)
    for name in sorted(api - symbols):
        print(f"{name} is declared AXVCPU_API, but the library does not export it")
    for name in sorted(symbols - api):
        print(f"{name} is exported, but no public header declares it")
    print(f"{len(api)} functions are declared, {len(symbols)} symbols are exported")
    return 1 if api != symbols or not api else 0


if __name__ == "__main__":
    sys.exit(main())
