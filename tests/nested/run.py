#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs programs on a machine that has /dev/kvm, whether or not this one has: see machine.py. Each is a test of its own, in TAP.

    run.py --build BUILD_DIR --init INIT [--again] [--parallel] [--silence SECONDS] [--smp N] [--memory MIB] [--cpu MODEL]
           [--file PATH]... [TEST]...

TEST is: --- NAME SECONDS [VARIABLE=VALUE]... PROGRAM [ARGUMENT]...

INIT is the built init.c. A program comes with its libraries, and finds itself, every argument that is a file, and every --file (a file, or a folder
with all that is in it) at the path that it has here. Arguments and variables may name guests: @vmlinuz@, @vmlinux@, @initramfs@, @busybox@.
A test passes with status 0 and is skipped with 77; it has so many seconds. Without QEMU or a kernel all are skipped. What has not ended when the
machine itself hangs is repeated on another one, and on a third. With --again so is what has not ended when the machine resets itself, and, once, what
failed, as a machine that is about to hang, or one that gets too little of the host's time, makes tests fail: then all outputs are shown.
"""

import argparse
import math
import re
import signal
import sys

import machine
import pack

SKIPPED = 77
BOOT_PATIENCE = 120
# How long a machine may be silent that works: it tells every few seconds that it is alive, but when it ends what a test has left behind.
SILENCE = 60
MACHINES_MAX = 3
KEPT_OUTPUT = 65536
SEPARATOR = "---"


class Test:
    """One test, and how it ended."""

    def __init__(self, name, limit, variables, command):
        self.name, self.limit, self.variables, self.command = name, limit, variables, command
        self.number = None
        self.skip = ""
        self.failure = "it was not run"
        self.output = b""
        self.milliseconds = None
        self.has_ended = False

    def ended(self, how, value, milliseconds):
        self.has_ended = True
        self.milliseconds = int(milliseconds)
        self.skip, self.failure = "", ""
        if (how, value) == ("exited", str(SKIPPED)):
            self.skip = last_line(self.output) or "it says that it cannot be run"
        elif how == "timeout":
            self.failure = "it did not end in %s s" % value
        elif how == "signaled":
            self.failure = "it was ended by %s" % signal_name(int(value))
        elif value != "0":
            self.failure = "its status is %s" % value


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number


def printable(data):
    """Text for TAP: lines without what would move a terminal's cursor."""
    text = data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[^\n\t -~\u00a1-\uffff]", "?", text).rstrip("\n")


def last_line(data):
    return printable(data).rpartition("\n")[2]


def say(line):
    print(line, flush=True)


def comment(title, data):
    """A diagnostic: TAP takes lines that begin with # as such."""
    if data:
        say("# --- " + title)
        for line in printable(data).split("\n"):
            say("# " + line)


def print_result(index, test):
    comment("%s, output" % test.name, test.output)
    if test.failure:
        comment("%s failed" % test.name, test.failure.encode())
    if test.milliseconds is not None:
        say("# --- %s took %.1f s" % (test.name, test.milliseconds / 1000))
    directive = " # SKIP " + test.skip if test.skip else ""
    say("%sok %d - %s%s" % ("not " if test.failure else "", index, test.name, directive))


