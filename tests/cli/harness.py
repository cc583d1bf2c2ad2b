# SPDX-License-Identifier: Apache-2.0
"""What the tests of axvcpu-run share: starting it on pipes or on a terminal of its own, typing, waiting and looking.

The environment says what is tested: AXVCPU_RUN is the program, AXVCPU_PLUGIN_PATH the folders of the backends, AXVCPU_SOURCE the
top of the source tree. Python's standard library alone.
"""

import errno
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

PROGRAM = os.environ.get("AXVCPU_RUN", "axvcpu-run")
SOURCE = os.environ.get("AXVCPU_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BACKEND = "sim-riscv64"

# How long something may take that should take no time: builds with sanitizers on a busy machine are slow.
PATIENCE = 60

# The program's statuses, as its manual has them.
OK, OTHER_CODE, USAGE, DATA, NO_INPUT, UNAVAILABLE, ENGINE, HOST, OUTPUT = 0, 63, 64, 65, 66, 69, 70, 71, 74
RESET, QUIT, STUCK, TIMEOUT = 80, 81, 82, 124


def of_signal(number):
    return 128 + number


def guest(name):
    """The code of a guest of the folder guests/."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guests", name + ".hex")
    with open(path, encoding="ascii") as file:
        return bytes.fromhex(file.read())


class Result:
    """How a run ended, and what it wrote."""

    def __init__(self, arguments, status, out, err, seconds):
        self.arguments, self.status, self.raw, self.seconds = arguments, status, out, seconds
        self.out = out.decode(errors="replace")
        self.err = err.decode(errors="replace")

    def __str__(self):
        return "axvcpu-run %s: status %s after %.1f s\n--- stdout\n%s\n--- stderr\n%s" % (
            " ".join(self.arguments), self.status, self.seconds, self.out[-4000:], self.err[-4000:])

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError("no JSON: %s\n%s" % (error, self)) from None


def environment(extra=None):
    values = dict(os.environ)
    values.pop("AXVCPU_DEBUG", None)
    for name, value in (extra or {}).items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    return values


def run(*arguments, stdin=b"", env=None, patience=PATIENCE, **options):
    """Runs to the end on pipes. stdin: bytes, or a file as subprocess takes it."""
    source = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    start = time.monotonic()
    try:
        done = subprocess.run([PROGRAM, *arguments], env=environment(env), timeout=patience, check=False, **source, **options)
    except subprocess.TimeoutExpired as expired:
        raise AssertionError("axvcpu-run %s did not end in %s s; it wrote %r" % (" ".join(arguments), patience, expired.stdout)) from None
    return Result(arguments, done.returncode, done.stdout or b"", done.stderr or b"", time.monotonic() - start)


def cpu_seconds(pid):
    """User and system time of a process so far, its threads included."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Session:
    """A run that one talks with, on pipes or (terminal=True) as the foreground job of a terminal of its own."""

    def __init__(self, *arguments, terminal=False, env=None):
        self.arguments = arguments
        self.text = b""
        self.err = b""
        self.position = 0
        self.master = self.slave = None
        self.start = time.monotonic()
        command = [PROGRAM, *arguments]
        if terminal:
            try:
                self.master, self.slave = pty.openpty()
            except OSError as error:
                raise unittest.SkipTest("no pseudo-terminal can be had (%s): is devpts mounted on /dev/pts?" % error)
            self.attributes = termios.tcgetattr(self.slave)
            # A session with this terminal as its own, so that Ctrl-C and Ctrl-Z would be what they are in a shell.
            self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=environment(env),
                                            start_new_session=True, preexec_fn=take_terminal)
            self.outputs = {self.master: "text"}
            self.input = self.master
        else:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            env=environment(env), bufsize=0)
            self.outputs = {self.process.stdout.fileno(): "text", self.process.stderr.fileno(): "err"}
            self.input = self.process.stdin.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            if descriptor is not None:
                os.close(descriptor)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def __str__(self):
        return "axvcpu-run %s: wrote\n%s\n--- stderr\n%s" % (
            " ".join(self.arguments), self.text.decode(errors="replace")[-4000:], self.err.decode(errors="replace")[-4000:])

    def send(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            data = data[os.write(self.input, data):]

    def close_input(self):
        self.process.stdin.close()

    def read_some(self, seconds):
        """Takes what comes within `seconds`, and returns at the first of it."""
        ready = select.select(list(self.outputs), [], [], max(seconds, 0))[0]
        for descriptor in ready:
            try:
                data = os.read(descriptor, 65536)
            except OSError as error:
                if error.errno != errno.EIO:  # a terminal's other end was closed
                    raise
                data = b""
            if not data:
                del self.outputs[descriptor]
            elif self.outputs[descriptor] == "text":
                self.text += data
            else:
                self.err += data
        return bool(ready)

    def expect(self, pattern, patience=PATIENCE):
        """Waits for output, behind what was expected before, that matches; returns the match on text."""
        compiled = re.compile(pattern if isinstance(pattern, bytes) else pattern.encode())
        deadline = time.monotonic() + patience
        while True:
            match = compiled.search(self.text, self.position)
            if match:
                self.position = match.end()
                return match
            if time.monotonic() > deadline or not self.outputs:
                raise AssertionError("%r did not come; %s" % (pattern, self))
            if not self.read_some(deadline - time.monotonic()) and self.process.poll() is not None:
                raise AssertionError("%r did not come before the end (status %s); %s" % (pattern, self.process.poll(), self))

    def wait(self, patience=PATIENCE):
        """Reads to the end and returns the Result."""
        deadline = time.monotonic() + patience
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError("no end in %s s; %s" % (patience, self))
            self.read_some(0.05) if self.outputs else time.sleep(0.02)
        while self.outputs and self.read_some(0.05):
            pass
        return Result(self.arguments, self.process.returncode, self.text, self.err, time.monotonic() - self.start)

    def kill(self, number):
        os.kill(self.process.pid, number)

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def wait_raw(self, raw=True, patience=PATIENCE):
        self.wait_until(lambda: self.is_raw() == raw, "the terminal to be %s" % ("raw" if raw else "as it was"), patience)

    def wait_until(self, condition, what, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError("waited in vain for %s; %s" % (what, self))
            self.read_some(0.01)

    def terminal_is_restored(self):
        return termios.tcgetattr(self.slave) == self.attributes

    def cpu_use(self, seconds):
        """The share of a CPU that the process uses over that many seconds."""
        before = cpu_seconds(self.process.pid)
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            self.read_some(start + seconds - time.monotonic())
        return (cpu_seconds(self.process.pid) - before) / (time.monotonic() - start)


def take_terminal():
    import fcntl
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


class Case(unittest.TestCase):
    """A test case with a folder of its own for files."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def guest(self, name):
        return self.file(name + ".bin", guest(name))

    def session(self, *arguments, **options):
        session = Session(*arguments, **options)
        self.addCleanup(session.__exit__)
        return session

    def run_ok(self, *arguments, **options):
        return self.ends(OK, *arguments, **options)

    def ends(self, status, *arguments, says=(), **options):
        """Runs, and checks the status and that standard error (one message, no more than it must) has the texts."""
        result = run(*arguments, **options)
        self.assertEqual(result.status, status, str(result))
        for text in (says,) if isinstance(says, str) else says:
            self.assertIn(text, result.err, str(result))
        return result


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def hear_signals():
    """Whoever runs the tests in the background may have had signals ignored, which programs inherit."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def main(runs_guests=True, arguments=None):
    """Runs the test cases of the script, or those named. Without the program or, for guests, a backend it skips aloud."""
    hear_signals()
    if not os.access(PROGRAM, os.X_OK):
        skip("there is no program %s; AXVCPU_RUN names it" % PROGRAM)
    if runs_guests and run("--inspect", BACKEND).status == UNAVAILABLE:
        skip("there is no backend %s" % BACKEND)
    ran = unittest.main(verbosity=2, argv=None if arguments is None else [sys.argv[0], *arguments], exit=False).result
    if not ran.wasSuccessful():
        sys.exit(1)
    if ran.skipped:  # unittest calls that a success, and meson would show a pass
        skip("; ".join("%s: %s" % (case.id(), why) for case, why in ran.skipped))
