#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--help, --version and the manual page: they say the same, and all of it."""

import os
import re
import shutil
import subprocess
import unittest

import harness

MANUAL = os.path.join(harness.SOURCE, "docs", "axvcpu-run.1")

# What the program is to have; an option that is taken away, or that nobody described, fails here.
OPTIONS = {"arch", "chip", "mem", "smp", "append", "initrd", "entry", "dtb", "dumpdtb", "backend", "set", "layer", "list", "inspect", "json", "help",
           "version", "stats", "timeout", "no-reboot", "vcpu", "switch", "symbols"}
STATUSES = {"0", "63", "64", "65", "66", "69", "70", "71", "74", "80", "81", "82", "124"}


def manual():
    """The manual page's text without roff's escapes and fonts."""
    with open(MANUAL, encoding="utf-8") as file:
        text = file.read()
    return re.sub(r"\\f.|\\&", "", text).replace("\\-", "-")


class Help(harness.Case):

    def setUp(self):
        super().setUp()
        self.help = self.run_ok("--help").out
        self.options = set(re.findall(r"^  --([a-z-]+)", self.help, re.M))
        self.statuses = set(re.findall(r"^  (\d[\d-]*) ", self.help.split("Exit status")[1], re.M))

    def test_every_option(self):
        self.assertEqual(self.options, OPTIONS)

    def test_statuses(self):
        self.assertLessEqual(STATUSES, self.statuses)

    def test_every_option_exists(self):
        """Each option of --help is one that the program knows: what it says to a wrong use is not 'no such option'."""
        for option in sorted(self.options):
            with self.subTest(option):
                self.assertNotIn("there is no option", harness.run("--" + option + "=", "--help", patience=10).err)

    def test_lines_fit(self):
        self.assertEqual([line for line in self.help.splitlines() if len(line) > 100], [])

    def test_says_the_same_behind_other_options(self):
        self.assertEqual(self.run_ok("--smp", "2", "-h", "no-such-image").out, self.help)

    def test_writes_nothing_else(self):
        self.assertEqual(self.run_ok("--help").err, "")

    def test_version(self):
        self.assertRegex(self.run_ok("--version").out, r"^axvcpu-run \d+\.\d+\.\d+\n$")


class Manual(Help):

    def test_every_option(self):
        text = manual()
        described = set(re.findall(r"--([a-z][a-z-]*)", text)) | set(re.findall(r"\bFl -([a-z][a-z-]*)", text))
        self.assertEqual(self.options - described, set(), "options that the manual does not have")

    def test_statuses(self):
        text = manual()
        for status in self.statuses:
            low, _, high = status.partition("-")
            self.assertRegex(text, r"\b%s\b" % low, "status %s" % status)
            self.assertRegex(text, r"\b%s\b" % (high or low), "status %s" % status)

    def test_environment(self):
        for name in ("AXVCPU_PLUGIN_PATH", "AXVCPU_PLUGIN_ADD_PATH", "AXVCPU_DEBUG"):
            self.assertIn(name, manual())
            self.assertIn(name, self.help)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
    def test_well_formed(self):
        checked = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", MANUAL], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 check=False)
        self.assertEqual((checked.returncode, checked.stdout.decode()), (0, ""))


if __name__ == "__main__":
    harness.main(runs_guests=False)
