#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Several engines in one machine: --vcpu gives each cpu its own, --switch moves a cpu while it runs. What a guest does must not tell
where it runs.

On riscv64 the second engine is the same plugin's file once more, under another name: another engine to the library, with nothing shared.
On x86_64 there are the simulator and, where it can be used, the host's KVM; a KVM without hardware does for these guests.
"""

import json
import os
import unittest

import harness
import x86_64

SIM, KVM = "sim-x86_64", "kvm"


def has_kvm():
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
        return harness.run("--inspect", KVM).status == harness.OK
    except OSError:
        return False


def has_sim():
    return harness.run("--inspect", SIM).status == harness.OK and x86_64.can_assemble()


class Case(harness.Case):

    def copy_of(self, backend):
        """Another engine of the same kind."""
        with open(harness.run("--inspect", backend, "--json").json()["path"], "rb") as file:
            path = self.file("axvcpu-other.so", file.read())
        os.chmod(self.folder, 0o755)
        os.chmod(path, 0o644)
        return path

    def figures(self, *arguments, status=harness.OK, **options):
        """A run's --stats, with what the guest wrote as `out`."""
        result = self.ends(status, *arguments, "--stats", "--json", **options)
        figures = json.JSONDecoder().raw_decode(result.err[result.err.index("{"):])[0]
        figures["out"] = result.out
        return figures

    def engines(self, figures, cpu=0):
        """How much each engine executed for a cpu; None where it was not counted."""
        return {row["engine"]: row.get("instructions") for row in figures["vcpus"][cpu]["engines"]}


class Wrong(Case):
    """Nothing runs, and one line says what would be right."""

    BACKEND = harness.BACKEND

    def wrong(self, status, *arguments, says=()):
        result = self.ends(status, "--timeout", "20", *arguments, says=says)
        self.assertEqual((result.out, result.err.count("\n")), ("", 1), str(result))

    def test_vcpu(self):
        own = self.BACKEND
        for value, status, says in (
                ("1", harness.USAGE, ["\"1\"", "N=BACKEND", "1=sim-x86_64"]),
                ("1=", harness.USAGE, ["N=BACKEND"]),
                ("1=,code_cache=1", harness.USAGE, ["N=BACKEND"]),
                ("one=" + own, harness.USAGE, ["N=BACKEND"]),
                ("-1=" + own, harness.USAGE, ["N=BACKEND"]),
                ("2=" + own, harness.USAGE, ["no cpu 2", "--smp gives 2"]),
                ("99999999999999999999=" + own, harness.USAGE, ["no cpu"]),
                ("1=auto", harness.USAGE, ["named"]),
                ("1=sim-riscv46", harness.UNAVAILABLE, ["--vcpu 1=sim-riscv46", "did you mean \"sim-riscv64\""]),
                ("1=%s,code_cahce=1" % own, harness.USAGE, ["--vcpu 1=" + own, "code_cahce", "did you mean \"code_cache\""]),
                ("1=%s,code_cache=0" % own, harness.USAGE, ["--vcpu 1=" + own, "code_cache", "1..32"]),
                ("1=%s,hart_id=3" % own, harness.USAGE, ["hart_id", "each cpu gets its own"])):
            with self.subTest(value):
                self.wrong(status, "--smp", "2", "--vcpu", value, says=["--vcpu", *says])
        self.wrong(harness.USAGE, "--vcpu", "0=" + own, "--vcpu", "0=" + own, says=["cpu 0", "earlier --vcpu"])
        self.wrong(harness.USAGE, "--vcpu", "", says=["--vcpu", "empty"])

    def test_switch(self):
        for trigger, says in (
                ("", ["no trigger \"\""]),
                ("ps=1", ["\"ps\"", "did you mean \"pc\""]),
                ("makrer=x", ["did you mean \"marker\""]),
                ("instructions", ["pc, symbol, insns, exit, marker and time"]),
                ("pc", ["not an address"]),
                ("pc=main", ["\"main\"", "not an address", "pc=0x8040"]),
                ("pc=-1", ["not an address"]),
                ("insns=0", ["not a number of instructions"]),
                ("insns=many", ["not a number of instructions"]),
                ("exit=", ["not an exit"]),
                ("exit=MmioRaed", ["did you mean \"MmioRead\""]),
                ("exit=MmioRead*0", ["not an exit"]),
                ("exit=MmioRead*x", ["not an exit"]),
                ("exit=*", ["not an exit"]),
                ("exit=5", ["not an exit"]),
                ("marker=", ["not a text"]),
                ("time=5", ["not a duration", "lacks a unit"]),
                ("time=5m", ["not a duration", "300ms"]),
                ("time=-5s", ["not a duration"]),
                ("time=nans", ["not a duration"]),
                ("time=1e99s", ["not a duration"]),
                ("2@pc=1", ["no such cpu", "--smp gives 2"]),
                ("99999999999@pc=1", ["no such cpu"]),
                ("symbol=main", ["built-in guest", "--symbols"])):
            with self.subTest(trigger):
                self.wrong(harness.USAGE, "--smp", "2", "--switch", "%s:%s" % (trigger, self.BACKEND), says=["--switch", *says])
        for value in ("pc=1", "pc=1:", "marker", ":"):
            self.wrong(harness.USAGE, "--switch", value, says=["--switch", "[N@]TRIGGER:BACKEND"])
        self.wrong(harness.UNAVAILABLE, "--switch", "pc=1:sim-riscv46", says=["--switch pc=1:sim-riscv46", "did you mean"])
        self.wrong(harness.USAGE, "--switch", "pc=1:auto", says=["--switch", "named"])

    def test_symbols(self):
        image, empty = self.guest("hello"), self.file("map", b"nothing of use\n")
        switch = ["--switch", "symbol=start_here:" + self.BACKEND]
        self.wrong(harness.DATA, image, *switch, says=["has no symbols", "--symbols"])
        self.wrong(harness.DATA, image, *switch, "--symbols", empty, says=[empty, "has no symbols"])
        self.wrong(harness.NO_INPUT, image, *switch, "--symbols", "/nonexistent", says=["--symbols", "/nonexistent"])
        table = self.file("table", b"0000000080200000 T start_here_please\n0000000080200004 T other\n")
        self.wrong(harness.USAGE, image, *switch, "--symbols", table, says=["\"start_here\"", table])
        self.wrong(harness.USAGE, image, "--switch", "symbol=ohter:" + self.BACKEND, "--symbols", table, says="did you mean \"other\"")
        for damaged in (b"\x7fELF", b"\x7fELF" + b"\x02" * 60, b"\x7fELF\x02\x01\x01" + b"\xff" * 200):
            self.wrong(harness.DATA, image, *switch, "--symbols", self.file("damaged", damaged), says="damaged")


