#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--list and --inspect: what is found, what is refused and why, as text and as JSON, without running any plugin's code."""

import os
import shutil

import harness


def plugin():
    """The file of the backend that is tested, found as the program finds it."""
    return harness.run("--inspect", harness.BACKEND, "--json").json()["path"]


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


class Listing(harness.Case):

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o755)
        self.plugin = plugin()
        self.only_here = {"AXVCPU_PLUGIN_PATH": self.folder, "HOME": self.folder, "XDG_DATA_HOME": None}

    def copy(self, name=None, mode=0o644):
        path = os.path.join(self.folder, name or os.path.basename(self.plugin))
        shutil.copyfile(self.plugin, path)
        os.chmod(path, mode)
        return path

    def rows(self, *arguments, status=harness.OK, env=None):
        result = self.ends(status, "--list", "--json", *arguments, env=env)
        return {row["path"]: row for row in result.json()}

    def test_found(self):
        row = self.rows()[self.plugin]
        self.assertEqual((row["name"], row["kind"], row["arch"], row["usable"]), (harness.BACKEND, "backend", "riscv64", True))
        text = self.run_ok("--list").out
        self.assertIn(self.plugin, text)
        self.assertIn(row["summary"], text)

    def test_layers(self):
        layers = {row["name"] for row in self.rows().values() if row["kind"] == "layer"}
        self.assertIn("trace", layers)

    def test_nothing_found(self):
        result = self.ends(harness.UNAVAILABLE, "--list", "--json", env=self.only_here, says=["no usable backend", "AXVCPU_PLUGIN_PATH"])
        self.assertEqual(result.json(), [])
        self.ends(harness.UNAVAILABLE, "--timeout", "5", env=self.only_here, says=["--backend auto"])

    def test_refused(self):
        """Each refusal says why, in both forms, and does not hide what is good."""
        for name, mode, content, why in (
                ("axvcpu-writable.so", 0o666, None, "writ"),
                ("axvcpu-text.so", 0o644, b"#!/bin/sh\nexit 1\n", "ELF"),
                ("axvcpu-empty.so", 0o644, b"", ""),
                ("axvcpu-cut.so", 0o644, content_of(self.plugin)[:3000], ""),
                ("axvcpu-program.so", 0o755, content_of(harness.PROGRAM), "")):
            with self.subTest(name):
                path = os.path.join(self.folder, name)
                if content is None:
                    self.copy(name, mode)
                else:
                    self.file(name, content)
                    os.chmod(path, mode)
                good = self.copy()
                rows = self.rows(env=self.only_here)
                self.assertFalse(rows[path]["usable"])
                self.assertIn(why, rows[path]["why"])
                self.assertTrue(rows[path]["why"], "a reason")
                self.assertTrue(rows[good]["usable"])
                text = self.run_ok("--list", env=self.only_here).out
                self.assertIn("REFUSED", text)
                self.assertIn(rows[path]["why"], text)
                self.ends(harness.UNAVAILABLE, "--backend", path, says=[path, why])
                self.ends(harness.UNAVAILABLE, "--inspect", path, says=why)
                os.unlink(path)

    def test_writable_folder(self):
        path = self.copy()
        os.chmod(self.folder, 0o777)
        rows = self.rows(env=self.only_here, status=harness.UNAVAILABLE)
        self.assertFalse(any(row["usable"] for row in rows.values()))
        self.ends(harness.UNAVAILABLE, "--backend", path, says=[self.folder, "writ"])

    def test_same_name_twice(self):
        """The first folder wins, and the list says so."""
        first = self.copy()
        rows = self.rows(env={"AXVCPU_PLUGIN_PATH": self.folder + ":" + os.path.dirname(self.plugin)})
        self.assertTrue(rows[first]["usable"])
        self.assertTrue(rows[self.plugin]["why"])

    def test_by_path(self):
        path = self.copy("some-name.so")
        self.assertIn(harness.BACKEND, self.run_ok("--backend", path, env={"AXVCPU_PLUGIN_PATH": "/nonexistent"}).out)
        self.assertIn("sim-riscv64", self.run_ok("--backend", "./some-name.so", cwd=self.folder).out)

    def test_from_the_build_folder(self):
        """As the README starts it: what was built with it is found, and folders of the user's come first."""
        unset = dict(self.only_here, AXVCPU_PLUGIN_PATH=None)
        self.assertIn(harness.BACKEND, self.run_ok(env=unset, cwd="/").out)
        first = self.copy()
        rows = self.rows(env=dict(unset, AXVCPU_PLUGIN_ADD_PATH=self.folder))
        self.assertTrue(rows[first]["usable"])
        self.assertGreater(len(rows), 1)

    def test_debug(self):
        """AXVCPU_DEBUG=loader tells of the search and each refusal; without it nothing is said."""
        text = self.file("axvcpu-text.so", b"no ELF file")
        os.chmod(text, 0o644)
        self.copy()
        result = self.run_ok(env=dict(self.only_here, AXVCPU_DEBUG="loader"))
        for expected in (self.folder, harness.BACKEND):
            self.assertIn(expected, result.err, str(result))
        self.assertEqual(self.run_ok(env=self.only_here).err, "")


class Inspect(harness.Case):

    def test_fields(self):
        document = harness.run("--inspect", harness.BACKEND, "--json").json()
        fields = {field["name"]: field for field in document["create"]}
        self.assertEqual(fields["hart_id"]["type"], "u64")
        self.assertTrue({"dtb_addr", "deterministic"} <= set(fields))
        text = self.run_ok("--inspect", harness.BACKEND).out
        for field in document["create"] + document["setup"]:
            self.assertTrue(field["doc"] and field["range"] and field["default"], field)
            for part in ("name", "doc", "range", "default"):
                self.assertIn(field[part], text)

    def test_facts(self):
        document = harness.run("--inspect", harness.BACKEND, "--json").json()
        self.assertEqual((document["name"], document["arch"], document["licence"]), (harness.BACKEND, "riscv64", "Apache-2.0"))
        self.assertTrue(os.path.isabs(document["path"]))
        text = self.run_ok("--inspect", harness.BACKEND).out
        for name in ("summary", "version", "abi", "path"):
            self.assertIn(document[name], text)
        self.assertEqual(document["capabilities"].count("("), document["capabilities"].count(")"), "the list is cut off")


if __name__ == "__main__":
    harness.main()
