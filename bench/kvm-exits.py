#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an exit of a real KVM guest costs: a bare loop around KVM_RUN, axvcpu_run, and the board of axvcpu-run.

    kvm-exits.py KVM_EXITS AXVCPU_RUN PLUGIN        run by meson benchmark

Method. Guests of real-mode code do nothing but exits: 64 in a row, then a step of a counter, EXITS in all. kvm-exits runs the
same guest through both loops in turn, ROUNDS times in one process; the best time of each counts, and the median of the rounds'
ratios. For the board the guest runs in axvcpu-run, and --stats tells its time; the best of five. The start is the time of a whole
axvcpu-run, from its start to its end, whose guest's first instruction powers off: the best of 20, beside that of a shell's `true`.
Without a usable /dev/kvm the benchmark is skipped (77).
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

EXITS = 64 * 500
ROUNDS = 15
SKIPPED = 77
IN_A_ROW = 64
ENTRY, BOARD_ENTRY = 0x1000, 0x8000

POWER_OFF = "mov $0x604, %dx; mov $0x2000, %ax; outw %ax, %dx"
# An interrupt's handler that returns, for the vector that kvm-exits injects.
HANDLER = "xor %ax, %ax; mov %ax, %ds; mov %ax, %ss; mov $0x7000, %sp; movw $handler, 0x80; movw $0, 0x82; sti; jmp 1f; handler: iret; 1:"
# Flat 32-bit code, whatever segment it began in: the board's memory ends where real mode's does.
PROTECTED = """
    cli; lgdtl %cs:table; mov %cr0, %eax; or $1, %al; mov %eax, %cr0; ljmpl $8, $flat
    .balign 8; gdt: .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff; table: .word 23; .long gdt
    .code32; flat: mov $16, %eax; mov %eax, %ds"""


def loop(before, once):
    """Code that does `once` EXITS times."""
    return "%s; mov $%d, %%ecx; 2: .rept %d; %s; .endr; dec %%ecx; jnz 2b; %s" % (before, EXITS // IN_A_ROW, IN_A_ROW, once, POWER_OFF)


# kvm-exits has memory up to 0x80000, and starts at 0:0x1000.
GUESTS = {
    "PIO": loop("", "out %al, $0x80"),
    "MMIO": loop("mov $0xf000, %ax; mov %ax, %ds", "mov %al, 0"),
    "HLT": loop(HANDLER, "hlt"),
}
# The board's interrupts come from its APIC: a halt there is the guest's interrupt to itself, hlt, and the end of the interrupt.
APIC = """
    mov $0x1b, %ecx; rdmsr; or $0xc00, %eax; wrmsr; mov $0x80f, %ecx; xor %edx, %edx; mov $0x1ff, %eax; wrmsr
    xor %ax, %ax; mov %ax, %ds; mov %ax, %ss; mov $0x7000, %sp; movw $handler, 0x80; movw $0, 0x82; jmp 1f
    handler: mov $0x80b, %ecx; xor %eax, %eax; wrmsr; iret
    send: cli; mov $0x83f, %ecx; mov $0x20, %eax; wrmsr; sti; hlt; ret
    1:"""
BOARD_GUESTS = {
    "PIO": loop("", "out %al, $0x80"),
    "MMIO": loop(PROTECTED, "mov %al, 0xfed00000"),
    "HLT": loop(APIC, "push %ecx; call send; pop %ecx"),
}


def assemble(folder, name, text, address):
    source, linked, path = (folder / (name + suffix) for suffix in (".s", ".elf", ".bin"))
    source.write_text(".code16\n.globl start\nstart:\n%s\n" % text)
    subprocess.run(["as", "--32", source, "-o", folder / "object"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-e", "start", "-Ttext", hex(address), folder / "object", "-o", linked], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", linked, path], check=True)
    return path


def compare(program, guest):
    done = subprocess.run([program, guest, str(ROUNDS)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr.strip())
        sys.exit(SKIPPED if done.returncode == SKIPPED else 1)
    rows = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    exits = rows[0][2]
    return (min(row[0] for row in rows) / exits, min(row[1] for row in rows) / exits,
            statistics.median(row[1] / row[0] for row in rows))


def board(program, guest):
    best = None
    for _ in range(5):
        done = subprocess.run([program, "--backend", "kvm", "--arch", "x86_64", "--stats", "--json", "--timeout", "120", guest],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit("kvm-exits: axvcpu-run: %s" % done.stderr)
        stats = json.loads(done.stderr)
        each = stats["seconds"] * 1e9 / EXITS
        best = each if best is None else min(best, each)
    return best


def whole(command):
    best = None
    for _ in range(20):
        begin = time.monotonic()
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        took = time.monotonic() - begin
        best = took if best is None else min(best, took)
    return 1000 * best


def main():
    program, axvcpu_run, plugin = sys.argv[1:]
    os.environ["AXVCPU_PLUGIN_PATH"] = str(pathlib.Path(plugin).resolve().parent)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        print("ns per round trip   bare loop  axvcpu_run     ratio     board")
        for kind, text in GUESTS.items():
            bare, library, ratio = compare(program, assemble(folder, kind, text, ENTRY))
            line = "%-19s %9.0f %11.0f %9.3f" % (kind, bare, library, ratio)
            if kind in BOARD_GUESTS:
                line += " %9.0f" % board(axvcpu_run, assemble(folder, "board-" + kind, BOARD_GUESTS[kind], BOARD_ENTRY))
            print(line, flush=True)
        off = assemble(folder, "off", POWER_OFF, BOARD_ENTRY)
        print("start to end of a guest that powers off at once: %.1f ms; of `true`: %.1f ms" %
              (whole([axvcpu_run, "--backend", "kvm", "--arch", "x86_64", off]), whole(["true"])))


if __name__ == "__main__":
    main()
