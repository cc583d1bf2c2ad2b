#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the decoder of riscv64 from rows of encodings.

    generate.py OUT.h FILE.rows...

The grammar of a row is told in base.rows and compressed.rows. Two rows that one encoding fits, a row of a wrong width
and an expansion of an unknown instruction are errors that name the file and the line. OUT.h holds the list of
instructions as an X-macro, and the function that finds the row of an encoding and takes its operands apart.
"""

import itertools
import re
import sys

WIDTHS = {"rd": 5, "rs1": 5, "rs2": 5, "rs1/rd": 5, "rd'": 3, "rs1'": 3, "rs2'": 3, "rs1'/rd'": 3,
          "aq": 1, "rl": 1, "fm": 4, "pred": 4, "succ": 4, "csr": 12, "uimm": 5}
IMMEDIATES = {"imm", "uimm", "shamt", "nzimm", "nzuimm"}
SIGNED = {"imm", "nzimm"}
# Where the operands of a 32-bit instruction go in an op.
SLOTS = {"rd": "rd", "rs1": "rs1", "rs2": "rs2", "uimm": "rs1", "csr": "imm"}


class RowError(Exception):
    pass


class Row:
    """One instruction: fixed bits, and fields as lists of (bit of the value, bit of the encoding)."""

    def __init__(self, place, text):
        columns = self.rejoin(text)
        words = columns[0].split()
        self.place, self.name = place, words[0]
        self.operands = columns[1] if len(columns) > 1 else ""
        self.tail = columns[2] if len(columns) > 2 else ""
        self.mask = self.value = 0
        self.fields, self.excluded = {}, {}
        sizes = [self.size(word) for word in words[1:]]
        self.width = sum(sizes)
        if self.width not in (16, 32):
            raise RowError(f"{place}: {self.name} has {self.width} bits, not 16 or 32")
        at = self.width
        for word, size in zip(words[1:], sizes):
            at -= size
            self.add(word, at, size)

    @staticmethod
    def rejoin(text):
        """Splits at the bars that stand alone: those inside of [] belong to immediates."""
        return [column.strip() for column in re.split(r"(?:^|\s)\|(?=\s|$)", text)]

    def size(self, word):
        if set(word) <= {"0", "1"}:
            return len(word)
        if "[" in word:
            return len(self.bits(word))
        name = word.split("!=")[0]
        if name not in WIDTHS:
            raise RowError(f"{self.place}: {self.name}: no such field: {word}")
        return WIDTHS[name]

    @staticmethod
    def bits(word):
        """imm[10:8|3] holds the bits 10, 9, 8, 3 of its value."""
        result = []
        for part in word[word.index("[") + 1:word.index("]")].split("|"):
            high, _, low = part.partition(":")
            result += range(int(high), int(low or high) - 1, -1)
        return result

    def add(self, word, at, size):
        if set(word) <= {"0", "1"}:
            self.mask |= ((1 << size) - 1) << at
            self.value |= int(word, 2) << at
            return
        name, _, excluded = word.partition("!=")
        bits = range(size - 1, -1, -1)
        if "[" in name:
            bits = self.bits(name)
            name = name[:name.index("[")]
            if name not in IMMEDIATES:
                raise RowError(f"{self.place}: {self.name}: no such immediate: {word}")
            name = name + "[]"
        self.fields.setdefault(name, []).extend((bit, at + size - 1 - i) for i, bit in enumerate(bits))
        if excluded:
            self.excluded[name] = [int(value) for value in excluded.strip("{}").split(",")]
        if name.startswith("nz"):
            self.excluded[name] = [0]

    def fits(self, code):
        return code & self.mask == self.value and all(
            sum((code >> source & 1) << bit for bit, source in self.fields[name]) not in values
            for name, values in self.excluded.items())

    def constrained_bits(self):
        return {source for name in self.excluded for _, source in self.fields[name]}


def read_rows(paths):
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                text = line.split("#")[0].rstrip()
                if text:
                    rows.append(Row(f"{path}:{number}", text))
    return rows


def overlap(one, other):
    """An encoding that fits both rows, or None."""
    if one.width != other.width or (one.value ^ other.value) & one.mask & other.mask:
        return None
    fixed = one.value | other.value
    constrained = one.constrained_bits() | other.constrained_bits()
    free = sorted(bit for bit in constrained if not (one.mask | other.mask) >> bit & 1)
    for choice in itertools.product((0, 1), repeat=len(free)):
        code = fixed | sum(value << bit for value, bit in zip(choice, free))
        if one.fits(code) and other.fits(code):
            return code
    return None


def check(rows):
    problems = []
    for one, other in itertools.combinations(rows, 2):
        if one.name == other.name:
            problems.append(f"{other.place}: {other.name} is also at {one.place}")
        code = overlap(one, other)
        if code is not None:
            problems.append(f"{other.place}: {other.name} overlaps {one.name} of {one.place}: "
                            f"0x{code:0{other.width // 4}x} fits both")
    if problems:
        raise RowError("\n".join(problems))


def identifier(name):
    return name.replace(".", "_")


def runs(field):
    """Neighbouring bits that move by the same distance, as (lowest source bit, count, lowest bit of the value)."""
    result = []
    for bit, source in sorted(field):
        if result and result[-1][2] + result[-1][1] == bit and result[-1][0] + result[-1][1] == source:
            result[-1][1] += 1
        else:
            result.append([source, 1, bit])
    return result


def gather(field):
    """The C text that puts a field's bits in their places."""
    return " | ".join(f"(insn >> {source} & {hex((1 << count) - 1)}) << {bit}" for source, count, bit in runs(field))


