#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests run.py itself: with tests that fail, hang, crash and take the machine down, none of which may be taken for a pass.

    test-runner.py --build BUILD_DIR --init INIT --behave BEHAVE
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
import unittest

import machine
import pack

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
PATIENCE = 240


class Setup:
    """What the command line chose."""
    build = init = behave = ""


def command(tests, build=None, options=()):
    words = [sys.executable, os.path.join(HERE, "run.py"), "--build", build or Setup.build, "--init", Setup.init, *options]
    for name, limit, *program in tests:
        words += ["---", name, str(limit), *program]
    return words


def run(tests, **options):
    """The exit status, and the output."""
    env = options.pop("env", None)
    done = subprocess.run(command(tests, **options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=PATIENCE, env=env, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def results(output):
    """Of each test by its name: "ok", "not ok" or "skip"."""
    found = {}
    for verdict, name, skip in re.findall(r"^(ok|not ok) \d+ - (\S+)[^#\n]*(# SKIP .*)?$", output, re.M):
        found[name] = "skip" if skip else verdict
    return found


def parent_of(pid):
    with open("/proc/%s/stat" % pid, encoding="ascii", errors="replace") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def machines_of(runner):
    """The QEMU processes that it has started."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if parent_of(pid) == runner.pid and machine.QEMU in os.readlink("/proc/%s/exe" % pid):
                found.append(pid)
        except OSError:  # it ended meanwhile
            pass
    return found


class Runner(unittest.TestCase):
    """One boot for all that leaves the machine in order."""

    def test_results(self):
        ways = {
            "pass": "ok", "fail": "not ok", "skip": "skip", "crash": "not ok", "hang": "not ok", "chatter": "ok",
            "leave-child": "ok", "look-for-child": "ok", "close-output": "ok",
        }
        tests = [(name, 2, Setup.behave, name) for name in ways]
        tests += [
            ("absent", 2, "/there/is/no/such-program"),
            ("variables", 2, "WAY=pass", "@busybox@", "sh", "-c", "exec %s $WAY" % Setup.behave),
            ("relative", 2, os.path.relpath(Setup.behave), "pass"),
        ]
        expected = dict(ways, absent="not ok", variables="ok", relative="ok")
        status, output = run(tests)
        self.assertEqual(results(output), expected, output)
        self.assertEqual(status, 1, output)
        self.assertTrue(output.startswith("1..%d\n" % len(tests)), output)
        for text in ("# passed\n", "# this went wrong\n", "# its status is 3\n", "# SKIP there is nothing to test\n",
                     "# it was ended by SIGSEGV\n", "# written before it hangs\n", "# it did not end in 2 s\n",
                     "# bye\n", "# no end of line\n", "# /there/is/no/such-program is not there\n"):
            self.assertIn(text, output)

    def test_machine_goes_down(self):
        status, output = run([("before", 5, Setup.behave, "pass"), ("panic", 5, Setup.behave, "panic"), ("after", 5, Setup.behave, "pass")])
        self.assertEqual(results(output), {"before": "ok", "panic": "not ok", "after": "not ok"}, output)
        self.assertEqual(status, 1, output)
        self.assertIn("# the machine did not report its end\n", output)
        self.assertIn("# it was not run\n", output)
        self.assertIn("Kernel panic", output)

    def test_machine_locks_up(self):
        """It is booted again, and what has ended before is not repeated."""
        status, output = run([("before", 5, Setup.behave, "pass"), ("lock-up", 90, Setup.behave, "lock-up"), ("after", 5, Setup.behave, "pass")])
        self.assertEqual(results(output), {"before": "ok", "lock-up": "not ok", "after": "not ok"}, output)
        self.assertEqual(status, 1, output)
        self.assertEqual(output.count("# --- the machine failed\n"), 3, output)
        self.assertEqual(output.count("# passed\n"), 1, output)

    def test_machine_is_silent(self):
        runner = subprocess.Popen(command([("before", 5, Setup.behave, "pass"), ("during", 60, "@busybox@", "sleep", "8")],
                                          options=["--silence", "20"]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            machines = self.wait_for_machine(runner)
            output = b""
            while b"ok 1 - before" not in output:
                output += runner.stdout.readline() or self.fail("run.py has ended: %s" % output)
            for pid in machines:
                os.kill(int(pid), signal.SIGSTOP)
            output += runner.communicate(timeout=PATIENCE)[0]
        finally:
            runner.kill()
            runner.wait()
        output = output.decode(errors="replace")
        self.assertEqual((runner.returncode, results(output)), (0, {"before": "ok", "during": "ok"}), output)
        self.assertIn("# the machine reports nothing more, for 20 s\n", output)

    def test_again(self):
        """What has failed is tried on a second machine, what has passed is not."""
        status, output = run([("pass", 5, Setup.behave, "pass"), ("fail", 5, Setup.behave, "fail"), ("skip", 5, Setup.behave, "skip")],
                             options=["--again"])
        self.assertEqual(results(output), {"pass": "ok", "fail": "not ok", "skip": "skip"}, output)
        self.assertEqual(status, 1, output)
        self.assertEqual((output.count("# passed\n"), output.count("# this went wrong\n")), (1, 2), output)
        self.assertIn("is booted once more, for fail\n", output)

    def test_all_pass(self):
        status, output = run([("pass", 5, Setup.behave, "pass")])
        self.assertEqual((status, results(output)), (0, {"pass": "ok"}), output)

    def test_machine_that_does_not_boot(self):
        status, output = run([("pass", 5, Setup.behave, "pass")], options=["--cpu", "no-such-cpu"])
        self.assertEqual((status, results(output)), (1, {"pass": "not ok"}), output)
        self.assertIn("no-such-cpu", output)

    def test_skips(self):
        """Without what it needs everything is skipped, aloud."""
        for what, options in (("no /nowhere/guests", {"build": "/nowhere"}), ("no qemu-system-x86_64", {"env": {"PATH": "/nowhere"}})):
            with self.subTest(what):
                status, output = run([("pass", 5, Setup.behave, "pass")], **options)
                self.assertEqual(status, 0, output)
                self.assertRegex(output, r"^1\.\.0 # SKIP .+\n$")

    def test_ends_with_its_machine(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(str(number)):
                runner = subprocess.Popen(command([("hang", 60, Setup.behave, "hang"), ("pass", 5, Setup.behave, "pass")]),
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    machines = self.wait_for_machine(runner)
                    runner.send_signal(number)
                    runner.wait(PATIENCE)
                finally:
                    runner.kill()
                    runner.wait()
                self.assertNotEqual(runner.returncode, 0)
                for pid in machines:
                    self.assertFalse(os.path.exists("/proc/" + pid), "QEMU is still there")

    def wait_for_machine(self, runner):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and runner.poll() is None:
            machines = machines_of(runner)
            if machines:
                return machines
            time.sleep(0.05)
        self.fail("run.py starts no QEMU")


def main():
    parser = argparse.ArgumentParser()
    for option in ("--build", "--init", "--behave"):
        parser.add_argument(option, required=True)
    parser.parse_args(namespace=Setup)
    for option in ("build", "init", "behave"):
        setattr(Setup, option, os.path.abspath(getattr(Setup, option)))
    try:
        guests = pack.Guests(Setup.build)
        if not machine.is_there():
            raise pack.Missing("there is no " + machine.QEMU)
        guests.path("linux-amd64"), guests.path("busybox")
    except pack.Missing as missing:
        print("skipped: %s" % missing)
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)


if __name__ == "__main__":
    main()
