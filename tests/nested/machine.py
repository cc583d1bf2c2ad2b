# SPDX-License-Identifier: Apache-2.0
"""A machine with /dev/kvm where there is none: QEMU's TCG simulates a CPU with AMD's virtualisation and nested paging.

It knows what init.c reports, and nothing of what is tested. Nothing of it outlives the process that started it.
"""

import os
import select
import shutil
import subprocess
import tempfile
import time

QEMU = "qemu-system-x86_64"

# The self tests of the kernel's ciphers would be a good part of the time it takes to boot.
COMMAND_LINE = "console=ttyS0 quiet panic=-1 cryptomgr.notests"


# What the machine's kernel says when one of its CPUs hangs in QEMU, as parallel ones may (see command). No program of the machine
# can do that to it. Which of the kernel's watchers sees it first is chance.
LOCKUPS = (b"watchdog: BUG: soft lockup", b"rcu_preempt detected stalls", b"rcu_preempt self-detected stall")


class Failed(Exception):
    """The machine did not do what it should: it ended, was silent for too long, or said that something is amiss."""


class LockedUp(Failed):
    """The simulated machine itself hangs."""


class Machine:
    """Use it in a with statement: its end is QEMU's end."""

    def __init__(self, kernel, pack, smp, memory, cpu, parallel):
        self.initrd = tempfile.TemporaryFile()
        self.console = tempfile.TemporaryFile()
        pack.write(self.initrd)
        self.initrd.flush()
        self.buffer = b""
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            self.command(kernel, smp, memory, cpu, parallel), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.console,
            pass_fds=[self.initrd.fileno(), self.console.fileno()])

    def command(self, kernel, smp, memory, cpu, parallel):
        """The kernel's console is the first serial port; the second, QEMU's standard output, is for reports alone.

        CPUs take turns unless they are asked to be parallel: QEMU before 8.1 may translate an instruction for one CPU just as another
        replaces it. That CPU executes the old one from then on, which in a kernel is a breakpoint: it hangs.
        """
        return [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-accel", "tcg,tb-size=512,thread=" + ("multi" if parallel else "single"),
                "-cpu", cpu, "-smp", str(smp), "-m", "%dM" % memory,
                "-kernel", kernel, "-initrd", "/dev/fd/%d" % self.initrd.fileno(), "-append", COMMAND_LINE,
                "-chardev", "file,id=console,append=on,path=/dev/fd/%d" % self.console.fileno(), "-serial", "chardev:console",
                "-chardev", "stdio,id=reports,signal=off", "-serial", "chardev:reports"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.initrd.close()
        self.console.close()

    def console_text(self):
        """What the kernel, and QEMU itself, had to say."""
        self.console.seek(0)
        return self.console.read()

    def more(self, deadline, patience):
        """Takes what comes next from the reports."""
        while not select.select([self.process.stdout], [], [], min(5, max(0, deadline - time.monotonic())))[0]:
            if any(sign in self.console_text() for sign in LOCKUPS):
                raise LockedUp("a CPU of the machine hangs")
            if time.monotonic() >= deadline:
                raise LockedUp("the machine reports nothing more, for %d s" % patience)
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            raise Failed("the machine ended before it should (QEMU's status: %d)" % self.process.wait())
        self.buffer += data

    def take(self, size):
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def report(self, patience):
        """The next report: its words, and the bytes that come with it. Fails after `patience` seconds, or at a fatal one."""
        deadline = time.monotonic() + patience
        while b"\n" not in self.buffer:
            self.more(deadline, patience)
        line = self.take(self.buffer.index(b"\n") + 1).decode(errors="replace").strip()
        words = line.split()
        if words[:1] == ["fatal"]:
            raise Failed(line)
        size = int(words[2]) if words[:1] == ["output"] else 0
        while len(self.buffer) < size:
            self.more(deadline, patience)
        return words, self.take(size)


def is_there():
    return shutil.which(QEMU) is not None
