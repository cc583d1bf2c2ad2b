#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""axvcpu-run on the host's own KVM: what is said when it cannot be used, how guests of the x86_64 board end, the board's timers,
console and start-up IPIs with its own chip and with KVM's, and that nothing is left behind.

A KVM without hardware lacks instructions, and a vmcall there never comes back: where that shows, either outcome is fine.
"""

import datetime
import json
import os
import resource
import shutil
import signal
import subprocess
import time
import unittest

import harness
import x86_64

CHIPS = ("board", "kernel")
UNSHARED = ("unshare", "--mount", "--propagation", "private", "sh", "-c")


def unusable():
    """Why there are no guests on KVM here, or None."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return "/dev/kvm: " + error.strerror
    return None


def needs_kvm(test):
    return unittest.skipIf(unusable(), "KVM cannot be used here (%s)" % unusable())(test)


def can_unshare():
    return subprocess.run([*UNSHARED, "mount -t tmpfs none /dev"], check=False, stderr=subprocess.DEVNULL).returncode == 0


class Case(harness.Case):

    def x86_64(self, name):
        return self.file(name, x86_64.assemble(name))

    def kvm(self, status, name, *arguments, says=(), **options):
        limit = () if "--timeout" in arguments else ("--timeout", "30")
        return self.ends(status, self.x86_64(name), "--backend", "kvm", *limit, *arguments, says=says, **options)


