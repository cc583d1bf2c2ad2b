#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The x86_64 board without a CPU: the scripted backend gives exits, and the layer trace shows what the board answers."""

import os
import re

import harness


class Case(harness.Case):

    def exits(self, status, script, *arguments, says=()):
        """The run of a script; its result has the trace as `trace`."""
        image = self.file("image", b"\xf4")
        trace = os.path.join(self.folder, "trace")
        with open(os.path.join(self.folder, "script"), "w", encoding="ascii") as file:
            file.write(script)
        result = self.ends(status, image, "--arch", "x86_64", "--backend", "mock", "--set", "create.arch=x86_64", "--set",
                           "create.file=" + file.name, "--layer", "trace=" + trace, "--no-reboot", "--timeout", "20", *arguments, says=says)
        with open(trace, encoding="ascii") as file:
            result.trace = file.read()
        return result


class Ends(Case):

    def test_status(self):
        for script, status, says in (
                ("IoWrite port=0xf4 width=1 data=0", harness.OK, ""),
                ("IoWrite port=0xf4 width=1 data=7", 7, "failure 7"),
                ("IoWrite port=0xf4 width=4 data=62", 62, ""),
                ("IoWrite port=0xf4 width=4 data=63", harness.OTHER_CODE, "failure 63"),
                ("IoWrite port=0xf4 width=4 data=0x12345678", harness.OTHER_CODE, ""),
                ("IoWrite port=0x604 width=2 data=0x2000", harness.OK, ""),
                ("IoWrite port=0x604 width=2 data=0x2001", harness.OK, ""),
                ("IoWrite port=0x64 width=1 data=0xfe", harness.RESET, ""),
                ("IoWrite port=0x92 width=1 data=1", harness.RESET, ""),
                ("IoWrite port=0xcf9 width=1 data=6", harness.RESET, ""),
                ("SystemDown kind=0", harness.OK, ""),
                ("SystemDown kind=1", harness.RESET, ""),
                ("FailEntry hardware_entry_failure_reason=5", harness.ENGINE, ["cpu 0", "0x8000", "FailEntry"]),
                ("Debug kind=1", harness.ENGINE, ["cpu 0", "Debug"]),
                ("Hypercall nr=1; IoWrite port=0xf4 width=1 data=9", 9, "failure 9"),
                ("NestedPageFault addr=0xd0000000 access_flags=4", harness.STUCK, ["cpu 0", "0xd0000000"])):
            with self.subTest(script):
                self.exits(status, script, says=says)

    def test_serial_port(self):
        script = "; ".join("IoWrite port=0x3f8 width=1 data=%d" % byte for byte in b"text\n")
        self.assertEqual(self.exits(harness.OK, script + "; IoWrite port=0xf4 width=1").out, "text\n")


class Answers(Case):

    def answers(self, script, *expected):
        """The values of the script's reads, or "fault", in order."""
        trace = self.exits(harness.OK, script + "; IoWrite port=0xf4 width=1").trace
        found = [value or "fault" for value in re.findall(r"complete_read\(.*, value=(\w+)\) = 0|fail_access\(.*\) = 0", trace)]
        self.assertEqual(found, list(expected), trace)

    def test_nobody_there(self):
        self.answers("IoRead port=0xcf8 width=4; IoRead port=0x1f7 width=1; IoRead port=0x60 width=2;"
                     "MmioRead addr=0xd0000000 width=8 reg_width=8; MmioRead addr=0xfed00000 width=4 reg_width=4",
                     "0xffffffff", "0xff", "0xffff", "0xffffffffffffffff", "0xffffffff")

    def test_ports(self):
        self.answers("IoRead port=0x21 width=1; IoRead port=0xa1 width=1; IoRead port=0x92 width=1; IoRead port=0x604 width=2;"
                     "IoWrite port=0x70 width=1 data=0x0d; IoRead port=0x71 width=1; IoRead port=0x3fd width=1",
                     "0xff", "0xff", "0x2", "0x1", "0x80", "0x60")

    def test_interrupt_controllers(self):
        self.answers("MmioRead addr=0xfee00030 width=4 reg_width=4; MmioRead addr=0xfee00020 width=4 reg_width=4;"
                     "MmioRead addr=0xfee00350 width=4 reg_width=4; SysRegRead addr=0x1b;"
                     "MmioWrite addr=0xfec00000 width=4 data=1; MmioRead addr=0xfec00010 width=4 reg_width=4",
                     "0x50014", "0x0", "0x700", "0xfee00900", "0x170020")

    def test_x2apic(self):
        self.answers("SysRegRead addr=0x802; SysRegWrite addr=0x830 value=0x40; SysRegWrite addr=0x1b value=0xfee00d00;"
                     "SysRegRead addr=0x1b; SysRegRead addr=0x803; MmioRead addr=0xfee00030 width=4 reg_width=4;"
                     "SysRegWrite addr=0x802 value=1; SysRegRead addr=0x8ff; SysRegWrite addr=0x1b value=0xfee00900",
                     "fault", "fault", "0xfee00d00", "0x50014", "0xffffffff", "fault", "fault", "fault")

    def test_registers_that_are_not_the_board_s(self):
        self.answers("SysRegRead addr=0x10; SysRegWrite addr=0xc0000080 value=0; SysRegRead addr=0x1000000001b",
                     "fault", "fault", "fault")


