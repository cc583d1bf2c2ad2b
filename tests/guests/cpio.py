# SPDX-License-Identifier: Apache-2.0
"""Writes an initramfs: a cpio archive as Linux takes it ("newc", see its Documentation/driver-api/early-userspace/buffer-format.rst).

Everything in it belongs to root, whoever writes it, and device nodes need no privilege: they are but entries. The same content
gives the same bytes.
"""

import os
import stat


def header(number, mode, size, name, major=0, minor=0):
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, size, 0, 0, major, minor, len(name) + 1, 0)
    return b"070701" + b"".join(b"%08X" % field for field in fields)


def padded(data):
    return data + bytes(-len(data) % 4)


class Archive:
    """Entries by their absolute paths. The folders of a path come with it; a later entry of the same path is ignored."""

    def __init__(self):
        self.entries = {}

    def folder(self, path, mode=0o755):
        if path != "/":
            self.add(path, stat.S_IFDIR | mode)

    def file(self, path, content, mode=0o644):
        self.add(path, stat.S_IFREG | mode, content)

    def copy(self, source, path=None, mode=None):
        """A file of this machine, by default at the same path. Links are followed; nobody but root may write it."""
        with open(source, "rb") as file:
            if mode is None:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o755
            self.file(path or os.path.abspath(source), file.read(), mode)

    def link(self, path, target):
        self.add(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path, major, minor, mode=0o600):
        self.add(path, stat.S_IFCHR | mode, device=(major, minor))

    def add(self, path, mode, content=b"", device=(0, 0)):
        if not path.startswith("/"):
            raise ValueError("%s is no absolute path" % path)
        path = os.path.normpath(path)
        if path in self.entries:
            return
        self.folder(os.path.dirname(path))
        self.entries[path] = (mode, content, device)

    def write(self, output):
        for number, (path, (mode, content, device)) in enumerate(self.entries.items(), start=1):
            self.write_entry(output, number, os.fsencode(path.lstrip("/")), mode, content, device)
        self.write_entry(output, 0, b"TRAILER!!!", 0, b"", (0, 0))

    @staticmethod
    def write_entry(output, number, name, mode, content, device):
        output.write(padded(header(number, mode, len(content), name, *device) + name + b"\0"))
        output.write(padded(content))
