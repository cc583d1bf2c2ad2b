#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the initramfs of the Linux guests under test: busybox and linux/init, which says what it does.

    initramfs.py BUSYBOX OUTPUT

BUSYBOX is a static one of the guest's architecture; for amd64 `fetch.sh BUILD_DIR busybox` gets it. No privilege is needed.
"""

import io
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import cpio  # noqa: E402


def make(busybox):
    """The archive's bytes."""
    archive = cpio.Archive()
    archive.copy(os.path.join(HERE, "linux", "init"), "/init", mode=0o755)
    archive.copy(busybox, "/bin/busybox", mode=0o755)
    for folder in ("/proc", "/sys", "/dev", "/tmp"):
        archive.folder(folder)
    # The kernel opens the console before /init could have mounted anything.
    archive.device("/dev/console", 5, 1)
    archive.device("/dev/null", 1, 3, mode=0o666)
    output = io.BytesIO()
    archive.write(output)
    return output.getvalue()


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: initramfs.py BUSYBOX OUTPUT")
    busybox, path = sys.argv[1:]
    try:
        content = make(busybox)
        with open(path + ".new", "wb") as file:
            file.write(content)
        os.replace(path + ".new", path)
    except OSError as error:
        sys.exit("initramfs: %s" % error)


if __name__ == "__main__":
    main()
