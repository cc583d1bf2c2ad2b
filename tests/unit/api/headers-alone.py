#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each public header by itself, as C11 and as C++17, under strict warnings.

usage: headers-alone.py INCLUDE-FOLDER C-COMPILER..."""
import pathlib
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wshadow", "-Wundef", "-Wconversion", "-Wno-overlength-strings"]
LANGUAGES = {
    "C11": ["-x", "c", "-std=c11", "-Wstrict-prototypes", "-Wmissing-prototypes"],
    "C++17": ["-x", "c++", "-std=c++17"],
}


def failures(compiler, include, header, language):
    source = f"#include <{header.relative_to(include)}>\n"
    command = [*compiler, *LANGUAGES[language], *WARNINGS, "-fsyntax-only", f"-I{include}", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    if done.returncode:
        print(f"{header.relative_to(include)} as {language}:\n{done.stderr}")
    return done.returncode != 0


def has_cplusplus(compiler):
    done = subprocess.run([*compiler, "-x", "c++", "-fsyntax-only", "-"], input="int i;\n", capture_output=True, text=True)
    return done.returncode == 0


def main():
    include, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
    languages = list(LANGUAGES)
    if not has_cplusplus(compiler):
        print(f"C++17 is skipped: {compiler[-1]} has no C++ (Debian: apt-get install g++)")
        languages.remove("C++17")
    headers = sorted(include.rglob("*.h"))
    failed = sum(failures(compiler, include, header, language) for header in headers for language in languages)
    print(f"{len(headers)} headers in {' and '.join(languages)}: {failed} failed")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
