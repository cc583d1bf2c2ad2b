#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong command lines: each names the option, says what would be right, and the nearest spelling; nothing runs."""

import harness

USAGE, HOST = harness.USAGE, harness.HOST

# Arguments, the status, and texts that the message has.
WRONG = [
    (["--smp", "0"], USAGE, ["--smp", "0", "1 to 64"]),
    (["--smp", "65"], USAGE, ["--smp", "65", "1 to 64"]),
    (["--smp", "-1"], USAGE, ["--smp", "-1", "1 to 64"]),
    (["--smp", "two"], USAGE, ["--smp", "two", "1 to 64"]),
    (["--smp", "4x"], USAGE, ["--smp", "4x"]),
    (["--smp", ""], USAGE, ["--smp"]),
    (["--smp", "99999999999999999999"], USAGE, ["--smp", "1 to 64"]),
    (["--smp"], USAGE, ["--smp", "value"]),
    (["--mem", "0"], USAGE, ["--mem", "4M"]),
    (["--mem", "1M"], USAGE, ["--mem", "1M", "4M"]),
    (["--mem", "128MiB"], USAGE, ["--mem", "128MiB", "did you mean \"128M\""]),
    (["--mem", "128 M"], USAGE, ["--mem", "did you mean \"128M\""]),
    (["--mem", "much"], USAGE, ["--mem", "much", "4M"]),
    (["--mem", "-128M"], USAGE, ["--mem", "-128M"]),
    (["--mem", " 128M"], USAGE, ["--mem"]),
    (["--mem", "0x"], USAGE, ["--mem", "0x"]),
    (["--mem", "18446744073709551616"], USAGE, ["--mem"]),
    (["--mem", "17179869184G"], USAGE, ["--mem"]),
    (["--mem", "5000001"], USAGE, ["--mem", "4K"]),
    (["--mem", "1000000M"], HOST, ["--mem", "this host"]),
    (["--timeout", "0"], USAGE, ["--timeout", "0.001"]),
    (["--timeout", "-1"], USAGE, ["--timeout", "-1"]),
    (["--timeout", "1h"], USAGE, ["--timeout", "1h", "seconds"]),
    (["--timeout", "nan"], USAGE, ["--timeout", "nan"]),
    (["--timeout", "inf"], USAGE, ["--timeout", "inf"]),
    (["--timeout", "1e99"], USAGE, ["--timeout", "1e99"]),
    (["--entry", "start"], USAGE, ["--entry", "start", "0x80200000"]),
    (["--entry", "-4"], USAGE, ["--entry"]),
    (["--entry", "0x10000000"], USAGE, ["--entry", "0x10000000", "0x80000000"]),
    (["--entry", "0x80200001"], USAGE, ["--entry", "0x80200001"]),
    (["--image", "x"], USAGE, ["--image"]),
    (["--tiemout", "1"], USAGE, ["--tiemout", "--timeout"]),
    (["--memory", "1G"], USAGE, ["--memory", "--mem"]),
    (["--no-rebot"], USAGE, ["--no-rebot", "--no-reboot"]),
    (["--lsit"], USAGE, ["--lsit", "--list"]),
    (["--appned=x"], USAGE, ["--appned", "--append"]),
    (["-x"], USAGE, ["-x", "--help"]),
    (["-smp", "2"], USAGE, ["-smp", "--smp"]),
    (["---"], USAGE, ["---"]),
    (["--=x"], USAGE, ["--"]),
    (["--list=yes"], USAGE, ["--list", "yes"]),
    (["--stats=1"], USAGE, ["--stats"]),
    (["one", "two"], USAGE, ["two", "one"]),
    ([""], USAGE, ["empty"]),
    (["--initrd", ""], USAGE, ["--initrd", "FILE"]),
    (["--dtb="], USAGE, ["--dtb"]),
    (["--backend", ""], USAGE, ["--backend"]),
    (["--backend", "sim-riscv46"], harness.UNAVAILABLE, ["--backend", "sim-riscv46", "sim-riscv64"]),
    (["--backend", "./not-there.so"], harness.UNAVAILABLE, ["--backend", "./not-there.so"]),
    (["--inspect", "sim-riscv46"], harness.UNAVAILABLE, ["--inspect", "sim-riscv64"]),
    (["--set", "deterministic=on"], USAGE, ["--set", "deterministic=on", "create."]),
    (["--set", "craete.deterministic=on"], USAGE, ["--set", "did you mean \"create\""]),
    (["--set", "create.deterministic"], USAGE, ["--set", "FIELD=VALUE"]),
    (["--set", "create.=1"], USAGE, ["--set", "FIELD=VALUE"]),
    (["--set", "create.determinstic=on"], USAGE, ["--set", "determinstic", "deterministic"]),
    (["--set", "create.deterministic=perhaps"], USAGE, ["--set", "deterministic", "perhaps"]),
    (["--set", "create.code_cache=33"], USAGE, ["--set", "code_cache", "33", "1..32"]),
    (["--set", "create.code_cache=much"], USAGE, ["--set", "code_cache", "much"]),
    (["--set", "setup.reserved=1"], USAGE, ["--set", "reserved"]),
    (["--set", ""], USAGE, ["--set"]),
    (["--layer", "trcae"], harness.UNAVAILABLE, ["trcae", "trace"]),
    (["--layer", ""], None, ["layer"]),
]


class Usage(harness.Case):

    def test_wrong(self):
        for arguments, status, texts in WRONG:
            with self.subTest(" ".join(arguments)):
                result = harness.run(*arguments)
                if status is None:
                    self.assertIn(result.status, (USAGE, harness.UNAVAILABLE), str(result))
                else:
                    self.assertEqual(result.status, status, str(result))
                self.assertEqual(result.out, "", "nothing ran")
                self.assertTrue(result.err.startswith("axvcpu-run: "), str(result))
                for text in texts:
                    self.assertIn(text, result.err, str(result))

    def test_many_wrong_at_once_do_not_crash(self):
        self.ends(USAGE, *["--set=create.x=1"] * 500, says="--set")
        self.ends(USAGE, "--" + "x" * 100000)
        self.ends(USAGE, "--set", "create." + "x" * 100000 + "=1", says="--set")
        self.ends(harness.UNAVAILABLE, "--backend", "x" * 100000)
        self.ends(harness.NO_INPUT, "x" * 100000)

    def test_right_at_the_edges(self):
        """The ranges that the messages name are the ones that are taken."""
        for arguments in (["--smp", "64"], ["--smp=1"], ["--mem", "4M"], ["--mem=4194304"], ["--mem", "0x8000000"], ["--mem", "128m"],
                          ["--set", "create.code_cache=32", "--set", "create.deterministic=on"], ["--timeout", "1e3"]):
            with self.subTest(" ".join(arguments)):
                self.run_ok(*arguments)

    def test_a_strange_image_name(self):
        """Behind -- and in front of a slash an image may be called as it likes."""
        with open(self.guest("hello"), "rb") as file:
            image = self.file("--smp", file.read())
        self.assertIn("hello", self.run_ok("--", image).out)
        self.assertIn("hello", self.run_ok("--", "--smp", cwd=self.folder).out)


if __name__ == "__main__":
    harness.main()
