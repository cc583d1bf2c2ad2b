#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layer rescue: what the host's KVM cannot execute is executed by the simulator, instruction by instruction, with the right
result, and counted. A KVM of a processor has hardly anything to be rescued from: there the same guests end the same without.
"""

import json
import os
import unittest

import harness
import rescue_guests
import x86_64

ONE = "rescue=sim-x86_64,run=1,most=1"
MANY = "rescue=sim-x86_64,run=1,most=4096"


def unusable():
    """Why there are no guests on KVM here, or None."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return "/dev/kvm: " + error.strerror
    return None


def is_software():
    """Whether the host's KVM lacks what kernels need."""
    if unusable():
        return False
    with harness.tempfile.NamedTemporaryFile() as file:
        file.write(x86_64.assemble(rescue_guests.guest(["cmpxchg16b"])))
        file.flush()
        return harness.run("--backend", "kvm", "--timeout", "30", file.name).status != harness.OK


def needs_kvm(test):
    missing = unusable() or (None if x86_64.can_assemble() else "as and ld are needed")
    return unittest.skipIf(missing, "KVM guests cannot be tried here (%s)" % missing)(test)


class Case(harness.Case):

    def on_kvm(self, guest, *arguments):
        """(status, rescues, instructions rescued, text)"""
        path = self.file("guest", x86_64.assemble(guest))
        result = harness.run("--backend", "kvm", "--mem", "64M", "--timeout", "30", "--stats", "--json", *arguments, path)
        stats = json.loads(result.err[result.err.index("{"):result.err.rindex("}") + 1])
        return result.status, stats.get("rescues", 0), stats.get("rescued_instructions", 0), result


@needs_kvm
class Pieces(Case):

    def test_each(self):
        for name, (most, _) in rescue_guests.PIECES.items():
            with self.subTest(name):
                guest = rescue_guests.guest([name])
                alone, none, _, result = self.on_kvm(guest)
                self.assertIn(alone, (harness.OK, harness.ENGINE), result)
                self.assertEqual(none, 0, result)
                status, rescues, _, result = self.on_kvm(guest, "--layer", ONE)
                self.assertEqual(status, harness.OK, result)
                if alone == harness.OK:
                    self.assertEqual(rescues, 0, result)
                else:
                    self.assertIn(rescues, range(1, most + 1), result)

    def test_one_after_the_other(self):
        names = list(rescue_guests.PIECES)
        each = sum(self.on_kvm(rescue_guests.guest([name]), "--layer", ONE)[1] for name in names)
        status, rescues, instructions, result = self.on_kvm(rescue_guests.guest(names), "--layer", ONE)
        self.assertEqual((status, rescues), (harness.OK, each), result)
        self.assertIn(instructions - rescues, range(0, 2), result)  # the one that faulted: its handler's first
        self.assertEqual(self.on_kvm(rescue_guests.guest(names), "--layer", MANY)[0], harness.OK)


# It ends after 100 interrupts of a timer, while popcnt is executed all the time.
BUSY = x86_64.GUESTS["pit"].replace("1:\thlt\n\tcmpl\t$101", "1:\tpopcnt %ax, %bx\n\tcmpl\t$101")
ENDLESS = (64, "1: popcnt %eax, %ebx; jmp 1b")


@needs_kvm
class Around(Case):

    def test_interrupts_are_taken(self):
        for layer in (ONE, MANY, "rescue=sim-x86_64,run=1000"):
            with self.subTest(layer):
                status, rescues, _, result = self.on_kvm(BUSY, "--layer", layer)
                self.assertEqual(status, harness.OK, result)
                self.assertEqual(bool(rescues), is_software(), result)

    def test_it_can_be_ended(self):
        for layer in (ONE, MANY, "rescue=sim-x86_64,run=1000000"):
            with self.subTest(layer):
                path = self.file("guest", x86_64.assemble(ENDLESS))
                result = harness.run("--backend", "kvm", "--layer", layer, "--timeout", "0.5", path)
                self.assertEqual(result.status, harness.TIMEOUT, result)
                self.assertLess(result.seconds, 20, result)

    def test_what_follows_closely_is_rescued_together(self):
        if not is_software():
            self.skipTest("this KVM executes popcnt in ring 0: nothing is rescued")
        loop = (64, "mov $20000, %ecx; 1: popcnt %ecx, %eax; dec %ecx; jnz 1b; end 0")
        status, rescues, instructions, result = self.on_kvm(loop, "--layer", MANY)
        self.assertEqual(status, harness.OK, result)
        self.assertLess(rescues, 10000, result)
        self.assertGreater(instructions, 2 * rescues, result)

    def test_statistics_as_a_table(self):
        if not is_software():
            self.skipTest("this KVM executes popcnt in ring 0: nothing is rescued")
        path = self.file("guest", x86_64.assemble(rescue_guests.guest(["popcnt"])))
        result = harness.run("--backend", "kvm", "--layer", ONE, "--stats", path)
        self.assertRegex(result.err, r"(?m)^rescues +1$")
        self.assertRegex(result.err, r"(?m)^instructions of rescues +1$")

    def test_each_kind_is_told_once(self):
        if not is_software():
            self.skipTest("this KVM executes popcnt in ring 0: nothing is rescued")
        path = self.file("guest", x86_64.assemble((64, "popcnt %eax, %ebx; popcnt %ecx, %edx; lar %ecx, %eax; end 0")))
        result = harness.run("--backend", "kvm", "--layer", ONE, path, env={"AXVCPU_DEBUG": "plugin"})
        self.assertEqual((result.err.count(": popcnt "), result.err.count(": lar ")), (1, 1), result)


class Options(Case):

    def test_what_is_wrong_is_told(self):
        for options, says in (("rescue", "rescue=sim-x86_64"), ("rescue=nothing-like-it", "nothing-like-it"),
                              ("rescue=sim-x86_64,run=0", "run=0"), ("rescue=sim-x86_64,run=4,most=2", "most=2"),
                              ("rescue=sim-x86_64,often", "often"), ("rescue=sim-riscv64", "riscv64")):
            with self.subTest(options):
                path = self.file("guest", b"\xf4")
                result = harness.run("--backend", "sim-x86_64", "--layer", options, path)
                self.assertNotEqual(result.status, harness.OK, result)
                self.assertIn(says, result.err)


if __name__ == "__main__":
    unittest.main()
