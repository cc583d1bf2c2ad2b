#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a switch of engines costs, in nanoseconds and instructions. The method is in README.md.

usage: switch-cost.py PROGRAM SIM COPY [KVM], three plugins by path; COPY is a second copy of SIM. Exit 77: nothing could be measured."""
import statistics
import subprocess
import sys

import callgrind

ROUNDS = 9
COUNT = 500


def once(program, pair, run):
    command = [program, str(COUNT), *pair] + (["run"] if run else [])
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if answer.returncode == 77:
        return None, answer.stderr.strip()
    if answer.returncode:
        sys.exit(answer.stderr or f"switch-cost: {command} ended with {answer.returncode}")
    return [int(word) for word in answer.stdout.split()], ""


def measure(program, name, pair, run):
    times = []
    for _ in range(ROUNDS):
        time, why = once(program, pair, run)
        if time is None:
            print(f"{name}: skipped, {why}")
            return False
        times.append(time)
    there, back = (statistics.median(column) / 1000 for column in zip(*times))
    print(f"{name}{', with a run between' if run else ''}: {there:.1f} us there, {back:.1f} us back")
    return True


def instructions(program, pair):
    if not callgrind.is_here():
        print("instructions: skipped, there is no valgrind (Debian: apt-get install valgrind)")
        return
    count = callgrind.per_call(lambda count: [program, str(count), *pair])
    print(f"sim-x86_64 to a copy of itself: {count:.0f} instructions there and back")


def main():
    program, sim, copy, *kvm = sys.argv[1:]
    done = False
    for run in (False, True):
        done |= measure(program, "sim-x86_64 to a copy of itself", (sim, copy), run)
        if kvm:
            done |= measure(program, "kvm to sim-x86_64", (kvm[0], sim), run)
    if done:
        instructions(program, (sim, copy))
    return 0 if done else 77


if __name__ == "__main__":
    sys.exit(main())
