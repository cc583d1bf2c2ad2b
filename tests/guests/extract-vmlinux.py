#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the kernel's ELF file out of a bzImage, where it is the compressed payload.

    extract-vmlinux.py BZIMAGE VMLINUX

The setup header says where the payload is: Linux, Documentation/arch/x86/boot.rst, payload_offset and payload_length. The file is
written whole or not at all.
"""

import os
import struct
import subprocess
import sys

# What the payload begins with, and what unpacks it.
COMPRESSIONS = {
    b"\x1f\x8b": ("gzip", ["gzip", "-dc"]),
    b"\xfd7zXZ": ("xz-utils", ["xz", "-dc"]),
    b"\x5d\0\0": ("xz-utils", ["xz", "-dc", "--format=lzma"]),
    b"BZh": ("bzip2", ["bzip2", "-dc"]),
    b"\x02\x21\x4c\x18": ("lz4", ["lz4", "-dc"]),
    b"\x28\xb5\x2f\xfd": ("zstd", ["zstd", "-dcq"]),
}
HEADER_VERSION_WITH_PAYLOAD = 0x208


class Refused(Exception):
    """The file is not what it should be; the text says why."""


def payload(image):
    if image[0x202:0x206] != b"HdrS" or struct.unpack_from("<H", image, 0x206)[0] < HEADER_VERSION_WITH_PAYLOAD:
        raise Refused("it is no bzImage with a payload")
    setup_sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    if not length or start + length > len(image):
        raise Refused("its payload, %d bytes at %d, is not all in it" % (length, start))
    return image[start:start + length]


def without_size(packed):
    """The kernel's build appends the unpacked size to all formats but gzip, which has it of its own."""
    return packed if packed.startswith(b"\x1f\x8b") else packed[:-4]


def decompress(packed):
    for magic, (package, command) in COMPRESSIONS.items():
        if packed.startswith(magic):
            break
    else:
        raise Refused("its payload is compressed in an unknown way, it begins with %s" % packed[:8].hex())
    try:
        done = subprocess.run(command, input=without_size(packed), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    except FileNotFoundError:
        raise Refused("its payload needs %s: install %s" % (command[0], package)) from None
    if done.returncode:
        raise Refused("%s cannot unpack its payload: %s" % (command[0], done.stderr.decode(errors="replace").strip()))
    return done.stdout


def extract(source, target):
    with open(source, "rb") as file:
        elf = decompress(payload(file.read()))
    if not elf.startswith(b"\x7fELF"):
        raise Refused("its payload is no ELF file, it begins with %s" % elf[:8].hex())
    with open(target + ".new", "wb") as file:
        file.write(elf)
    os.replace(target + ".new", target)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: extract-vmlinux.py BZIMAGE VMLINUX")
    try:
        extract(sys.argv[1], sys.argv[2])
    except (OSError, struct.error, Refused) as error:
        sys.exit("extract-vmlinux: %s: %s" % (sys.argv[1], error))


if __name__ == "__main__":
    main()
