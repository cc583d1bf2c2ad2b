#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   boot-linux.sh BUILD_DIR IMAGE CPUS AXVCPU_RUN [ARGUMENT]...
#
# Boots Debian's stock kernel, as fetch.sh has got it for that build folder, with so many CPUs, and passes when the acceptance test of
# its initramfs does (linux.sh). IMAGE is vmlinuz, the bzImage, or vmlinux, which starts by its PVH entry. Skips (77) where there are no
# guests.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$1 image=$2 cpus=$3
shift 3

linux=$(sh "$here/fetch.sh" --cached "$build" linux-amd64) || exit 77
busybox=$(sh "$here/fetch.sh" --cached "$build" busybox) || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
python3 "$here/initramfs.py" "$busybox" "$work/initramfs"
TMPDIR=$work sh "$here/linux.sh" "$@" --smp "$cpus" --mem 256M --initrd "$work/initramfs" \
    --append "console=ttyS0 quiet cryptomgr.notests expect_cpus=$cpus" "$linux/$image"