class Interrupts(Case):

    def trace_of(self, script, *arguments, status=harness.OK):
        return self.exits(status, script + "; IoWrite port=0xf4 width=1", *arguments).trace

    def test_acknowledged_when_the_guest_can_take_one(self):
        """A self IPI of vector 0x55 raises the line; the window takes it and lowers the line."""
        trace = self.trace_of("MmioWrite addr=0xfee00300 width=4 data=0x40055; InterruptWindow; MmioRead addr=0xfee00120 width=4 "
                              "reg_width=4; Nothing")
        self.assertRegex(trace, r"set_interrupt_line\(line=0, level=1\)(?s:.)*InterruptWindow(?s:.)*inject_interrupt\(vector=(0x55|85)\)")
        self.assertRegex(trace, r"set_interrupt_line\(line=0, level=0\)")

    def test_held_back_by_the_task_priority(self):
        trace = self.trace_of("MmioWrite addr=0xfee00080 width=4 data=0x60; MmioWrite addr=0xfee00300 width=4 data=0x40055;"
                              "InterruptWindow; MmioRead addr=0xfee00080 width=4 reg_width=4; SysRegWrite addr=0x808 value=0x40; Nothing")
        self.assertNotIn("inject_interrupt", trace)
        self.assertRegex(trace, r"complete_read\(.*value=0x60\)")
        self.assertRegex(trace, r"addr=0x808(?s:.)*set_interrupt_line\(line=0, level=1\)")

    def test_task_priority_by_cr8(self):
        trace = self.trace_of("SysRegWrite addr=0x808 value=0x70; MmioRead addr=0xfee00080 width=4 reg_width=4")
        self.assertRegex(trace, r"complete_read\(.*value=0x70\)")

    def test_from_the_8259s(self):
        initialise = "".join("IoWrite port=%d width=1 data=%d;" % pair for pair in
                             ((0x20, 0x11), (0x21, 0x30), (0x21, 4), (0x21, 1), (0x21, 0)))
        trace = self.trace_of(initialise + "IoWrite port=0x43 width=1 data=0x30; IoWrite port=0x40 width=1 data=1; "
                              "IoWrite port=0x40 width=1 data=0;" + "IoWrite port=0x80 width=1;" * 2000 +
                              "IoRead port=0x40 width=1; InterruptWindow; Nothing")
        self.assertRegex(trace, r"inject_interrupt\(vector=(0x30|48)\)")


class Processors(Case):

    def test_init_and_start_up(self):
        """The first CPU starts the other, which resets the machine by an INIT of the first."""
        result = self.exits(harness.RESET, "MmioWrite addr=0xfee00300 width=4 data=0xc4500; "
                            "MmioWrite addr=0xfee00300 width=4 data=0xc4612; spin", "--smp", "2")
        self.assertRegex(result.trace, r"vcpu 1: set_entry\(entry=0x12000\)")
        self.assertNotRegex(result.trace, r"vcpu 1: set_reg\(id=0x101000000000010")  # no rip but the start-up IPI's

    def test_starts_again_and_again(self):
        """Each pair of INIT and start-up IPI stops the second CPU, wherever it is, and starts it anew; by the first of its own it
        stops itself."""
        vectors = range(0x10, 0xa0)
        script = "MmioWrite addr=0xfee00310 width=4 data=0x01000000;" + "".join(
            "MmioWrite addr=0xfee00300 width=4 data=0x4500; MmioWrite addr=0xfee00300 width=4 data=0x46%02x;" % vector +
            "IoWrite port=0x80 width=1;" * 5 for vector in vectors)
        for _ in range(20):  # on a busy host the first may be at its end before the second's thread has begun
            trace = self.exits(harness.OK, script + "IoWrite port=0xf4 width=1", "--smp", "2").trace
            entries = [int(entry, 16) for entry in re.findall(r"vcpu 1: set_entry\(entry=0x(\w+)\)", trace)]
            if entries:
                break
        self.assertTrue(entries, trace)
        self.assertEqual(entries, sorted(set(entries)), trace)
        self.assertLessEqual(set(entries), {vector << 12 for vector in vectors}, trace)

    def test_engine_that_cannot_start_one(self):
        self.exits(harness.ENGINE, "fail set_reg=19; Nothing", says=["cpu 0", "InvalidInput", "set_reg"])


if __name__ == "__main__":
    harness.BACKEND = "mock"
    harness.main()
