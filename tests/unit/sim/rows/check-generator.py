#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each file of rows that is broken must be refused by the generator, for the reason in its first line.

    check-generator.py GENERATOR FILE.rows...
"""

import pathlib
import subprocess
import sys

failures = 0
for name in sys.argv[2:]:
    path = pathlib.Path(name)
    expected = path.read_text().splitlines()[0].removeprefix("# expect: ")
    result = subprocess.run([sys.executable, sys.argv[1], "/dev/null", path.name], cwd=path.parent,
                            capture_output=True, text=True)
    if result.returncode == 0 or expected not in result.stderr:
        failures += 1
        print(f"{name}: expected \"{expected}\", got {result.returncode} \"{result.stderr.strip()}\"")
sys.exit(failures != 0)
