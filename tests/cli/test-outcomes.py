#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What guests bring about: the built-in one says what it runs on, and the exit status is the guest's own outcome. Also --stats,
--layer and --timeout, which look at a guest from outside.
"""

import json
import re
import subprocess

import harness


class BuiltIn(harness.Case):

    def test_says_what_it_runs_on(self):
        document = harness.run("--inspect", harness.BACKEND, "--json").json()
        for arguments in ([], ["--backend", harness.BACKEND], ["--backend", document["path"]], ["--backend", "auto"]):
            with self.subTest(" ".join(arguments)):
                result = self.run_ok(*arguments)
                self.assertIn("%s %s" % (document["name"], document["version"]), result.out)
                self.assertEqual(result.err, "")

    def test_sees_the_machine(self):
        for harts, memory in ((1, 128), (4, 4), (64, 96)):
            with self.subTest("%d harts, %d MiB" % (harts, memory)):
                out = self.run_ok("--smp", str(harts), "--mem", "%dM" % memory).out
                self.assertRegex(out, r"harts +%d\b" % harts)
                self.assertRegex(out, r"memory +%d MiB" % memory)

    def test_deterministic(self):
        """Two runs in the engine's deterministic mode are identical, to the instruction."""
        runs = [self.run_ok("--set", "create.deterministic=on", "--stats", "--json") for _ in range(2)]
        self.assertEqual(runs[0].out, runs[1].out)
        counts = [json.loads(run.err)["instructions"] for run in runs]
        self.assertEqual(counts[0], counts[1])


class Outcome(harness.Case):

    def test_status(self):
        for name, status, says in (
                ("hello", harness.OK, ""),
                ("fail-7", 7, "7"),
                ("fail-999", harness.OTHER_CODE, "999"),
                ("system-failure", 1, ""),
                ("jump-nowhere", harness.STUCK, "0x40"),
                ("stop", harness.STUCK, "cpu")):
            with self.subTest(name):
                self.ends(status, self.guest(name), "--timeout", "30", says=says)

    def test_all_harts_stop(self):
        self.ends(harness.STUCK, self.guest("stop"), "--smp", "4", "--timeout", "30")

    def test_reset(self):
        result = self.ends(harness.RESET, self.guest("reset"), "--no-reboot")
        self.assertEqual(result.out, "start\n")
        result = self.ends(harness.TIMEOUT, self.guest("reset"), "--timeout", "1")
        self.assertGreater(result.out.count("start\n"), 1)

    def test_harts(self):
        out = self.run_ok(self.guest("harts"), "--smp", "8", "--timeout", "30").out
        self.assertEqual((sorted(out[:7]), out[7:]), (list("1234567"), "all\n"))

    def test_timer(self):
        for set_field in ([], ["--set", "create.deterministic=on"]):
            with self.subTest(" ".join(set_field)):
                result = self.run_ok(self.guest("timer"), "--timeout", "30", *set_field)
                self.assertEqual(result.out, "tick\n")
                if not set_field:  # time that is counted in instructions is skipped, not waited for
                    self.assertGreater(result.seconds, 0.9)

    def test_flat_binary_at_another_entry(self):
        nops = bytes.fromhex("13000000") * 64
        image = self.file("image", bytes.fromhex("6f000000") + nops + harness.guest("hello"))
        self.assertEqual(self.run_ok(image, "--entry", hex(0x80200004)).out, "hello\n")


class Timeout(harness.Case):

    def test_in_every_kind_of_guest(self):
        for name in ("spin", "idle", "trap-loop", "echo", "sbi-echo", "chatter"):
            for harts in ("1", "4"):
                with self.subTest("%s, %s harts" % (name, harts)):
                    result = self.ends(harness.TIMEOUT, self.guest(name), "--smp", harts, "--timeout", "0.3", says="--timeout",
                                       stdout=subprocess.DEVNULL)
                    self.assertGreaterEqual(result.seconds, 0.3)
                    self.assertLess(result.seconds, 5)

    def test_short(self):
        self.ends(harness.TIMEOUT, self.guest("spin"), "--timeout", "0.001")

    def test_not_reached(self):
        self.assertLess(self.run_ok(self.guest("hello"), "--timeout", "1000").seconds, 30)


class Stats(harness.Case):

    def test_figures(self):
        result = self.run_ok(self.guest("hello"), "--stats", "--json", "--smp", "2")
        figures = json.loads(result.err)
        self.assertEqual((figures["status"], figures["cpus"], figures["boots"]), (0, 2, 1))
        self.assertEqual(figures["exits"], {"MmioWrite": 6, "SystemDown": 1})
        # 5 to set up, 6 a character, 2 at the end of the text, 6 for the power-off: known from the source
        self.assertTrue(40 <= figures["instructions"] <= 60, figures)
        self.assertTrue(0 < figures["start_seconds"] < 5, figures)
        self.assertTrue(0 <= figures["seconds"] <= result.seconds, figures)
        self.assertTrue(0 < figures["cpu_seconds"] <= 3 * result.seconds, figures)
        self.assertIn(harness.BACKEND, figures["engine"])

    def test_speed(self):
        figures = json.loads(harness.run(self.guest("spin"), "--stats", "--json", "--timeout", "0.5").err.partition("\naxvcpu")[0])
        self.assertEqual(figures["status"], harness.TIMEOUT)
        self.assertGreater(figures["instructions"], 100000)
        self.assertAlmostEqual(figures["mips"], figures["instructions"] / figures["seconds"] / 1e6, delta=figures["mips"] / 100)

    def test_on_every_way_out(self):
        """JSON on success and failure, and nothing else in it; the guest's output stays the guest's."""
        for name, status in (("hello", 0), ("fail-7", 7), ("jump-nowhere", harness.STUCK), ("spin", harness.TIMEOUT)):
            with self.subTest(name):
                result = self.ends(status, self.guest(name), "--stats", "--json", "--timeout", "0.3")
                figures, end = json.JSONDecoder().raw_decode(result.err)
                self.assertEqual(figures["status"], status)
                self.assertNotIn("{", result.err[end:])
                self.assertEqual(result.out, "hello\n" if name == "hello" else "")

    def test_table(self):
        err = self.run_ok(self.guest("hello"), "--stats").err
        self.assertRegex(err, r"exit status +0\n")
        self.assertRegex(err, r"SystemDown +1\n")


class Layers(harness.Case):

    def test_trace(self):
        plain = self.run_ok(self.guest("hello"))
        traced = self.run_ok(self.guest("hello"), "--layer", "trace")
        self.assertEqual(traced.out, plain.out)
        for expected in ("run", "setup", "SystemDown", "MmioWrite", "0x10000000"):
            self.assertIn(expected, traced.err, str(traced))
        self.assertGreaterEqual(len(re.findall(r"\brun\b", traced.err)), 7)

    def test_two(self):
        """Each layer writes every call. Two runs are not compared: how often the board kicks depends on the time."""
        lines = self.run_ok(self.guest("hello"), "--layer", "trace", "--layer", "trace").err.splitlines()
        self.assertIn("vm 0 vcpu 0: bind() = 0", lines)
        for line in set(lines):
            self.assertEqual(lines.count(line) % 2, 0, line)

    def test_unknown(self):
        self.ends(harness.UNAVAILABLE, "--layer", "trcae", says=["trcae", "trace"])


if __name__ == "__main__":
    harness.main()
