#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which engine --backend auto takes for x86_64 guests, and what is said of it. Two fixtures stand for KVM and the simulator: the
guest's status tells which of them ran it.
"""

import os
import time
import unittest

import harness

HARDWARE, SIMULATOR = harness.OK, 9


def has_kvm():
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
        return True
    except OSError:
        return False


class Case(harness.Case):

    def auto(self, status, *arguments, probed="able", says=(), env=None):
        """A guest for which either will do."""
        image = self.file("image", b"\xf4")
        return self.ends(status, image, "--arch", "x86_64", "--timeout", "20", *arguments, says=says, env={"PROBED": probed, **(env or {})})

    def alone(self, name):
        """An environment in which this one is all that there is."""
        source = next(row["path"] for row in harness.run("--list", "--json").json() if row["name"] == name)
        with open(source, "rb") as file:
            os.chmod(self.file("axvcpu-%s.so" % name, file.read()), 0o644)
        return {"AXVCPU_PLUGIN_PATH": self.folder, "AXVCPU_PLUGIN_ADD_PATH": "/nonexistent"}


@unittest.skipUnless(has_kvm(), "/dev/kvm cannot be used: hardware is not even a candidate")
class WithDevice(Case):

    def test_hardware_that_is_able(self):
        """It is taken, and nothing is said of it."""
        self.assertEqual(self.auto(HARDWARE).err, "")

    def test_hardware_that_is_not(self):
        for probed, says in (("emulation", "FailEntry"), ("unable", "IoWrite"), ("shutdown", "SystemDown"), ("error", "not in the state")):
            with self.subTest(probed):
                result = self.auto(SIMULATOR, probed=probed, says=["engine probed-simulator: probed-hardware cannot run kernels here", says, "--backend probed-hardware"])
                self.assertEqual(result.err.count("engine"), 1, str(result))

    def test_hardware_that_hangs(self):
        start = time.monotonic()
        self.auto(SIMULATOR, probed="hanging", says="Kicked")
        self.assertLess(time.monotonic() - start, 10)

    def test_no_simulator(self):
        """Then there is nothing to choose: the hardware runs the guest, as far as it can."""
        self.auto(harness.ENGINE, probed="emulation", env=self.alone("probed-hardware"), says="FailEntry")

    def test_both_are_asked_for_by_name(self):
        for probed in ("able", "emulation"):
            result = self.auto(SIMULATOR, "--backend", "probed-simulator", probed=probed)
            self.assertNotIn("engine", result.err)
        self.auto(harness.ENGINE, "--backend", "probed-hardware", probed="emulation", says="FailEntry")

    def test_fields_decide(self):
        """What only one of them has is that one's, and is not tried first."""
        self.auto(HARDWARE, "--set", "create.both=1")
        self.auto(SIMULATOR, "--set", "create.both=1", probed="emulation")
        self.auto(SIMULATOR, "--set", "create.simulator_only=1", says=["engine probed-simulator", "--set"])
        self.auto(HARDWARE, "--set", "create.hardware_only=1")
        self.auto(harness.ENGINE, "--set", "create.hardware_only=1", probed="emulation", says="FailEntry")
        self.auto(harness.ENGINE, "--chip", "kernel", probed="emulation", says="FailEntry")
        self.auto(HARDWARE, "--chip", "kernel")

    def test_bad_fields_are_told_of(self):
        for bad in ("create.neither=1", "create.both", "nothing", "create.=1", "create.both=10"):
            with self.subTest(bad):
                self.auto(harness.USAGE, "--set", bad, says=["--set"])

    def test_statistics_name_it(self):
        for probed, name in (("able", "probed-hardware"), ("emulation", "probed-simulator")):
            self.auto(HARDWARE if probed == "able" else SIMULATOR, "--stats", probed=probed, says=name)

    def test_at_a_terminal(self):
        image = self.file("image", b"\xf4")
        for probed, name in (("able", "probed-hardware"), ("emulation", "probed-simulator")):
            session = self.session(image, "--arch", "x86_64", terminal=True, env={"PROBED": probed})
            session.expect("axvcpu-run: engine %s: .*; Ctrl-A x ends the run" % name)
            session.wait()

    def test_the_simulator_rescues_hardware(self):
        """Where the layer is installed, and nothing is said of it by hand."""
        with_layer = {"AXVCPU_PLUGIN_PATH": os.environ["AXVCPU_PLUGIN_PATH"] + ":" + os.environ["RESCUE_FOLDER"]}
        layer = "rescue=probed-simulator,late"
        self.assertNotIn("rescue", self.auto(HARDWARE, "--stats").err)
        self.auto(HARDWARE, "--stats", env=with_layer, says=["probed-hardware", layer])
        self.assertNotIn("rescue", self.auto(SIMULATOR, "--stats", probed="emulation", env=with_layer).err)
        self.assertNotIn("rescue", self.auto(HARDWARE, "--stats", "--chip", "kernel", env=with_layer).err)
        self.assertNotIn("rescue", self.auto(HARDWARE, "--stats", "--backend", "probed-hardware", env=with_layer).err)
        by_hand = self.auto(HARDWARE, "--stats", "--layer", "rescue=probed-simulator", env=with_layer)
        self.assertNotIn(layer, by_hand.err)

    def test_what_it_costs(self):
        """Beside a run that has not to choose."""
        image = self.file("image", b"\xf4")
        times = {}
        for backend in ("auto", "probed-hardware"):
            times[backend] = min(harness.run(image, "--arch", "x86_64", "--backend", backend).seconds for _ in range(10))
        self.assertLess(times["auto"] - times["probed-hardware"], 0.1)


class WithoutHardware(Case):

    def test_simulator_alone(self):
        """Nothing was passed over."""
        self.assertNotIn("engine", self.auto(SIMULATOR, env=self.alone("probed-simulator")).err)


if __name__ == "__main__":
    harness.main(runs_guests=False)
