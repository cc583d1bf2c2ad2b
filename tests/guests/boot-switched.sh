#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   boot-switched.sh BUILD_DIR CPUS PLUGIN AXVCPU_RUN [ARGUMENT]...
#
# Boots Debian's stock kernel, as boot-linux.sh does, with cpus that are moved a hundred times between two engines: PLUGIN, the file of a
# backend, and a copy of it, which is another engine to the library. Skips (77) where there are no guests.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$1 cpus=$2 plugin=$3
shift 3

linux=$(sh "$here/fetch.sh" --cached "$build" linux-amd64) || exit 77
busybox=$(sh "$here/fetch.sh" --cached "$build" busybox) || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
cp "$plugin" "$work/axvcpu-other.so"
chmod 644 "$work/axvcpu-other.so"
python3 "$here/initramfs.py" "$busybox" "$work/initramfs"
TMPDIR=$work sh "$here/linux.sh" sh "$here/switches.sh" "$cpus" 100 100 8000 "$plugin" "$work/axvcpu-other.so" "$@" \
    --backend "$plugin" --smp "$cpus" --mem 256M --initrd "$work/initramfs" \
    --append "console=ttyS0 quiet cryptomgr.notests share=8 until=9 expect_cpus=$cpus" "$linux/vmlinuz"
