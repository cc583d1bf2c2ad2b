#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU seconds of the same programs on a simulated x86-64 CPU, in QEMU's TCG and in Unicorn, one after the other.

    sim-x86_64.py --run AXVCPU_RUN --guest GUEST.c [--unicorn PROGRAM] [--writers] [--backend NAME] [--scale FACTOR] [--json FILE] [WORKLOAD]...

Run by meson benchmark. Method. Each workload of the guest is compiled once, by the host's gcc -O2 for x86-64 of the first
generation (SSE2), into an ELF file, and all three run that file: axvcpu-run and qemu-system-x86_64 -M microvm through its
PVH entry, Unicorn at its 64-bit entry, where there are no page tables to walk. They take turns, three rounds; of each
the best counts. What counts is CPU time, user and system, of the whole process (getrusage), less that of the same file
whose workload does nothing: start, loading, translation of the start-up code. The results must be the same everywhere,
and in all rounds of the guest; another one ends the benchmark with status 1.

With --writers the simulator takes a turn more, in an address space in which an engine of hardware writes (the layer
bench-writers says so, and writes nothing): it compares code each time that it is entered then. TCG and Unicorn are left out.

Instructions are those that the backend counts. Without gcc or the backend the benchmark is skipped (77); without QEMU or
Unicorn their columns are empty. FACTOR makes the workloads longer or shorter.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

# How often each is repeated.
WORKLOADS = {"crc": 8000, "sieve": 4000, "sha": 4000, "fib": 5000, "calls": 2500, "doubles": 2000, "random": 1000}
NOTHING = len(WORKLOADS)
TURNS = 3
EXIT_SKIP = 77

FLAGS = ["-O2", "-m64", "-march=x86-64", "-ffreestanding", "-nostdlib", "-static", "-fno-pic", "-no-pie", "-mno-red-zone",
         "-fno-stack-protector", "-fcf-protection=none", "-fno-math-errno", "-fno-tree-loop-distribute-patterns",
         "-fno-asynchronous-unwind-tables", "-Wl,-Ttext-segment=0x100000", "-Wl,--build-id=none", "-Wl,-z,noexecstack"]
QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-M", "microvm", "-m", "128", "-nodefaults", "-no-reboot", "-display", "none",
        "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
QEMU_STATUS = 1  # of a guest that ends with 0: twice the code and 1


class Failed(Exception):
    pass


def cpu_seconds_of(command, status):
    """CPU seconds, and what the two streams said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != status:
        raise Failed("%s ended with %d: %s" % (" ".join(map(str, command)), done.returncode, done.stderr.strip()))
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, done.stdout.strip(), done.stderr


class Engine:
    """One way to run the guest; instructions are known after a run where it counts them."""

    def __init__(self, name, command, status=0, counts=False):
        self.name, self.command, self.status, self.counts = name, command, status, counts
        self.instructions = None
        self.idle = 0.0

    def run(self, elf):
        seconds, result, said = cpu_seconds_of([*self.command, elf], self.status)
        if self.counts:
            self.instructions = json.loads(said).get("instructions")
        return seconds, result

    def measure_idle(self, elf):
        self.idle = min(self.run(elf)[0] for _ in range(TURNS))


def build(folder, source, name, number, rounds):
    elf = folder / (name + ".elf")
    subprocess.run(["gcc", *FLAGS, "-DWORKLOAD=%d" % number, "-DROUNDS=%d" % rounds, source, "-o", elf], check=True)
    return elf


def engines(options):
    simulator = [options.run, "--backend", options.backend, "--stats", "--json"]
    found = [Engine(options.backend, simulator, counts=True)]
    if options.writers:
        return [*found, Engine("writers", [*simulator, "--layer", "bench-writers"])]
    if shutil.which(QEMU[0]):
        found.append(Engine("tcg", [*QEMU, "-kernel"], QEMU_STATUS))
    if options.unicorn:
        found.append(Engine("unicorn", [options.unicorn]))
    return found


def measure(elf, found):
    """A row of the table: the best time of each, all having had the same result."""
    best, results = {}, set()
    for _ in range(TURNS):
        for engine in found:
            seconds, result = engine.run(elf)
            results.add(result)
            best[engine.name] = min(best.get(engine.name, seconds), seconds)
    if len(results) != 1:
        raise Failed("%s has different results: %s" % (elf, ", ".join(sorted(results))))
    seconds = {engine.name: max(best[engine.name] - engine.idle, 1e-3) for engine in found}
    row = {"workload": elf.stem, "result": results.pop(), "instructions": found[0].instructions, "seconds": seconds}
    row["ratio"] = {name: time / seconds[found[0].name] for name, time in seconds.items() if name != found[0].name}
    return row


def head(found):
    text = "%-8s %-9s %13s" % ("", "result", "instructions")
    for engine in found:
        text += " %*s %6s" % (max(len(engine.name), 9), engine.name + ", s", "MIPS")
    for engine in found[1:]:
        text += "  to %-7s" % engine.name
    return text


def line(row, found):
    count = row["instructions"]
    text = "%-8s %-9s %13s" % (row["workload"], row["result"], count or "")
    for engine in found:
        seconds = row["seconds"][engine.name]
        text += " %*.3f %6s" % (max(len(engine.name) + 3, 9), seconds, "%.0f" % (count / seconds / 1e6) if count else "")
    for engine in found[1:]:
        text += "  %-10.2f" % row["ratio"][engine.name]
    return text


def run(options):
    found = engines(options)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        nothing = build(folder, options.guest, "nothing", NOTHING, 1)
        for engine in found:
            engine.measure_idle(nothing)
        print(head(found), flush=True)
        rows = []
        for number, (workload, rounds) in enumerate(WORKLOADS.items()):
            if options.workload and workload not in options.workload:
                continue
            elf = build(folder, options.guest, workload, number, max(1, int(rounds * options.scale)))
            rows.append(measure(elf, found))
            print(line(rows[-1], found), flush=True)
    if options.json:
        document = {"idle_seconds": {engine.name: engine.idle for engine in found}, "workloads": rows}
        pathlib.Path(options.json).write_text(json.dumps(document, indent=2) + "\n", encoding="ascii")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--unicorn")
    parser.add_argument("--writers", action="store_true")
    parser.add_argument("--backend", default="sim-x86_64")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--json")
    parser.add_argument("workload", nargs="*", help="all, or some of: " + " ".join(WORKLOADS))
    options = parser.parse_args()
    for workload in options.workload:
        if workload not in WORKLOADS:
            parser.error("there is no workload %s" % workload)
    if not shutil.which("gcc") or os.uname().machine != "x86_64":
        print("skipped: the guest is compiled by the gcc of an x86_64 host")
        return EXIT_SKIP
    if subprocess.run([options.run, "--inspect", options.backend], check=False, stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode:
        print("skipped: there is no backend %s" % options.backend)
        return EXIT_SKIP
    try:
        run(options)
    except Failed as why:
        print("FAILED: %s" % why)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
