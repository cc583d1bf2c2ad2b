#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Million guest instructions per CPU second of sim-riscv64, and of QEMU's TCG beside it.

    sim-riscv64.py SPEED PLUGIN GUEST.c        run by meson benchmark

Method. Each workload of the guest is compiled once with riscv64-linux-gnu-gcc -O2 for rv64imac and runs, from the same
binary, on both: on the plugin through the public API (CPU time of the thread in run), and on qemu-system-riscv64 -M virt
-bios none (CPU time of the process, less that of a guest that does nothing). Three runs each, alternating; the best
counts. The instructions are those that the plugin counted. Without a cross compiler the benchmark is skipped (77);
without QEMU its columns are empty.
"""

import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

WORKLOADS = [("crc", 1200), ("sieve", 1500), ("sha", 2000), ("fib", 2500), ("calls", 1500), ("random", 1500),
             ("list", 6000)]
GCC = "riscv64-linux-gnu-gcc"
QEMU = "qemu-system-riscv64"
FLAGS = ["-O2", "-march=rv64imac_zicsr_zifencei", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-nostdlib",
         "-static", "-fno-pic", "-no-pie", "-Wl,-Ttext=0x80000000", "-Wl,--build-id=none", "-fno-tree-loop-distribute-patterns"]


def build(folder, source, number, rounds):
    elf, image = folder / f"{number}.elf", folder / f"{number}.bin"
    subprocess.run([GCC, *FLAGS, f"-DWORKLOAD={number}", f"-DROUNDS={rounds}", source, "-o", elf], check=True)
    subprocess.run(["riscv64-linux-gnu-objcopy", "-O", "binary", "-R", ".note*", elf, image], check=True)
    return elf, image


def run_plugin(speed, plugin, image):
    words = subprocess.run([speed, plugin, image], check=True, capture_output=True, text=True).stdout.split()
    return int(words[0]), float(words[1])


def run_qemu(elf):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([QEMU, "-M", "virt", "-m", "128", "-bios", "none", "-kernel", elf, "-display", "none",
                    "-serial", "none", "-monitor", "none"], check=True, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main(speed, plugin, source):
    if not shutil.which(GCC):
        print(f"skipped: no {GCC} here (Debian: gcc-riscv64-linux-gnu)")
        return 77
    has_qemu = shutil.which(QEMU) is not None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        idle = min(run_qemu(build(folder, source, len(WORKLOADS), 1)[0]) for _ in range(3)) if has_qemu else 0
        print(f"{'':8} {'instructions':>13} {'MIPS':>7} {'TCG MIPS':>9} {'ratio':>6}")
        for number, (workload, rounds) in enumerate(WORKLOADS):
            elf, image = build(folder, source, number, rounds)
            times, others = [], []
            for _ in range(3):
                instructions, seconds = run_plugin(speed, plugin, image)
                times.append(seconds)
                others += [max(run_qemu(elf) - idle, 1e-3)] if has_qemu else []
            mips = instructions / min(times) / 1e6
            text = f"{workload:8} {instructions:13} {mips:7.0f}"
            if has_qemu:
                tcg = instructions / min(others) / 1e6
                text += f" {tcg:9.0f} {mips / tcg:6.2f}"
            print(text, flush=True)
    return 0


sys.exit(main(*sys.argv[1:]))