class TwoSimulators(Case):
    """riscv64. Both count, so that it can be told to the instruction where each ran."""

    def setUp(self):
        super().setUp()
        self.other = self.copy_of(harness.BACKEND)
        self.own = harness.run("--inspect", harness.BACKEND, "--json").json()["path"]

    def test_cpus_of_both(self):
        image = self.guest("harts")
        plain = self.run_ok(image, "--smp", "4", "--timeout", "30")
        figures = self.figures(image, "--smp", "4", "--vcpu", "1=%s,code_cache=1" % self.other, "--vcpu", "3=" + self.other, "--timeout", "30")
        self.assertEqual(sorted(figures["out"]), sorted(plain.out))
        for cpu in range(4):
            self.assertEqual(list(self.engines(figures, cpu)), [self.other if cpu % 2 else self.own])
            self.assertGreater(self.engines(figures, cpu)[self.other if cpu % 2 else self.own], 0)
            self.assertEqual(figures["vcpus"][cpu]["switches"], 0)

    def test_backend_is_for_those_without(self):
        """It is not even opened when every cpu has one."""
        self.run_ok("--backend", "no-such-backend", "--vcpu", "0=" + self.other)
        self.ends(harness.UNAVAILABLE, "--backend", "no-such-backend", "--smp", "2", "--vcpu", "0=" + self.other, says="no-such-backend")

    def test_one_engine_twice(self):
        self.assertEqual(len(self.figures("--smp", "2", "--vcpu", "1=" + harness.BACKEND)["vcpus"][0]["engines"]), 1)

    def test_fields_of_set(self):
        """What one of them has is that one's; both have the same here."""
        self.run_ok("--set", "create.code_cache=1", "--vcpu", "0=" + self.other, "--switch", "insns=5:" + harness.BACKEND)
        self.ends(harness.USAGE, "--set", "create.nothing=1", "--switch", "insns=5:" + self.other, says=["create.nothing", "no field"])

    def test_instructions(self):
        """Exactly so many, whatever comes between; a switch to where it is does nothing."""
        alone = self.figures(self.guest("hello"))
        for count in (1, 2, 10):
            figures = self.figures(self.guest("hello"), "--switch", "insns=%d:%s" % (count, self.other), "--switch", "insns=1:" + self.own)
            self.assertEqual(figures["out"], alone["out"])
            if count > 1:
                self.assertEqual(self.engines(figures), {self.own: count, self.other: alone["instructions"] - count})
            self.assertEqual(figures["instructions"], alone["instructions"])
        self.assertEqual([row["fired"] for row in figures["switches"]], [1, 1])

    def test_a_hundred_times(self):
        alone = self.figures("--switch", "pc=1:" + self.other)
        switches = ["--switch=insns=%d:%s" % (step * 37 + 1, (self.other, self.own)[step % 2]) for step in range(100)]
        figures = self.figures(*switches)
        self.assertEqual((figures["vcpus"][0]["switches"], figures["instructions"]), (100, alone["instructions"]))
        self.assertEqual(figures["out"].splitlines()[2:], alone["out"].splitlines()[2:])  # the second line names the engines
        self.assertEqual(self.engines(figures)[self.other], 50 * 37)

    def test_every_exit(self):
        """In the midst of what an exit leaves to be done: reads that wait for values among it."""
        image = self.guest("devices")
        alone = self.figures(image)
        switches = ["--switch=exit=*%d:%s" % (step + 1, (self.other, self.own)[step % 2]) for step in range(100)]
        figures = self.figures(image, *switches)
        self.assertEqual((figures["out"], figures["exits"]), (alone["out"], alone["exits"]))
        self.assertGreater(figures["vcpus"][0]["switches"], 20)

    def test_kinds_of_exits(self):
        figures = self.figures("--switch", "exit=Hypercall*20:" + self.other, "--switch", "exit=MmioWrite:" + self.own)
        self.assertEqual([row["fired"] for row in figures["switches"]], [1, 0])
        self.assertEqual(figures["vcpus"][0]["switches"], 1)

    def test_address(self):
        """Before its instruction is executed; those at one address are met together, the last counts."""
        alone = self.figures(self.guest("hello"))
        for switches, left in (([self.other], {self.other: alone["instructions"], self.own: 0}),
                               ([self.other, self.own], {self.other: 0, self.own: alone["instructions"]})):
            figures = self.figures(self.guest("hello"), *("--switch=pc=0x80200000:" + engine for engine in switches))
            self.assertEqual((figures["out"], self.engines(figures)), (alone["out"], left))

    def test_symbols_of_a_file(self):
        table = self.file("System.map", b"0000000080200000 T start_here\n                 U elsewhere\n0000000080200004 t other\n")
        figures = self.figures(self.guest("hello"), "--switch", "symbol=other:" + self.other, "--symbols", table)
        self.assertEqual(self.engines(figures)[self.own], 1)

    def test_marker(self):
        """The text may come in parts, and begin anew in its own midst; it is met before the next instruction."""
        for marker, fired in (("guest.\n  engine", 1), ("ll", 1), ("b", 1), ("Helo", 0), ("a:b:c", 0)):
            figures = self.figures("--switch", "marker=%s:%s" % (marker, self.other))
            self.assertEqual(figures["switches"][0]["fired"], fired, marker)
            self.assertEqual(figures["vcpus"][0]["switches"], fired)
        counts = [self.engines(self.figures("--switch", "marker=%s:%s" % (text, self.other)))[self.own] for text in ("H", "He", "Hel", "built-in")]
        self.assertEqual(counts, sorted(set(counts)))

    def test_time(self):
        """While the cpu waits for an interrupt, which it gets on the other engine."""
        figures = self.figures(self.guest("timer"), "--switch", "time=300ms:" + self.other, "--switch", "time=0.0006s:" + self.other)
        self.assertEqual((figures["out"], figures["vcpus"][0]["switches"]), ("tick\n", 1))
        self.assertEqual([row["fired"] for row in figures["switches"]], [1, 1])
        self.assertGreater(figures["seconds"], 0.9)

    def test_one_of_the_cpus(self):
        """A cpu that is not started yet begins on the engine that it was moved to."""
        figures = self.figures(self.guest("harts"), "--smp", "3", "--switch", "2@time=0s:" + self.other, "--switch", "1@insns=3:" + self.other,
                               "--timeout", "30")
        self.assertEqual([list(self.engines(figures, cpu)) for cpu in (0, 2)], [[self.own], [self.other]])
        self.assertEqual(self.engines(figures, 1)[self.own], 3)
        self.assertEqual([row["fired"] for row in figures["switches"]], [1, 1])

    def test_all_of_the_cpus(self):
        figures = self.figures(self.guest("harts"), "--smp", "3", "--switch", "insns=2:" + self.other, "--timeout", "30")
        self.assertEqual([self.engines(figures, cpu)[self.own] for cpu in range(3)], [2, 2, 2])
        self.assertEqual(figures["switches"][0]["fired"], 3)

    def test_after_a_reset(self):
        """The machine begins anew where it began, and so do the triggers."""
        figures = self.figures(self.guest("reset"), "--switch", "insns=3:" + self.other, "--timeout", "1", status=harness.TIMEOUT)
        self.assertGreater(figures["boots"], 2)
        self.assertLessEqual(figures["boots"] - figures["switches"][0]["fired"], 1)

    def test_said_in_the_table(self):
        result = self.run_ok("--stats", "--switch", "insns=7:" + self.other, "--switch", "pc=0x80200001:" + self.own)
        self.assertRegex(result.err, r"cpu 0 +.*\(7 instructions\).*; 1 switch\n")
        self.assertRegex(result.err, r"never came to --switch +pc=0x80200001:")
        quiet = self.run_ok("--switch", "pc=0x80200001:" + self.other)
        self.assertEqual(quiet.err, "")

    def test_layers_go_along(self):
        plain, moved = (self.run_ok("--layer", "trace", "--switch", "%s:%s" % (trigger, self.other)) for trigger in ("pc=1", "marker=Hello"))
        self.assertEqual(plain.err.count("run() = 0 Hypercall{"), moved.err.count("run() = 0 Hypercall{"), moved)
        self.assertGreater(moved.err.count("run() = 0 Hypercall{"), 100)

    def test_ended_in_the_midst(self):
        for arguments in (["--switch", "time=%dms:%s" % (step * 3, (self.other, self.own)[step % 2])] for step in range(8)):
            self.ends(harness.TIMEOUT, self.guest("spin"), "--timeout", "0.05", *arguments, says="--timeout")


