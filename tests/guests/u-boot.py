#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots Debian's U-Boot with axvcpu-run, types commands at its prompt, and checks what it answers against what is known here.

    u-boot.py --run AXVCPU_RUN --build BUILD_DIR [--harts N] [GROUP...]

AXVCPU_PLUGIN_PATH says where the backends are. The image is the one of tests/guests/fetch.sh, or --image. Groups are the classes
below; without one all run. Without the image it skips aloud.
"""

import argparse
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
import harness  # noqa: E402

PROMPT = r"(?:^|\n)=> "
LOAD_ADDRESS = 0x80200000
RAM_BASE = 0x80000000
SCRATCH = 0x84000000
MIB = 1 << 20


class Setup:
    """What the command line chose."""
    image = ""
    harts = 1


def bytes_of(name):
    return hashlib.shake_128(name.encode()).digest(65536)


class Uboot(harness.Case):
    """A booted U-Boot, and talking with it."""

    terminal = False
    memory = 192

    def boot(self, *arguments, image=None, terminal=None):
        self.uboot = self.session("--backend", harness.BACKEND, "--smp", str(Setup.harts), "--mem", "%dM" % self.memory, "--timeout",
                                  "300", *arguments, image or Setup.image,
                                  terminal=self.terminal if terminal is None else terminal)
        self.stop_autoboot()
        return self.uboot

    def stop_autoboot(self):
        self.uboot.expect(r"Hit any key to stop autoboot")
        self.uboot.send(" ")
        self.uboot.expect(PROMPT)

    def type(self, command):
        """Types a command and returns what it answers."""
        start = self.uboot.position
        self.uboot.send(command + "\r")
        self.uboot.expect(PROMPT)
        answer = self.uboot.text[start:self.uboot.position].decode(errors="replace").replace("\r", "")
        echoed, _, rest = answer.partition("\n")
        self.assertEqual(echoed.strip(), command, "the echo of what was typed")
        return rest.rpartition("=> ")[0]

    def power_off(self):
        self.uboot.send("poweroff\r")
        result = self.uboot.wait()
        self.assertEqual(result.status, harness.OK, str(result))
        return result

    def crc32(self, address, size):
        answer = self.type("crc32 %x %x" % (address, size))
        match = re.search(r"crc32 for ([0-9a-f]+) \.\.\. ([0-9a-f]+) ==> ([0-9a-f]{8})", answer)
        self.assertTrue(match, answer)
        self.assertEqual((int(match[1], 16), int(match[2], 16)), (address, address + size - 1))
        return int(match[3], 16)

    def property(self, node, name):
        """A property of the device tree that U-Boot was given, as U-Boot writes it; None without it."""
        self.type("fdt addr $fdtcontroladdr")
        answer = self.type("fdt print %s %s" % (node, name))
        match = re.match(re.escape(name) + r" = (.*)", answer)
        return match[1].strip() if match else None

    def number(self, node, name):
        """A property of one or two cells."""
        text = self.property(node, name)
        self.assertIsNotNone(text, "%s has no %s" % (node, name))
        return int("".join(cell.zfill(8) for cell in re.findall(r"0x([0-9a-f]+)", text)), 16)


class Commands(Uboot):
    """The commands, each with an answer that is known here. One boot, for it takes a while."""

    def test_commands(self):
        self.boot()
        for step in (self.version, self.bdinfo, self.md, self.crc32_of_memory, self.crc32_of_image, self.harts, self.sleep):
            with self.subTest(step.__name__):
                step()
        self.power_off()

    def version(self):
        with open(Setup.image, "rb") as file:
            inside = re.search(rb"U-Boot \d{4}\.\d{2}[^\0\n]*", file.read())[0].decode()
        self.assertIn(inside + "\n", self.type("version"))

    def bdinfo(self):
        answer = self.type("bdinfo")
        bank = re.search(r"DRAM bank\s*= 0x0*0\n-> start\s*= 0x([0-9a-f]+)\n-> size\s*= 0x([0-9a-f]+)\n", answer)
        self.assertTrue(bank, answer)
        self.assertEqual((int(bank[1], 16), int(bank[2], 16)), (RAM_BASE, self.memory * MIB))

    def md(self):
        self.type("mw.l %x 12345678 10" % SCRATCH)
        self.type("mw.b %x a5" % (SCRATCH + 5))
        self.type("mw.w %x beef" % (SCRATCH + 8))
        self.type("mw.q %x 1122334455667788" % (SCRATCH + 16))
        expected = bytearray(bytes.fromhex("78563412") * 16)
        expected[5] = 0xa5
        expected[8:10] = (0xbeef).to_bytes(2, "little")
        expected[16:24] = (0x1122334455667788).to_bytes(8, "little")
        for letter, width in (("b", 1), ("w", 2), ("l", 4), ("q", 8)):
            answer = self.type("md.%s %x %x" % (letter, SCRATCH, 64 // width))
            shown = bytearray()
            for address, values in re.findall(r"^([0-9a-f]{8}):((?: [0-9a-f]{%d})+)  " % (2 * width), answer, re.M):
                self.assertEqual(int(address, 16), SCRATCH + len(shown), answer)
                for value in values.split():
                    shown += int(value, 16).to_bytes(width, "little")
            self.assertEqual(shown, expected, answer)

    def crc32_of_memory(self):
        self.type("mw.l %x deadbeef 4000" % SCRATCH)
        pattern = bytes.fromhex("efbeadde") * 0x4000
        for start, size in ((0, 0x10000), (1, 0x1001), (0xffff, 1)):
            self.assertEqual(self.crc32(SCRATCH + start, size), zlib.crc32(pattern[start:start + size]))

    def crc32_of_image(self):
        """U-Boot runs from a copy at the end of memory; the code at its load address is as it was in the file."""
        with open(Setup.image, "rb") as file:
            code = file.read()[0x1000:0x41000]
        self.assertEqual(self.crc32(LOAD_ADDRESS + 0x1000, len(code)), zlib.crc32(code))

    def harts(self):
        self.type("fdt addr $fdtcontroladdr")
        listed = re.findall(r"^\s*cpu@([0-9a-f]+) \{", self.type("fdt list /cpus"), re.M)
        self.assertEqual(sorted(int(hart, 16) for hart in listed), list(range(Setup.harts)))
        self.assertEqual(len(re.findall(r"^\s*\d+: cpu@", self.type("cpu list"), re.M)), Setup.harts)
        for hart in range(Setup.harts):
            self.assertEqual(self.number("/cpus/cpu@%x" % hart, "reg"), hart)
        self.assertEqual(self.number("/cpus", "timebase-frequency"), 10000000)

    def sleep(self):
        start = time.monotonic()
        self.type("sleep 1")
        took = time.monotonic() - start
        self.assertGreater(took, 0.9)
        self.assertLess(took, 10)


class CommandsOnTerminal(Commands):
    terminal = True

    def power_off(self):
        result = super().power_off()
        self.assertTrue(self.uboot.terminal_is_restored(), str(result))
        return result


class Boot(Uboot):
    """What the command line gives to the guest arrives, as U-Boot sees it."""

    def test_append_and_initrd(self):
        ramdisk = bytes_of("initrd")[:60001]
        self.boot("--append", "console=ttyS0 root=/dev/ram \"quoted words\" x=1", "--initrd", self.file("initrd", ramdisk))
        self.assertEqual(self.property("/chosen", "bootargs").replace("\\", ""), "\"console=ttyS0 root=/dev/ram \"quoted words\" x=1\"")
        start, end = self.number("/chosen", "linux,initrd-start"), self.number("/chosen", "linux,initrd-end")
        self.assertEqual(end - start, len(ramdisk))
        self.assertEqual(self.crc32(start, len(ramdisk)), zlib.crc32(ramdisk))
        self.power_off()

    def test_device_tree(self):
        path = os.path.join(self.folder, "board.dtb")
        self.run_program("--smp", str(Setup.harts), "--mem", "%dM" % self.memory, "--dumpdtb", path)
        with open(path, "rb") as file:
            tree = file.read()
        model = re.search(rb"axvcpu[ -~]*board\0", tree)[0]
        changed = self.file("changed.dtb", tree.replace(model, b"custom" + model[6:]))
        self.boot("--dtb", changed, "--append", "from-append")
        self.assertEqual(self.property("/", "model"), '"custom%s"' % model[6:-1].decode())
        self.assertEqual(self.property("/chosen", "bootargs"), '"from-append"')
        self.power_off()

    def run_program(self, *arguments):
        result = harness.run(*arguments)
        self.assertEqual(result.status, harness.OK, str(result))

    def test_elf_file(self):
        elf = os.path.join(os.path.dirname(Setup.image), "uboot.elf")
        if not os.path.exists(elf):
            print("not tested: there is no " + elf)
            return
        self.boot(image=elf)
        self.assertIn("U-Boot", self.type("version"))
        self.power_off()

    def test_reset(self):
        """A reset starts the guest anew, with memory as the loader left it; under --no-reboot it ends the run."""
        uboot = self.boot()
        uboot.send("reset\r")
        self.stop_autoboot()
        self.assertIn("U-Boot", self.type("version"))
        self.power_off()
        uboot = self.boot("--no-reboot")
        uboot.send("reset\r")
        self.assertEqual(uboot.wait().status, harness.RESET)

    def test_typed_ahead(self):
        """Standard input is a file whose end comes long before the guest's."""
        with open(self.file("typed", b"\nversion\necho it is $baudrate\npoweroff\n"), "rb") as typed:
            result = self.run_ok("--backend", harness.BACKEND, "--smp", str(Setup.harts), "--timeout", "300", Setup.image, stdin=typed,
                                 patience=300)
        self.assertIn("GNU ld", result.out)
        self.assertIn("it is 115200", result.out)

    def test_two_at_once(self):
        first = self.boot()
        self.type("mw.l %x 11111111 10" % SCRATCH)
        second = self.boot()
        self.type("mw.l %x 22222222 10" % SCRATCH)
        for uboot, byte in ((first, b"\x11"), (second, b"\x22")):
            self.uboot = uboot
            self.assertEqual(self.crc32(SCRATCH, 64), zlib.crc32(byte * 64))
        for uboot in (first, second):
            self.uboot = uboot
            self.power_off()


