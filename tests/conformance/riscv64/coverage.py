#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every instruction of a decoder's rows (NAME.rows) must be executed by a row of the conformance suite (NAME.test).

Exit status: 0 all are, 1 some are not.
"""

import pathlib
import sys


def lines_of(path):
    lines = (line.strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def decoded(path):
    """The first word of a decoder's row is the instruction's name."""
    return {line.split()[0] for line in lines_of(path)}


def mnemonics(path):
    """The instructions of rows that do not expect them to be illegal; .aq and .rl are no names of their own."""
    for line in lines_of(path):
        columns = line.split("|")
        if "trap=2" in columns[4]:
            continue
        for instruction in columns[1].split(";"):
            yield instruction.split()[0].removesuffix(".aqrl").removesuffix(".aq").removesuffix(".rl")


def main(names):
    paths = [pathlib.Path(name) for name in names]
    known = set().union(*(decoded(path) for path in paths if path.suffix == ".rows"))
    tested = {name for path in paths if path.suffix == ".test" for name in mnemonics(path)}
    for name in sorted(known - tested):
        print(f"{name}: the engine decodes it, but no row executes it")
    print(f"{len(known & tested)} of {len(known)} instructions have rows")
    return 1 if known - tested or not known else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
