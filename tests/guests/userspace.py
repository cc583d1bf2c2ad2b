#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs print in a Linux guest what they print on the host: busybox, and a C program that computes with floating point.

    userspace.py --build BUILD_DIR --floating PROGRAM --run AXVCPU_RUN [ARGUMENT]...

`fetch.sh BUILD_DIR linux-amd64` and `busybox` get what is needed; without: skipped (77).
"""

import argparse
import difflib
import io
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import cpio  # noqa: E402

EXIT_SKIP = 77
PATIENCE = 240
SCRIPT = os.path.join(HERE, "linux", "userspace.sh")
BEGIN, END = "AXVCPU-GUEST: begin", "AXVCPU-GUEST: end"
INIT = f"""#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
echo "{BEGIN}"
/bin/busybox sh /userspace.sh /bin/busybox /floating
echo "{END} $?"
/bin/busybox poweroff -f
"""


def cached(build, name):
    found = subprocess.run(["sh", os.path.join(HERE, "fetch.sh"), "--cached", build, name], check=False, capture_output=True,
                           text=True)
    if found.returncode:
        print(found.stderr.strip())
        sys.exit(EXIT_SKIP)
    return found.stdout.strip()


def initramfs(busybox, floating, path):
    archive = cpio.Archive()
    archive.copy(busybox, "/bin/busybox", mode=0o755)
    archive.copy(floating, "/floating", mode=0o755)
    archive.copy(SCRIPT, "/userspace.sh", mode=0o755)
    init = path + ".init"
    with open(init, "w", encoding="utf-8") as file:
        file.write(INIT)
    archive.copy(init, "/init", mode=0o755)
    archive.folder("/dev")
    archive.device("/dev/console", 5, 1)
    output = io.BytesIO()
    archive.write(output)
    with open(path, "wb") as file:
        file.write(output.getvalue())


def on_host(busybox, floating):
    environment = {"PATH": "/bin", "LC_ALL": "C"}
    return subprocess.run([busybox, "sh", SCRIPT, busybox, floating], check=True, capture_output=True, text=True,
                          env=environment).stdout.splitlines()


def in_guest(arguments, kernel, archive):
    command = [*arguments, "--mem", "256M", "--initrd", archive, "--append", "console=ttyS0 quiet cryptomgr.notests",
               "--timeout", str(PATIENCE), kernel]
    ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE + 30)
    lines = ended.stdout.decode("latin-1").replace("\r\n", "\n").splitlines()
    if ended.returncode or BEGIN not in lines or END + " 0" not in lines:
        sys.exit("the guest did not come to its end (status %d):\n%s\n%s" %
                 (ended.returncode, "\n".join(lines[-30:]), ended.stderr.decode("latin-1")))
    return lines[lines.index(BEGIN) + 1:lines.index(END + " 0")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--floating", required=True)
    parser.add_argument("--run", required=True, nargs=argparse.REMAINDER)
    options = parser.parse_args()
    linux, busybox = cached(options.build, "linux-amd64"), cached(options.build, "busybox")
    with tempfile.TemporaryDirectory() as work:
        archive = os.path.join(work, "initramfs")
        initramfs(busybox, options.floating, archive)
        host = on_host(busybox, options.floating)
        guest = in_guest(options.run, os.path.join(linux, "vmlinuz"), archive)
    differences = list(difflib.unified_diff(host, guest, "host", "guest", lineterm="", n=0))
    print("\n".join(differences) or "%d lines, all the same" % len(host))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
