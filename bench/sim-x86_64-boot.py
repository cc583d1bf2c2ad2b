#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long Debian's stock kernel takes from the start to its /init, and on to power-off: axvcpu-run, and QEMU's TCG beside it.

    sim-x86_64-boot.py --run AXVCPU_RUN --build BUILD_DIR [--backend NAME] [--rounds N] [--json FILE]

Run by meson benchmark. Method. Both boot the same bzImage and initramfs with 256 MiB and one CPU: a static busybox whose /init
writes a line and powers off. QEMU's machine is pc without any device but the serial port (microvm, which has even less,
at times never comes to its console). Time is the host's, from the start of the process: until the line has come
through the console, and until the process has ended. They take turns; the best of N rounds counts (3). Once with the
command line as a user has it, once with `cryptomgr.notests quiet`, that leaves out the self-tests of the kernel's crypto.

Memory is what the process has resident when the line comes (smaps), without the mapping that is the guest's RAM. The
start of the first guest instruction is what axvcpu-run --stats says, for a guest that powers off at once; beside it
the whole life of that process, and of one whose command line is --version.

`fetch.sh BUILD_DIR linux-amd64` and `busybox` get the guests; without them, or without the backend, it is skipped (77).
"""

import argparse
import io
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
GUESTS = HERE.parent / "tests" / "guests"
sys.path.insert(0, str(GUESTS))
import cpio  # noqa: E402

EXIT_SKIP = 77
LIMIT = 600
MEMORY_MIB = 256
LINE = b"AXVCPU-BENCH: init"
INIT = "#!/bin/busybox sh\necho %s\nexec /bin/busybox poweroff -f\n" % LINE.decode()
COMMAND_LINES = {"stock": "console=ttyS0", "quiet": "console=ttyS0 cryptomgr.notests quiet"}
START_GUEST = bytes((0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef))  # mov $0x604, %dx; mov $0x2000, %ax; out %ax, %dx


class Failed(Exception):
    pass


def initramfs(busybox):
    archive = cpio.Archive()
    archive.copy(busybox, "/bin/busybox", mode=0o755)
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as init:
        init.write(INIT)
        init.flush()
        archive.copy(init.name, "/init", mode=0o755)
    archive.folder("/dev")
    archive.device("/dev/console", 5, 1)
    output = io.BytesIO()
    archive.write(output)
    return output.getvalue()


def resident_beside_ram(pid):
    """MiB that the process has resident, without the largest of its mappings that can be the guest's RAM."""
    total, ram, size = 0, 0, 0
    with open("/proc/%d/smaps" % pid, encoding="ascii", errors="replace") as file:
        for text in file:
            words = text.split()
            if words[0] == "Size:":
                size = int(words[1])
            elif words[0] == "Rss:":
                total += int(words[1])
                if size >= MEMORY_MIB * 1024:
                    ram = max(ram, int(words[1]))
    return (total - ram) / 1024


def boot(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    seen, memory, text = None, None, b""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        while True:
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                break
            text += chunk
            if seen is None and LINE in text:
                seen = time.monotonic() - start
                try:
                    memory = resident_beside_ram(process.pid)
                except OSError:
                    pass  # it has ended already
            if time.monotonic() - start > LIMIT:
                process.kill()
    end = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if seen is None or process.returncode:
        raise Failed("%s ended with %s before its /init was there, or after it:\n%s" %
                     (command[0], process.returncode, text.decode(errors="replace")[-2000:]))
    return {"init_seconds": seen, "end_seconds": end, "memory_mib": memory,
            "cpu_seconds": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime}


def best(old, new):
    return {name: value if old.get(name) is None or value is not None and value < old[name] else old[name] for name, value in new.items()}


def commands(options, kernel, archive, words):
    found = {options.backend: [options.run, "--backend", options.backend, "--mem", "%dM" % MEMORY_MIB, "--initrd", archive, "--append",
                               words, "--timeout", str(LIMIT), kernel]}
    if shutil.which("qemu-system-x86_64"):
        found["tcg"] = ["qemu-system-x86_64", "-accel", "tcg", "-M", "pc", "-m", str(MEMORY_MIB), "-nodefaults", "-no-user-config",
                        "-no-reboot", "-display", "none", "-serial", "stdio", "-kernel", kernel, "-initrd", archive, "-append", words]
    return found


def measure_boots(options, kernel, archive):
    rows = []
    for kind, words in COMMAND_LINES.items():
        row = {}
        for _ in range(options.rounds):
            for name, command in commands(options, kernel, archive, words).items():
                row[name] = best(row.get(name, {}), boot(command))
        for name, figures in row.items():
            rows.append({"command_line": kind, "engine": name, **figures})
            print("%-8s %-12s %8.2f %8.2f %8.2f %10s" %
                  (kind, name, figures["init_seconds"], figures["end_seconds"], figures["cpu_seconds"],
                   "%.1f" % figures["memory_mib"] if figures["memory_mib"] is not None else ""), flush=True)
    return rows


def life_of(command):
    start = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise Failed("%s: %s" % (" ".join(map(str, command)), done.stderr))
    return time.monotonic() - start, done.stderr


def measure_start(options, folder):
    image = folder / "start.bin"
    image.write_bytes(START_GUEST)
    first, whole, nothing = [], [], []
    for _ in range(20):
        seconds, said = life_of([options.run, "--backend", options.backend, "--stats", "--json", image])
        first.append(json.loads(said)["start_seconds"])
        whole.append(seconds)
        nothing.append(life_of([options.run, "--version"])[0])
    figures = {"first_instruction_ms": min(first) * 1e3, "whole_ms": min(whole) * 1e3, "version_ms": min(nothing) * 1e3}
    print("\nStart to first instruction: %(first_instruction_ms).1f ms; to the end of a guest that powers off at once: %(whole_ms).1f ms; "
          "--version: %(version_ms).1f ms" % figures)
    return figures


def run(options, kernel, busybox):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        archive = folder / "initramfs.cpio"
        archive.write_bytes(initramfs(busybox))
        print("%-8s %-12s %8s %8s %8s %10s" % ("", "engine", "init, s", "end, s", "CPU, s", "beside RAM, MiB"))
        rows = measure_boots(options, kernel, str(archive))
        start = measure_start(options, folder)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"boots": rows, "start": start}, indent=2) + "\n", encoding="ascii")


def guest(build, name):
    done = subprocess.run(["sh", GUESTS / "fetch.sh", "--cached", build, name], check=False, capture_output=True, text=True)
    return done.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--backend", default="sim-x86_64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    linux, busybox = guest(options.build, "linux-amd64"), guest(options.build, "busybox")
    if not linux or not busybox:
        print("skipped: run tests/guests/fetch.sh BUILD_DIR linux-amd64, and busybox")
        return EXIT_SKIP
    if subprocess.run([options.run, "--inspect", options.backend], check=False, stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode:
        print("skipped: there is no backend %s" % options.backend)
        return EXIT_SKIP
    try:
        run(options, os.path.join(linux, "vmlinuz"), busybox)
    except Failed as why:
        print("FAILED: %s" % why)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