def extract(row, name):
    field = row.fields[name]
    text = gather(field)
    top = max(bit for bit, _ in field)
    if name.rstrip("[]") in SIGNED and name.endswith("[]"):
        return f"(int32_t)(({text}) << {31 - top}) >> {31 - top}" if top < 31 else f"(int32_t)({text})"
    if name.endswith("'"):
        return f"8 + ({text})"
    return text


def operand(row, source):
    """The C text of what an expansion's operand takes: a fixed register, or a field."""
    if re.fullmatch(r"x\d+", source):
        return source[1:]
    name = source if source in row.fields else source + "[]"
    if name not in row.fields:
        raise RowError(f"{row.place}: {row.name} has no field {source}")
    return extract(row, name)


def assignments(row, known):
    """The executor's name, and which member of the op gets what."""
    if row.width == 32:
        result = {SLOTS[name]: extract(row, name) for name in row.fields if name in SLOTS}
        result.update({"imm": extract(row, name) for name in row.fields if name.endswith("[]")})
        return row.name, result
    words = row.tail.split()
    if not words or words[0] not in known:
        raise RowError(f"{row.place}: {row.name} stands for an unknown instruction: {row.tail}")
    pairs = (word.split("=", 1) for word in words[1:])
    return words[0], {slot: operand(row, source) for slot, source in pairs}


def leaf(row, known, indent):
    tests = [f"(insn & {row.mask:#x}) == {row.value:#x}"]
    for name, values in row.excluded.items():
        text = gather(row.fields[name])
        tests += [f"({text}) != {value}" for value in values]
    lines = [f"{indent}if ({' && '.join(tests)}) {{"]
    for slot, text in sorted(assignments(row, known)[1].items()):
        cast = "(int32_t)" if slot == "imm" else "(uint8_t)"
        lines.append(f"{indent}\top->{slot} = {cast}({text});")
    return lines + [f"{indent}\treturn RV_{identifier(row.name).upper()};", f"{indent}}}"]


def tree(rows, known, seen=0, indent="\t"):
    """Nested switches over the bits that all remaining rows fix."""
    common = ~seen
    for row in rows:
        common &= row.mask
    if len(rows) == 1 or not common:
        return [line for row in rows for line in leaf(row, known, indent)] + [f"{indent}return RV_ILLEGAL;"]
    lines = [f"{indent}switch (insn & {common:#x}) {{"]
    for value in sorted({row.value & common for row in rows}):
        lines.append(f"{indent}case {value:#x}:")
        lines += tree([row for row in rows if row.value & common == value], known, seen | common, indent + "\t")
    return lines + [f"{indent}}}", f"{indent}return RV_ILLEGAL;"]


def decoder(rows, width, known):
    name = f"rv_decode{width}"
    return [f"/* The row that an encoding of {width} bits fits, and its operands. */",
            f"static unsigned {name}(uint32_t insn, struct sim_op *op)", "{"] + tree(
                [row for row in rows if row.width == width], known) + ["}", ""]


def instruction(row, known, ends):
    executor = assignments(row, known)[0]
    names = f"{identifier(row.name)}, {identifier(executor)}"
    texts = f'"{row.name}", "{row.operands}"'
    return f"\tINSTRUCTION({names}, {int(executor in ends)}, {texts}, {row.mask:#x}, {row.value:#x}) \\"


def generate(rows):
    known = {row.name for row in rows if row.width == 32}
    ends = {row.name for row in rows if row.width == 32 and row.tail == "ends"}
    lines = ["/* Made by generate.py from the rows of encodings: do not edit. */", "",
             "/* INSTRUCTION(name, executor, ends its block, \"spelling\", \"operands\", fixed bits, their values) */",
             "#define RV_INSTRUCTIONS(INSTRUCTION) \\"]
    lines += [instruction(row, known, ends) for row in rows]
    lines += ["", "enum {"] + [f"\tRV_{identifier(row.name).upper()}," for row in rows] + ["\tRV_ILLEGAL", "};", "",
              "/* One row per executor. */", "#define RV_EXECUTORS(EXECUTOR) \\"]
    lines += [f"\tEXECUTOR({identifier(name)}) \\" for name in sorted(known)]
    lines += ["", "#ifdef RV_WANT_DECODER"]
    for width in sorted({row.width for row in rows}):
        lines += decoder(rows, width, known)
    return lines + ["#endif", ""]


def main(arguments):
    try:
        rows = read_rows(arguments[2:])
        check(rows)
        text = "\n".join(generate(rows))
    except RowError as error:
        sys.exit(str(error))
    with open(arguments[1], "w", encoding="utf-8") as out:
        out.write(text)


if __name__ == "__main__":
    main(sys.argv)