@unittest.skipUnless(has_sim(), "no sim-x86_64, or no as and ld")
class X86(Case):
    """The simulator and a second one, or the host's KVM."""

    def others(self):
        yield self.copy_of(SIM)
        if has_kvm():
            yield KVM

    def test_wrong(self):
        self.ends(harness.UNAVAILABLE, "--arch", "x86_64", "--backend", SIM, "--vcpu", "0=" + harness.BACKEND,
                  says=[harness.BACKEND, "riscv64", "x86_64"])
        self.ends(harness.UNAVAILABLE, "--smp", "2", "--vcpu", "0=" + harness.BACKEND, "--vcpu", "1=" + SIM, says=["riscv64", "x86_64"])
        self.ends(harness.USAGE, "--backend", SIM, "--chip", "kernel", "--switch", "pc=0:" + self.copy_of(SIM),
                  says=["--chip kernel", "several engines"])

    def test_architecture_by_the_engines(self):
        """Without an image that tells."""
        self.assertIn("x86_64", self.run_ok("--smp", "2", "--vcpu", "1=" + SIM, "--timeout", "20").out)

    def test_cpus_of_both(self):
        for other in self.others():
            for starts, second in ((SIM, other), (other, SIM)):
                figures = self.figures(self.file("guest", x86_64.assemble("processors")), "--smp", "4", "--vcpu", "0=" + starts,
                                       "--vcpu", "1=" + second, "--vcpu", "2=" + starts, "--vcpu", "3=" + second, "--timeout", "30")
                self.assertEqual((sorted(figures["out"][:3]), figures["out"][3:]), (["A", "B", "C"], "all\n"))
                self.assertEqual(len({engine for cpu in range(4) for engine in self.engines(figures, cpu)}), 2)

    def test_built_in_guest(self):
        for other in self.others():
            self.assertIn("long", self.run_ok("--smp", "2", "--vcpu", "0=" + SIM, "--vcpu", "1=" + other, "--timeout", "20").out)

    def test_every_exit(self):
        """From real through protected to long mode, in the midst of strings, too."""
        image = self.file("guest", x86_64.assemble("mov $text, %si; mov $0x3f8, %dx; mov $12, %cx; rep outsb; end 0; text: .ascii \"twelve marks\""))
        for other in self.others():
            with self.subTest(other):
                switches = ["--switch=exit=*%d:%s" % (step + 1, (other, SIM)[step % 2]) for step in range(200)]
                self.assertEqual(self.run_ok(image, "--backend", SIM, *switches, "--timeout", "20").out, "twelve marks")
                figures = self.figures("--arch", "x86_64", "--backend", SIM, *switches, "--timeout", "20")
                self.assertIn("real, protected, long", figures["out"])
                self.assertEqual(figures["vcpus"][0]["switches"], 200)

    def test_triggers(self):
        image = self.file("guest", x86_64.assemble("say one; here: nop; say two; mov $1000, %ecx; 1: dec %ecx; jnz 1b; say three; end 0"))
        for other in self.others():
            for start, to in ((SIM, other), (other, SIM)):
                for trigger in ("pc=0x8018", "exit=IoWrite*4", "marker=two", "insns=500", "time=0s"):
                    if trigger.startswith("insns") and start == KVM:
                        continue
                    with self.subTest("%s from %s to %s" % (trigger, start, to)):
                        figures = self.figures(image, "--backend", start, "--switch", "%s:%s" % (trigger, to), "--timeout", "20")
                        self.assertEqual(figures["out"], "one\ntwo\nthree\n")
                        self.assertEqual([row["fired"] for row in figures["switches"]], [1])

    def test_symbol_of_the_image(self):
        image = self.file("guest", x86_64.assemble("say one; in_between: say two; end 0", bits=32))
        for other in self.others():
            figures = self.figures(image, "--backend", SIM, "--switch", "symbol=in_between:" + other, "--timeout", "20")
            self.assertEqual((figures["out"], figures["vcpus"][0]["switches"]), ("one\ntwo\n", 1))
            self.assertEqual(len(self.engines(figures)), 2)
        self.ends(harness.USAGE, image, "--backend", SIM, "--switch", "symbol=inbetween:" + SIM, says=["\"inbetween\"", "did you mean \"in_between\""])

    def test_halted(self):
        """A cpu that has halted is moved, and goes on halting until an interrupt comes."""
        image = self.file("guest", x86_64.assemble("pit"))
        for other in self.others():
            with self.subTest(other):
                switches = ["--switch=time=%dms:%s" % (step * 9 + 5, (other, SIM)[step % 2]) for step in range(100)]
                figures = self.figures(image, "--backend", SIM, *switches, "--timeout", "20")
                self.assertGreater(int(figures["out"], 16) / 3579545, 0.9)
                self.assertGreater(figures["vcpus"][0]["switches"], 50)