class Prompt(Uboot):
    """At the prompt, where a user is most of the time."""

    def test_idle(self):
        self.boot(terminal=True)
        self.uboot.read_some(0.5)
        use = self.uboot.cpu_use(2)
        self.assertLess(use, 0.2, "share of a CPU that is used at an idle prompt")
        start = time.monotonic()
        self.type("echo still there")
        self.assertLess(time.monotonic() - start, 5)
        self.power_off()

    def test_ctrl_c_is_the_guests(self):
        self.boot(terminal=True)
        self.assertTrue(self.uboot.is_raw())
        self.uboot.send("sleep 1000\r")
        self.uboot.expect("sleep 1000")
        time.sleep(0.5)
        self.uboot.send("\x03")
        self.uboot.expect(PROMPT)
        self.power_off()
        self.assertTrue(self.uboot.terminal_is_restored())

    def test_ways_out(self):
        ways = [(number, harness.of_signal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
        for way, status in ways + [("\x01x", harness.QUIT)]:
            with self.subTest(str(way)):
                uboot = self.boot(terminal=True)
                uboot.send(way) if isinstance(way, str) else uboot.kill(way)
                result = uboot.wait()
                self.assertEqual(result.status, status, str(result))
                self.assertTrue(uboot.terminal_is_restored(), str(result))

    def test_stop_and_continue(self):
        uboot = self.boot(terminal=True)
        uboot.kill(signal.SIGTSTP)
        uboot.wait_until(lambda: stopped(uboot.process.pid), "the process to stop")
        self.assertTrue(uboot.terminal_is_restored())
        uboot.kill(signal.SIGCONT)
        uboot.wait_raw()
        self.assertIn("still there", self.type("echo still there"))
        self.power_off()
        self.assertTrue(uboot.terminal_is_restored())


def stopped(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def find_image(build):
    fetched = subprocess.run(["sh", os.path.join(HERE, "fetch.sh"), "--cached", build], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             check=False)
    if fetched.returncode:
        harness.skip(fetched.stderr.decode().strip())
    return fetched.stdout.decode().strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", default=harness.PROGRAM)
    parser.add_argument("--build", default=os.path.join(HERE, "..", "..", "build"))
    parser.add_argument("--image")
    parser.add_argument("--harts", type=int, default=1)
    parser.add_argument("groups", nargs="*", default=["Commands", "CommandsOnTerminal", "Boot", "Prompt"])
    chosen = parser.parse_args()
    harness.PROGRAM = chosen.run
    Setup.image = chosen.image or find_image(chosen.build)
    Setup.harts = chosen.harts
    harness.main(arguments=chosen.groups)


if __name__ == "__main__":
    main()