class Unusable(harness.Case):
    """One sentence, with what is in the way and the way out."""

    def ends_by(self, command, status, *says):
        done = subprocess.run(command, env=harness.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=harness.PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)

    def hidden(self, mount, *arguments):
        if not can_unshare():
            self.skipTest("a mount namespace needs root")
        return [*UNSHARED, "%s && exec \"$@\"" % mount, "sh", harness.PROGRAM, *arguments]

    def test_no_device(self):
        self.ends_by(self.hidden("mount -t tmpfs none /dev", "--backend", "kvm"), harness.ENGINE,
                     "/dev/kvm", "ENOENT", "kvm_intel", "kvm_amd")

    def test_auto_without_device(self):
        self.ends_by(self.hidden("mount -t tmpfs none /dev", "--arch", "x86_64"), harness.UNAVAILABLE,
                     "--backend auto", "x86_64", "/dev/kvm", "No such file", "AXVCPU_PLUGIN_PATH")

    def test_another_device(self):
        if not os.path.exists("/dev/kvm"):
            self.skipTest("there is no /dev/kvm to mount something over")
        empty = self.file("empty", b"")
        for place in ("/dev/null", empty):
            with self.subTest(place):
                self.ends_by(self.hidden("mount --bind %s /dev/kvm" % place, "--backend", "kvm"), harness.ENGINE,
                             "/dev/kvm", "not KVM", "ENOTTY", "mknod")

    def test_no_permission(self):
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if not os.path.exists("/dev/kvm"):
            self.skipTest("there is no /dev/kvm")
        if os.getuid() or not shutil.which("setpriv"):
            self.skipTest("another user's view needs root and setpriv")
        if subprocess.run([*nobody, harness.PROGRAM, "--version"], capture_output=True, check=False).returncode:
            self.skipTest("another user cannot reach the program")
        if not subprocess.run([*nobody, "test", "-w", "/dev/kvm"], check=False).returncode:
            self.skipTest("everybody may use /dev/kvm")
        self.ends_by([*nobody, harness.PROGRAM, "--backend", "kvm"], harness.ENGINE, "/dev/kvm", "EACCES", "usermod -aG kvm")
        self.ends_by([*nobody, harness.PROGRAM, "--arch", "x86_64"], harness.UNAVAILABLE, "/dev/kvm: Permission denied", "usable")

    @needs_kvm
    def test_few_descriptors(self):
        """It runs, or says that it lacks descriptors, or cannot even read the plugin."""
        seen = set()
        for limit in range(4, 20):
            done = subprocess.run([harness.PROGRAM, "--backend", "kvm", "--smp", "2"], check=False,
                                  env=harness.environment({"ASAN_OPTIONS": "detect_leaks=0"}),  # it needs some itself
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE,
                                  preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
            seen.add(done.returncode)
            if done.returncode:
                self.assertIn("oo many open files", done.stderr)
            if "EMFILE" in done.stderr:
                self.assertEqual(done.returncode, harness.HOST, done.stderr)
                self.assertIn("ulimit -n", done.stderr)
        self.assertLessEqual({harness.OK, harness.HOST}, seen)
        self.assertLessEqual(seen, {harness.OK, harness.HOST, harness.UNAVAILABLE, 127})


@needs_kvm
class Settings(Case):

    def test_refused(self):
        for field, status, says in (
                ("features=-avx512ff", harness.USAGE, ["-avx512ff", "such as -avx512f"]),
                ("features=+x2apci", harness.USAGE, ["+x2apci", "such as +x2apic"]),
                ("features=avx", harness.USAGE, ["\"avx\"", "+NAME or -NAME"]),
                ("featrues=-avx", harness.USAGE, ["featrues", "\"features\""]),
                ("cpuid=x86-64-v5", harness.USAGE, ["x86-64-v5", "did you mean"]),
                ("msr_exits=0x20-0x10", harness.USAGE, ["msr_exits", "0x20-0x10"]),
                ("msr_exits=0-0xffffffff", harness.USAGE, ["msr_exits", "8192"]),
                ("msr_exits=-5", harness.USAGE, ["msr_exits", "such as"]),
                ("chip=kernel", harness.USAGE, ["create.chip", "--chip"]),
                ("cpus=2", harness.USAGE, ["create.cpus", "--smp"]),
                ("apic_id=2", harness.USAGE, ["create.apic_id"])):
            with self.subTest(field):
                result = self.ends(status, "--backend", "kvm", "--set", "create." + field, says=says)
                self.assertEqual((result.out, result.err.count("\n")), ("", 1))

    def test_what_the_host_may_lack(self):
        """It works, or the message says so."""
        for field, says in (("tsc_khz=1234567", "cannot scale"), ("hypercalls=exit", "CONFIG_KVM_XEN"),
                            ("features=+avx512_vp2intersect", "leave +avx512_vp2intersect out")):
            with self.subTest(field):
                result = harness.run("--backend", "kvm", "--set", "create." + field)
                if result.status != harness.OK:
                    self.assertEqual(result.status, harness.ENGINE, str(result))
                    self.assertIn(says, result.err)

    def test_levels(self):
        for level in range(1, 5):
            self.run_ok("--backend", "kvm", "--set", "create.cpuid=x86-64-v%d" % level)

    def test_chip_of_another_backend(self):
        self.ends(harness.USAGE, "--backend", "mock", "--chip", "kernel", says=["--chip kernel", "mock", "kvm"])

    def test_guest_for_another_processor(self):
        self.ends(harness.UNAVAILABLE, "--backend", "kvm", "--arch", "riscv64", says=["kvm", "x86_64", "riscv64"])


@needs_kvm
class Outcome(Case):

    def test_built_in_guest(self):
        for arguments in ([], ["--chip", "kernel"], ["--smp", "4"], ["--smp", "64"], ["--chip", "kernel", "--smp", "64"], ["--mem", "5G"]):
            with self.subTest(arguments):
                result = self.run_ok("--backend", "kvm", *arguments)
                self.assertRegex(result.out, "under +KVMKVMKVM")
                self.assertEqual(result.err, "")
        self.assertIn("Hello", self.run_ok("--arch", "x86_64").out)

    def test_status(self):
        for name, status, says in (
                ("hello", harness.OK, ""),
                ("fail-7", 7, "failure 7"),
                ("fail-62", 62, "failure 62"),
                ("fail-999", harness.OTHER_CODE, "failure 999"),
                ("power-off", harness.OK, ""),
                ("reset-keyboard", harness.RESET, ""),
                ("reset-fast", harness.RESET, ""),
                ("reset-control", harness.RESET, ""),
                ("triple-fault", harness.RESET, ""),
                ("jump-nowhere", harness.STUCK, ["cpu 0", "executes 0xd0001000"])):
            for arguments in (["--smp", "1"], ["--smp", "3"], ["--smp", "2", "--chip", "kernel"]):
                with self.subTest("%s %s" % (name, arguments)):
                    self.kvm(status, name, "--no-reboot", *arguments, says=says)

    def test_halted_for_good(self):
        self.kvm(harness.STUCK, "halt", says=["cpu 0", "interrupts off"])
        for count in range(2, 5):
            self.kvm(harness.STUCK, "processors-halt", "--smp", str(count), says="all with their interrupts off")

    def test_halted_for_good_with_the_kernel_s_chip(self):
        """Nobody outside of the kernel sees it."""
        self.kvm(harness.TIMEOUT, "halt", "--chip", "kernel", "--timeout", "0.3", says="cpu 0 was at pc 0x8002")

    def test_instruction_that_kvm_may_not_know(self):
        result = harness.run(self.x86_64("popcnt"), "--backend", "kvm", "--timeout", "30")
        if result.status != harness.OK:
            self.assertEqual(result.status, harness.ENGINE, str(result))
            self.assertIn("f3 0f b8 d8: popcnt bx, ax", result.err)

    def test_timeout(self):
        for name, says in (("spin", "eb fe: jmp"), ("vmcall", ""), ("idle", ""), ("echo-polled", ""), ("chatter", "")):
            for arguments in ([], ["--smp", "4"], ["--chip", "kernel"]):
                with self.subTest("%s %s" % (name, arguments)):
                    result = harness.run(self.x86_64(name), "--backend", "kvm", "--timeout", "0.3", *arguments)
                    if name == "vmcall" and result.status == harness.OK:
                        continue  # hardware
                    self.assertEqual(result.status, harness.TIMEOUT, str(result)[-2000:])
                    self.assertIn("--timeout: the guest did not end in time; cpu 0 was at pc 0x", result.err)
                    self.assertIn("vmcall" if name == "vmcall" else says, result.err)
                    self.assertLess(result.seconds, 5)

    def test_resets_again_and_again(self):
        for name in ("reset-control", "triple-fault"):
            for chip in CHIPS:
                with self.subTest("%s, %s" % (name, chip)):
                    result = self.kvm(harness.TIMEOUT, name, "--chip", chip, "--smp", "2", "--timeout", "1")
                    self.assertGreater(result.out.count("start\n"), 3)


@needs_kvm
class Board(Case):

    def words(self, name, *arguments):
        return [int(word, 16) for word in self.kvm(harness.OK, name, *arguments).out.split()]

    def test_timers(self):
        """100 interrupts of the 8254, 50 of the APIC, each of 100 a second, timed by the guest with the ACPI timer."""
        for name, seconds in (("pit", 1), ("apic-timer", 0.5)):
            for chip in CHIPS:
                with self.subTest("%s, %s" % (name, chip)):
                    ticks = self.words(name, "--chip", chip, "--smp", "2")[0]
                    self.assertGreater(ticks / 3579545, seconds * 0.9)
                    self.assertLess(ticks / 3579545, seconds * 3)  # on a busy machine

    def test_clock(self):
        for chip in CHIPS:
            with self.subTest(chip):
                before = datetime.datetime.utcnow() - datetime.timedelta(seconds=2)
                result = self.kvm(harness.OK, "rtc", "--chip", chip)
                *date, count = result.out.split()
                shown = datetime.datetime(*(int(field) for field in [date[0][-2:] + date[1][-2:], *date[2:]]))
                self.assertLessEqual(before, shown)
                self.assertLessEqual(shown, datetime.datetime.utcnow())
                self.assertEqual(count, "00000040")
                self.assertLess(result.seconds, 10)

    def test_console(self):
        for name, greeting in (("echo", "ready\n"), ("echo-polled", "")):
            for chip in CHIPS:
                with self.subTest("%s, %s" % (name, chip)):
                    self.assertEqual(self.kvm(harness.OK, name, "--chip", chip, stdin=b"some words q").out, greeting + "some words q")
        with self.session(self.x86_64("echo"), "--backend", "kvm") as session:
            session.expect("ready\n")
            for word in ("one", "two", "q"):
                session.send(word)
                session.expect(word)
            self.assertEqual(session.wait().status, harness.OK)

    def test_processors(self):
        """With KVM's chip too no start-up IPI is lost, however early it comes."""
        for chip in CHIPS:
            for count in (2, 3, 4, 4, 4, 4, 8):
                with self.subTest("%d, %s" % (count, chip)):
                    out = self.kvm(harness.OK, "processors", "--chip", chip, "--smp", str(count)).out
                    self.assertEqual((sorted(out[:count - 1]), out[count - 1:]), (list("ABCDEFGH")[:count - 1], "all\n"))

    def test_memory_above_4g(self):
        for chip in CHIPS:
            self.assertEqual(self.kvm(harness.OK, "far-memory", "--mem", "5G", "--chip", chip).out, "memory\n")

    def test_two_at_once(self):
        image = self.x86_64("echo")
        with self.session(image, "--backend", "kvm") as first, self.session(image, "--backend", "kvm", "--chip", "kernel") as second:
            first.expect("ready\n")
            second.expect("ready\n")
            first.kill(signal.SIGINT)
            self.assertEqual(first.wait().status, harness.of_signal(signal.SIGINT))
            second.send("still there q")
            second.expect("still there q")
            self.assertEqual(second.wait().status, harness.OK)

    def test_stats(self):
        figures = json.loads(self.kvm(harness.OK, "hello", "--stats", "--json", "--smp", "2").err)
        self.assertEqual((figures["status"], figures["cpus"], figures["boots"]), (0, 2, 1))
        self.assertEqual(figures["exits"], {"IoWrite": 7})
        self.assertTrue(0 < figures["start_seconds"] < 5, figures)
        self.assertIn("kvm", figures["engine"])
        self.assertNotIn("instructions", figures)  # KVM counts none

    def test_layers(self):
        plain = self.kvm(harness.OK, "hello")
        traced = self.kvm(harness.OK, "hello", "--layer", "count", "--layer", "trace")
        self.assertEqual(traced.out, plain.out)
        self.assertEqual(traced.err.count("run() = 0 IoWrite{"), 7, traced.err)
        self.assertRegex(traced.err, r"calls of kvm\n(?s:.)*\nrun +\d+ +0\n")
        self.kvm(harness.OK, "processors", "--layer", "count", "--chip", "kernel", "--smp", "4")


@needs_kvm
class Hostile(Case):

    def test_random_values_everywhere(self):
        for arguments in (["--smp", "1"], ["--smp", "4"], ["--smp", "2", "--chip", "kernel"]):
            with self.subTest(arguments):
                result = harness.run(self.x86_64("hostile"), "--backend", "kvm", "--timeout", "2", *arguments, stdin=os.urandom(4096))
                self.assertEqual(result.status, harness.TIMEOUT, str(result))
                self.assertNotIn("anitizer", result.err)
                self.assertNotIn("runtime error", result.err)

    def test_nothing_is_left_of_a_machine(self):
        """Descriptors, mappings and memory of a machine that resets over and over."""
        for chip in CHIPS:
            with self.subTest(chip):
                process = subprocess.Popen([harness.PROGRAM, self.x86_64("reset-control"), "--backend", "kvm", "--chip", chip, "--smp", "2"],
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=harness.environment())
                try:
                    used = []
                    for _ in range(2):
                        starts = 0
                        while starts < 40:
                            starts += process.stdout.read(60).count(b"start")
                        used.append(usage(process.pid))
                    for (descriptors, mappings), (later_descriptors, later_mappings) in [used]:
                        self.assertLess(later_descriptors, descriptors + 8)
                        self.assertLess(later_mappings, mappings + 20)
                finally:
                    process.kill()
                    process.wait()
                    process.stdout.close()

    def test_outputs_that_fail(self):
        for name in ("hello", "chatter"):
            with open("/dev/full", "wb") as full:
                self.kvm(harness.OUTPUT, name, stdout=full, says="standard output: No space left")
        command = [harness.PROGRAM, self.x86_64("chatter"), "--backend", "kvm", "--timeout", "30"]
        closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command], env=harness.environment(), check=False,
                                stdin=subprocess.DEVNULL, timeout=harness.PATIENCE, capture_output=True)
        self.assertEqual(closed.returncode, harness.OUTPUT, closed)