@unittest.skipUnless(has_sim() and has_kvm(), "KVM cannot be used here, or there is no sim-x86_64")
class Kvm(Case):

    def test_instructions_are_counted_where_they_can_be(self):
        self.ends(harness.USAGE, "--backend", KVM, "--switch", "insns=5:" + SIM, says=["insns=5", "kvm", "cpu 0", "start it on", SIM])
        self.ends(harness.USAGE, "--backend", KVM, "--switch", "insns=5:" + KVM, says=["simulators do"])
        figures = self.figures("--backend", KVM, "--switch", "marker=Hello:" + SIM, "--switch", "insns=100:" + KVM, "--timeout", "20")
        self.assertEqual((self.engines(figures), figures["vcpus"][0]["switches"]), ({KVM: None, SIM: 100}, 2))
        self.assertNotIn("mips", figures)

    def test_too_many_addresses(self):
        switches = ["--switch=pc=%#x:%s" % (0x9000 + step, SIM) for step in range(9)]
        self.ends(harness.USAGE, "--backend", KVM, *switches, "--timeout", "20", says=["--switch pc=0x900", "breakpoints", "fewer triggers"])

    def test_refused(self):
        """The run ends, and says what the other engine cannot take."""
        switches = ["--switch=pc=%#x:%s" % (0x9000 + step, SIM) for step in range(9)]
        self.ends(harness.ENGINE, "--backend", SIM, *switches, "--switch", "marker=Hello:" + KVM, "--timeout", "20",
                  says=["--switch marker=Hello:kvm: cpu 0 stays on sim-x86_64", "breakpoint"])


if __name__ == "__main__":
    harness.main()