class Run:
    """The tests of one boot."""

    def __init__(self, chosen, tests):
        self.chosen, self.tests = chosen, tests
        self.reported = 0
        self.holds = chosen.again

    def pack(self, guests):
        packed = pack.Pack(guests)
        packed.add_init(self.chosen.init)
        packed.add_modules()
        for path in self.chosen.file:
            packed.add(path)
        for test in self.tests:
            try:
                test.number = packed.add_test(test)
            except pack.Missing as missing:
                test.skip, test.failure = str(missing).replace("\n", " "), ""
            except pack.Broken as broken:
                test.failure = str(broken)
        return packed

    def pack_again(self, guests, again):
        """These tests alone, as if they had not been run."""
        whole = self.tests
        for test in whole:
            test.number = None
        for test in again:
            test.output, test.has_ended = b"", False
        try:
            self.tests = again
            return self.pack(guests)
        finally:
            self.tests = whole

    def report_up_to(self, last=math.inf):
        """Results come in the order of the tests, those that were never started among them; a failure that may be another's waits."""
        for test in self.tests[self.reported:]:
            if (test.number is not None and test.number > last) or (self.holds and test.failure):
                break
            self.reported += 1
            print_result(self.reported, test)

    def follow(self, booted, by_number):
        """Reads reports until the machine says bye."""
        patience = BOOT_PATIENCE
        while True:
            words, data = booted.report(patience)
            patience = self.chosen.silence
            if words == ["alive"]:
                continue
            if words == ["bye"]:
                return
            test = by_number[int(words[1])]
            if words[0] == "begin":
                test.failure = "the machine did not report its end"
            elif words[0] == "output":
                test.output = (test.output + data)[-KEPT_OUTPUT:]
            elif words[0] == "end":
                test.ended(words[2], words[3], words[5])
                self.report_up_to(test.number)

    def boot(self, kernel, packed):
        """Returns whether what has not ended is worth another try: the machine itself broke down."""
        by_number = {test.number: test for test in self.tests if test.number is not None}
        with machine.Machine(kernel, packed, self.chosen.smp, self.chosen.memory, self.chosen.cpu,
                             self.chosen.parallel) as booted:
            try:
                self.follow(booted, by_number)
            except machine.Failed as failed:
                comment("the machine failed", str(failed).encode())
                comment("its console", booted.console_text()[-KEPT_OUTPUT:])
                return self.chosen.again or isinstance(failed, machine.LockedUp)
        return False

    def to_repeat(self, hung):
        rest = [test for test in self.tests[self.reported:] if test.failure]
        if self.holds:
            return rest
        return [test for test in rest if not test.has_ended] if hung else []

    def repeat(self, kernel, guests, tests):
        for test in tests:
            comment("%s: %s; its output so far" % (test.name, test.failure), test.output)
        say("# --- the machine is booted once more, for %s" % ", ".join(test.name for test in tests))
        self.holds = False
        return self.boot(kernel, self.pack_again(guests, tests))

    def run(self):
        """False when a test failed."""
        guests = pack.Guests(self.chosen.build)
        kernel = guests.linux("vmlinux")
        packed = self.pack(guests)
        say("1..%d" % len(self.tests))
        if packed.tests:
            again = self.to_repeat(self.boot(kernel, packed))
            for _ in range(1, MACHINES_MAX):
                if again:
                    again = self.to_repeat(self.repeat(kernel, guests, again))
        self.holds = False
        self.report_up_to()
        return not any(test.failure for test in self.tests)


def skip_all(why):
    say("1..0 # SKIP " + why.replace("\n", " "))


def parse_test(words):
    if len(words) < 3 or not words[1].isdigit():
        sys.exit("run.py: a test is NAME SECONDS [VARIABLE=VALUE]... PROGRAM [ARGUMENT]..., not: %s" % " ".join(words))
    name, limit, *rest = words
    count = 0
    while count < len(rest) and re.match(r"[A-Za-z_][A-Za-z0-9_]*=", rest[count]):
        count += 1
    if count == len(rest):
        sys.exit("run.py: the test %s has no program" % name)
    return Test(name, int(limit), rest[:count], rest[count:])


def parse(words):
    parts = [[]]
    for word in words:
        if word == SEPARATOR:
            parts.append([])
        else:
            parts[-1].append(word)
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--init", required=True)
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--memory", type=int, default=2048)
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--parallel", action="store_true")
    parser.add_argument("--silence", type=int, default=SILENCE)
    parser.add_argument("--file", action="append", default=[])
    return parser.parse_args(parts[0]), [parse_test(part) for part in parts[1:]]


def main():
    chosen, tests = parse(sys.argv[1:])
    # A machine must not go on when this is ended: an exception closes it.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    if not machine.is_there():
        skip_all("there is no %s: install qemu-system-x86" % machine.QEMU)
        return 0
    try:
        return 0 if Run(chosen, tests).run() else 1
    except pack.Missing as missing:
        skip_all(str(missing))
        return 0
    except pack.Broken as broken:
        say("Bail out! %s" % broken)
        return 1


if __name__ == "__main__":
    sys.exit(main())