@needs_kvm
class Signals(Case):

    def ends_by(self, session, number):
        session.kill(number)
        start = time.monotonic()
        self.assertEqual(session.wait(patience=20).status, harness.of_signal(number))
        self.assertLess(time.monotonic() - start, 5)

    def test_in_every_kind_of_guest(self):
        for name in ("spin", "vmcall", "idle", "echo-polled"):
            for number in (signal.SIGINT, signal.SIGTERM):
                for arguments in ([], ["--smp", "4"], ["--chip", "kernel", "--smp", "2"]):
                    with self.subTest("%s, %s, %s" % (name, number.name, arguments)), \
                            self.session(self.x86_64(name), "--backend", "kvm", *arguments) as session:
                        while not harness.cpu_seconds(session.process.pid) > 0.02 and session.process.poll() is None and \
                                time.monotonic() < session.start + 0.3:
                            time.sleep(0.01)
                        if session.process.poll() == harness.OK and name == "vmcall":
                            continue  # hardware
                        self.ends_by(session, number)

    def test_at_any_time(self):
        for name in ("reset-control", "processors", "hostile"):
            image = self.x86_64(name)
            for step in range(25):
                number = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[step % 3]
                with self.subTest("%s, %s after %d us" % (name, number.name, step * 700)), \
                        self.session(image, "--backend", "kvm", "--smp", "3", "--chip", CHIPS[step % 2]) as session:
                    time.sleep(step * 700e-6)
                    session.kill(number)
                    result = session.wait(patience=20)
                    self.assertIn(result.status, (-number, harness.of_signal(number), harness.OK if name == "processors" else -number),
                                  str(result))

    def test_killed(self):
        """A killed run takes nothing along that the next one needs."""
        for step in range(8):
            with self.session(self.x86_64("reset-control"), "--backend", "kvm", "--smp", "4") as session:
                time.sleep(step * 3e-3)
                session.kill(signal.SIGKILL)
                self.assertEqual(session.wait().status, -signal.SIGKILL)
        self.assertEqual(self.kvm(harness.OK, "hello").out, "hello\n")

    def test_keys(self):
        for name in ("spin", "vmcall", "idle"):
            with self.subTest(name):
                session = self.session(self.x86_64(name), "--backend", "kvm", "--smp", "2", terminal=True)
                session.wait_raw()
                session.send("\x03\x01x")  # Ctrl-C is the guest's, Ctrl-A x ends
                result = session.wait(patience=20)
                self.assertIn(result.status, (harness.QUIT, harness.OK if name == "vmcall" else harness.QUIT), str(result))
                self.assertTrue(session.terminal_is_restored())

    def test_interrupted_at_a_terminal(self):
        session = self.session(self.x86_64("spin"), "--backend", "kvm", terminal=True)
        session.wait_raw()
        session.kill(signal.SIGINT)
        self.assertEqual(session.wait(patience=20).status, harness.of_signal(signal.SIGINT))
        self.assertTrue(session.terminal_is_restored())


def usage(pid):
    with open("/proc/%d/maps" % pid, encoding="ascii", errors="replace") as file:
        return len(os.listdir("/proc/%d/fd" % pid)), len(file.readlines())


if __name__ == "__main__":
    harness.BACKEND = "kvm"
    if not x86_64.can_assemble():
        harness.skip("no as and ld here (Debian's binutils)")
    harness.main()
