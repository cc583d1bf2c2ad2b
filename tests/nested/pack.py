# SPDX-License-Identifier: Apache-2.0
"""Packs programs of this machine, and what they need, for one that has nothing else.

A file lies in there at the same path as here, so that arguments, run paths and folders of plugins mean the same.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "guests"))
import cpio  # noqa: E402
import initramfs  # noqa: E402


class Missing(Exception):
    """A guest cannot be had: what needs it is skipped. The text says the way out."""


class Broken(Exception):
    """A program, or what it needs, is not as it should be: that is a failure."""


def libraries(path):
    """The shared objects that the dynamic linker would load for a file, itself included."""
    done = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, env={**os.environ, "LC_ALL": "C"})
    found = []
    for line in done.stdout.decode(errors="replace").splitlines():
        words = line.split()
        if "not found" in line:
            raise Broken("%s needs a library that is not there: %s" % (path, line.strip()))
        # "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)", or "/lib64/ld-linux-x86-64.so.2 (0x...)"; neither for a static one
        found += [word for word in words[:3] if word.startswith("/") and words[-1].startswith("(0x")]
    return found


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


class Guests:
    """What tests/guests/fetch.sh has fetched. Each is looked for when it is first asked for."""

    def __init__(self, build):
        self.build = build
        self.paths = {}

    def path(self, name):
        if name not in self.paths:
            done = subprocess.run(["sh", os.path.join(HERE, "..", "guests", "fetch.sh"), "--cached", self.build, name],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            if done.returncode:
                raise Missing(done.stderr.decode(errors="replace").strip())
            self.paths[name] = os.path.abspath(done.stdout.decode().strip())
        return self.paths[name]

    def linux(self, file):
        return os.path.join(self.path("linux-amd64"), file)


class Pack:
    """An archive for the machine that is booted: programs with their libraries, guests, and records for init.c."""

    FOLDERS = ("/proc", "/sys", "/dev", "/root")
    MODULES = ("irqbypass.ko", "kvm.ko", "kvm-amd.ko")

    def __init__(self, guests):
        self.guests = guests
        self.archive = cpio.Archive()
        for folder in self.FOLDERS:
            self.archive.folder(folder)
        self.archive.folder("/tmp", mode=0o1777)
        self.archive.device("/dev/console", 5, 1)
        # So that relative paths mean the same, too.
        self.folder = os.getcwd()
        self.archive.folder(self.folder)
        self.tests = 0
        # What a test's arguments may name, as @name@.
        self.names = {
            "vmlinuz": lambda: self.add(guests.linux("vmlinuz")),
            "vmlinux": lambda: self.add(guests.linux("vmlinux")),
            "busybox": lambda: self.add(guests.path("busybox")),
            "initramfs": self.add_initramfs,
        }

    def add(self, path):
        """A file as it is here, or all files of a folder; returns its path in there."""
        path = os.path.abspath(path)
        try:
            if os.path.isdir(path):
                for name in sorted(os.listdir(path)):
                    self.add(os.path.join(path, name))
            elif os.path.isfile(path):
                self.add_file(path)
            else:
                raise Broken("%s is not there" % path)
        except OSError as error:
            raise Broken(str(error)) from None
        return path

    def add_file(self, path):
        self.archive.copy(path)
        if is_elf(path):
            for library in libraries(path):
                self.archive.copy(library)

    def add_initramfs(self):
        path = "/guests/initramfs"
        self.archive.file(path, initramfs.make(self.guests.path("busybox")))
        return path

    def add_init(self, init):
        self.archive.copy(init, "/init")

    def add_modules(self):
        for module in self.MODULES:
            self.archive.copy(self.guests.linux(module), "/nested/" + module)
        self.record("modules", ["/nested/" + module for module in self.MODULES])

    def resolve(self, argument):
        for name, add in self.names.items():
            if "@%s@" % name in argument:
                argument = argument.replace("@%s@" % name, add())
        return argument

    def add_test(self, test):
        """Its program, and what its arguments name; returns the number by which init.c reports it."""
        command = [self.resolve(argument) for argument in test.command]
        self.add(command[0])
        for argument in command[1:]:
            if os.path.isfile(argument):
                self.add(argument)
        variables = [self.resolve(variable) for variable in test.variables]
        self.record(str(self.tests), [str(test.limit), self.folder, str(len(variables)), *variables, *command])
        self.tests += 1
        return self.tests - 1

    def record(self, name, fields):
        self.archive.file("/nested/" + name, b"".join(os.fsencode(field) + b"\0" for field in fields))

    def write(self, output):
        self.archive.write(output)
