#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images, initial RAM disks and device trees that are damaged, too large or not there: each its own clear error, and no crash."""

import os
import random
import struct

import harness

DATA, NO_INPUT, HOST, USAGE = harness.DATA, harness.NO_INPUT, harness.HOST, harness.USAGE
RAM = 0x80000000
LOAD = 0x80200000
MIB = 1 << 20
RISCV, X86_64 = 243, 62


def elf(segments=((LOAD, None),), entry=LOAD, machine=RISCV, bits=2, endian=1, kind=2, code=None, **header):
    """An ELF file of one code in all segments. segments: (address, file size, memory size), sizes by default the code's."""
    code = code or harness.guest("hello")
    offset = 64 + 56 * len(segments)
    fields = dict(phoff=64, phentsize=56, phnum=len(segments))
    fields.update(header)
    out = b"\x7fELF" + bytes((bits, endian, 1)) + bytes(9)
    out += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, fields["phoff"], 0, 0, 64, fields["phentsize"], fields["phnum"], 64, 0, 0)
    for segment in segments:
        address, in_file, in_memory = (tuple(segment) + (None, None))[:3]
        in_file = len(code) if in_file is None else in_file
        out += struct.pack("<IIQQQQQQ", 1, 7, offset, address, address, in_file, in_file if in_memory is None else in_memory, 4096)
    return out + code


def linux(code, text_offset=2 * MIB, image_size=None, flags=0):
    """A Linux Image: its header begins with a jump over the header."""
    return struct.pack("<IIQQQIIQQII", 0x0400006f, 0, text_offset, image_size or 64 + len(code), flags, 2, 0, 0, 0x5643534952, 0x05435352,
                       0) + code


class Good(harness.Case):
    """The files of this test are right before they are made wrong."""

    def test_formats(self):
        hello = harness.guest("hello")
        for name, content in (("flat", hello), ("elf", elf()), ("elf with more memory than file", elf(((LOAD, None, 8 * MIB),))),
                              ("elf at the start of memory", elf(((RAM, None),), RAM)), ("position-independent elf", elf(kind=3)),
                              ("linux", linux(hello)), ("linux with bss", linux(hello, image_size=32 * MIB))):
            with self.subTest(name):
                self.assertEqual(self.run_ok(self.file("image", content), "--timeout", "30").out, "hello\n")

    def test_from_a_pipe(self):
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        with self.session(fifo, "--timeout", "30") as session:
            with open(fifo, "wb") as pipe:
                pipe.write(elf())
            result = session.wait()
        self.assertEqual((result.status, result.out), (0, "hello\n"), str(result))

    def test_fills_memory(self):
        """A flat binary up to where the device tree lies is taken."""
        self.run_ok(self.file("image", harness.guest("hello") + bytes(5 * MIB)), "--mem", "8M", "--timeout", "30")


