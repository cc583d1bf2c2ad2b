"""Guests that mean harm: whatever they do to devices, firmware calls and page tables, the program ends as its manual says, in time,
and never by a signal.
"""

import random

import harness

HARTS = ("1", "4")
LIMIT = 20  # seconds; what --timeout promises, and some for slow builds


class Hostile(harness.Case):

    def survives(self, image, *arguments, timeout="10", stdin=b""):
        result = harness.run(image, "--timeout", timeout, *arguments, stdin=stdin)
        self.assertTrue(result.status in range(64) or result.status in (harness.RESET, harness.STUCK, harness.TIMEOUT), str(result))
        self.assertLess(result.seconds, float(timeout) + LIMIT)
        self.assertNotIn("Sanitizer", result.err)
        return result

    def test_devices(self):
        """Every register of every device, in every width, aligned or not, written and read."""
        for harts in HARTS:
            for stdin in (b"", b"some input" * 100):
                result = self.survives(self.guest("devices"), "--smp", harts, stdin=stdin, timeout="50")
                self.assertEqual(result.status, harness.OK, str(result))
                self.assertTrue(result.out.endswith("\ndone\n"), str(result))

    def test_sbi(self):
        for harts in HARTS:
            result = self.survives(self.guest("sbi"), "--smp", harts, timeout="50")
            self.assertEqual(result.status, harness.OK, str(result))
            self.assertTrue(result.out.endswith("\ndone\n"), str(result))

    def test_page_tables(self):
        for harts in HARTS:
            result = self.survives(self.guest("page-tables-loop"), "--smp", harts)
            self.assertTrue(result.out.endswith("done\n"), str(result))
            self.survives(self.guest("page-tables-nowhere"), "--smp", harts, timeout="0.5")
            self.survives(self.guest("page-tables-in-device"), "--smp", harts, timeout="0.5")

    def test_atomic_on_a_device(self):
        self.ends(harness.STUCK, self.guest("atomic-on-device"), "--timeout", "5", says="0xc000000")

    def test_nowhere(self):
        self.assertEqual(self.survives(self.guest("jump-nowhere"), timeout="5").status, harness.STUCK)
        for address in (0x80000000 + (128 << 20) - 4, 0x80000000 + (128 << 20) - 2, 0x87fff000):
            with self.subTest(hex(address)):
                self.survives(self.guest("hello"), "--entry", hex(address), timeout="0.3")

    def test_trap_loop(self):
        self.assertEqual(self.survives(self.guest("trap-loop"), timeout="0.3").status, harness.TIMEOUT)

    def test_little_memory(self):
        for name in ("devices", "sbi", "page-tables-loop"):
            with self.subTest(name):
                self.survives(self.guest(name), "--mem", "4M", timeout="5")

    def test_noise(self):
        """Random bytes, and random instructions of which more are valid, with firmware calls strewn in."""
        chance = random.Random(3)
        for turn in range(24):
            code = bytearray(chance.randbytes(16384))
            if turn % 3:
                for offset in range(0, len(code), 4):
                    code[offset] |= 3
            if turn % 3 == 2:
                for offset in range(0, len(code), 64):
                    code[offset:offset + 4] = bytes.fromhex("73000000")
            with self.subTest(turn):
                self.survives(self.file("noise", bytes(code)), "--smp", HARTS[turn % 2], timeout="0.2")

    def test_noise_behind_a_trap_handler(self):
        """The same, but every trap goes on behind its cause: far more is executed."""
        chance = random.Random(4)
        for turn in range(24):
            words = [chance.choice(SEEDS) ^ (chance.getrandbits(32) & chance.choice(MASKS)) for _ in range(4096)]
            code = harness.guest("noise") + b"".join(word.to_bytes(4, "little") for word in words)
            with self.subTest(turn):
                self.survives(self.file("noise", code), "--smp", HARTS[turn % 2], timeout="0.2", stdin=b"input" * 50)


# An instruction of each kind, and the bits that are changed at random: immediates, registers, or anything.
SEEDS = (0x00000003, 0x00000023, 0x00000013, 0x00000033, 0x0000003b, 0x0000001b, 0x00000063, 0x0000006f, 0x00000067, 0x0000202f,
         0x0000302f, 0x00000073, 0x10500073, 0x12000073, 0x10200073, 0x18001073, 0x10001073, 0x0000100f, 0x00054503, 0x00a44023,
         0x00c4a023, 0x00b62023)
MASKS = (0x0, 0x000fff80, 0xfff00000, 0x01f00f80, 0x00007000, 0xffffff80, 0xffffffff)


if __name__ == "__main__":
    harness.main()