class Bad(harness.Case):

    def test_content(self):
        hello = harness.guest("hello")
        cases = [
            ("empty", b"", "empty"),
            ("larger than memory", hello + bytes(6 * MIB), "--mem"),
            ("32 bits", elf(bits=1), ""),
            ("big-endian", elf(endian=2), ""),
            ("object file", elf(kind=1), "executable"),
            ("no segments", elf(()), "load"),
            ("segment outside memory", elf(((0x1000, None),)), "0x1000"),
            ("segment past memory", elf(((RAM + 8 * MIB - 16, None),)), "memory"),
            ("segment that wraps", elf(((2 ** 64 - 16, None),)), "memory"),
            ("memory size that wraps", elf(((LOAD, None, 2 ** 64 - 1),)), "memory"),
            ("file size that wraps", elf(((LOAD, 2 ** 64 - 1, 2 ** 64 - 1),)), "truncated"),
            ("more in the file than in memory", elf(((LOAD, 60, 8),)), "larger"),
            ("overlapping segments", elf(((LOAD, None), (LOAD + 16, None))), "overlap"),
            ("entry outside memory", elf(entry=0x1000), "0x1000"),
            ("odd entry", elf(entry=LOAD + 1), "0x80200001"),
            ("program headers outside the file", elf(phoff=1 << 40), ""),
            ("65535 program headers", elf(phnum=65535), ""),
            ("big-endian linux", linux(hello, flags=1), "big-endian"),
            ("linux past memory", linux(hello, text_offset=1 << 40), "memory"),
            ("unaligned linux", linux(hello, text_offset=0x1000), "2 MiB"),
            ("linux larger than memory", linux(hello, image_size=1 << 62), "memory"),
            ("gzip", b"\x1f\x8b\x08" + bytes(100), "gunzip"),
            ("cpio", b"070701" + bytes(100), "--initrd"),
            ("device tree", b"\xd0\x0d\xfe\xed" + bytes(100), "--dtb"),
        ]
        for name, content, says in cases:
            with self.subTest(name):
                image = self.file("image", content)
                result = self.ends(DATA, image, "--mem", "8M", "--timeout", "30", says=says)
                self.assertTrue(image in result.err or "the image" in result.err, str(result))
                self.assertEqual((result.out, result.err.count("\n")), ("", 1))

    def test_other_architecture(self):
        """What the image is for decides which backend and which board it gets, unless --arch does."""
        image = self.file("image", elf(machine=X86_64))
        self.ends(harness.UNAVAILABLE, image, says=["x86_64", "auto"])
        self.ends(harness.UNAVAILABLE, image, "--backend", harness.BACKEND, says=["riscv64", "x86_64", harness.BACKEND])
        self.ends(DATA, image, "--arch", "riscv64", says=[image, "x86_64"])

    def test_cut_off(self):
        """Every prefix of an ELF file ends in an error, or is a flat binary that does no harm."""
        whole = elf(((LOAD, None), (LOAD + 4096, None)))
        for length in list(range(4, 200, 7)) + [len(whole) - 1]:
            with self.subTest(length):
                self.ends(DATA, self.file("image", whole[:length]), "--timeout", "5", says="truncated")

    def test_damaged(self):
        """A byte of the headers changed at random: it runs, or there is an error, and never a crash."""
        chance = random.Random(1)
        whole = elf(((LOAD, None), (LOAD + 4096, None)))
        for turn in range(60):
            damaged = bytearray(whole)
            for _ in range(chance.randrange(1, 4)):
                damaged[chance.randrange(4, 176)] = chance.randrange(256)
            with self.subTest(turn):
                result = harness.run(self.file("image", bytes(damaged)), "--timeout", "0.2")
                self.assertIn(result.status, (harness.OK, DATA, harness.STUCK, harness.TIMEOUT, harness.UNAVAILABLE), str(result))

    def test_files(self):
        for option in ([], ["--initrd"], ["--dtb"]):
            with self.subTest(" ".join(option)):
                self.ends(NO_INPUT, *option, os.path.join(self.folder, "missing"), says=["missing", "No such file"] + option)
                self.ends(NO_INPUT, *option, self.folder, says=[self.folder, "directory"] + option)
                self.ends(NO_INPUT, *option, "/proc/self/mem", says=["/proc/self/mem"] + option)
                empty = self.file("empty", b"")
                self.ends(DATA, *option, empty, says=[empty, "empty"] + option)

    def test_unreadable(self):
        """Root may read everything, and so tries it as nobody."""
        image = self.file("image", elf())
        os.chmod(self.folder, 0o755)
        os.chmod(image, 0)
        as_nobody = {"user": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        try:
            self.ends(harness.OK, "--version", **as_nobody)
        except PermissionError:
            self.skipTest("root may read every file, and nobody may not run " + harness.PROGRAM)
        self.ends(NO_INPUT, image, says=[image, "ermission"], **as_nobody)

    def test_endless(self):
        """A file without an end is not read for ever."""
        self.ends(DATA, "/dev/zero", "--mem", "8M", says=["/dev/zero", "--mem"])
        self.ends(DATA, "--dtb", "/dev/zero", says="/dev/zero")
        self.ends(DATA, "--initrd", "/dev/zero", "--mem", "8M", says=["/dev/zero", "--mem"])

    def test_initrd_too_large(self):
        image = self.guest("hello")
        for size in (7 * MIB, 9 * MIB):
            self.ends(DATA, image, "--mem", "8M", "--initrd", self.file("initrd", bytes(size)), says=["initrd", "--mem"])
        self.run_ok(image, "--mem", "8M", "--initrd", self.file("initrd", bytes(MIB)), "--timeout", "30")

    def test_device_tree(self):
        path = os.path.join(self.folder, "board.dtb")
        self.run_ok("--dumpdtb", path)
        with open(path, "rb") as file:
            tree = file.read()
        self.assertEqual(tree[:4], b"\xd0\x0d\xfe\xed")
        image = self.guest("hello")
        self.run_ok(image, "--dtb", path, "--timeout", "30")
        for name, content in (("garbage", os.urandom(1000)), ("a magic number alone", tree[:4]), ("a header alone", tree[:40]),
                              ("cut off", tree[:-40]), ("sizes that wrap", tree[:8] + b"\xff" * 12 + tree[20:]),
                              ("no structure", tree[:56] + bytes(len(tree) - 56)), ("too large", tree + bytes(3 * MIB))):
            with self.subTest(name):
                result = self.ends(DATA, image, "--dtb", self.file("bad.dtb", content), "--timeout", "30", says=["--dtb", "bad.dtb"])
                self.assertEqual(result.out, "")

    def test_damaged_device_tree(self):
        path = os.path.join(self.folder, "board.dtb")
        self.run_ok("--dumpdtb", path)
        with open(path, "rb") as file:
            tree = file.read()
        chance = random.Random(2)
        for turn in range(40):
            damaged = bytearray(tree)
            for _ in range(chance.randrange(1, 6)):
                damaged[chance.randrange(4, len(tree))] = chance.randrange(256)
            with self.subTest(turn):
                result = harness.run(self.guest("hello"), "--dtb", self.file("bad.dtb", bytes(damaged)), "--append", "x", "--initrd",
                                     self.file("initrd", b"x"), "--timeout", "5")
                self.assertIn(result.status, (harness.OK, DATA), str(result))

    def test_append_too_long(self):
        """A command line as long as the host takes fits into the device tree, or is refused."""
        for length in (1000, 100000):
            self.run_ok(self.guest("hello"), "--append", "x" * length, "--timeout", "30")

    def test_cannot_write_device_tree(self):
        self.ends(73, "--dumpdtb", os.path.join(self.folder, "missing", "x"), says="missing")
        self.ends(harness.OUTPUT, "--dumpdtb", "/dev/full", says="/dev/full")
        self.assertEqual(self.run_ok("--dumpdtb", "-").raw[:4], b"\xd0\x0d\xfe\xed")

    def test_more_memory_than_the_host_has(self):
        self.ends(HOST, "--mem", "60T", says=["--mem", "60T", "host"])
        with open("/proc/meminfo", encoding="ascii") as file:
            total = int(file.readline().split()[1]) // 1024
        self.ends(HOST, "--mem", "%dM" % (total * 2), says="--mem")

    def test_memory_that_the_host_does_not_give(self):
        """The host has it, but the process may not have as much."""
        import resource
        result = harness.run("--mem", "512M", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400 * MIB, 400 * MIB)))
        if "Sanitizer" in result.err:
            self.skipTest("a sanitizer needs more address space")
        self.assertEqual(result.status, HOST, str(result))
        self.assertIn("memory", result.err)

    def test_threads_that_the_host_does_not_give(self):
        import resource
        result = harness.run("--smp", "64", "--timeout", "30",
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8)))
        self.assertIn(result.status, (harness.OK, HOST), str(result))


if __name__ == "__main__":
    harness.main()
