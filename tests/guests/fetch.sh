#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   tests/guests/fetch.sh [--cached] BUILD_DIR [u-boot | linux-amd64 | busybox | seabios | memtest86]
#
# Writes the path of a guest, as Debian has it, to standard output:
#   u-boot        U-Boot for riscv64's S-mode, a file (this is the default)
#   linux-amd64   Debian's kernel for clouds, a folder with vmlinuz (a bzImage), vmlinux (the ELF file in it, with a PVH entry), and its
#                 modules irqbypass.ko, kvm.ko and kvm-amd.ko
#   busybox       a static busybox for amd64, a file
#   seabios       the firmware of QEMU's PC, a file of 128 KiB
#   memtest86     Memtest86+ for amd64, a bzImage
#
# It is that of the installed package, or else of a copy under BUILD_DIR/guests. apt fetches it and checks its signature; nothing is
# installed and apt's state stays as it is. --cached fetches nothing. When it cannot be had: nothing on standard output, the reason
# on standard error, status 1. An interrupted run leaves no half guest behind.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

die() { printf 'fetch: %s\n' "$*" >&2; exit 1; }

usage() {
    sed -n '4s/^# */usage: /p' "$0" >&2
    exit 64
}

installed() {
    [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

# found PATH...: ends with the first that can be read.
found() {
    for candidate in "$@"; do
        if [ -r "$candidate" ]; then
            printf '%s\n' "$candidate"
            exit 0
        fi
    done
}

# may_fetch MISSING PLACE: ends when nothing is to be fetched, or when it cannot be.
may_fetch() {
    [ -z "$cached" ] || die "$1 is not there, and nothing is in $folder: run tests/guests/fetch.sh $build $guest"
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        die "$1 is not there, and this is no Debian that could fetch it: copy it to $2"
}

# Everything is made in a folder of its own, and moved to its place when it is complete.
start_work() {
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    work=$(mktemp -d "$folder/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    cd "$work"
}

# keep WORK_FOLDER NAME
keep() {
    rm -rf "${folder:?}/$2" # of a run that was interrupted
    mv "$1" "$folder/$2"
}

# unpack PACKAGE: into the folder unpacked.
unpack() {
    apt-get download -q "$1" >apt.log 2>&1 || {
        cat apt.log >&2
        die "apt cannot fetch $1; 'apt-get update' makes it look anew, or install the package"
    }
    dpkg-deb -x "${1%%:*}"_*.deb unpacked
}

# from_package PACKAGE FILE: one file, that is used where the package puts it.
from_package() {
    unpack "$1"
    [ -r "unpacked/$2" ] || die "the package $1 has no $2 any more"
    keep unpacked "${1%%:*}"
    found "$folder/${1%%:*}/$2"
}

u_boot() {
    file=usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin
    found "/$file" "$folder/u-boot-qemu/$file"
    may_fetch "U-Boot (the package u-boot-qemu)" "$folder/u-boot-qemu/$file"
    start_work
    from_package u-boot-qemu "$file"
}

# The package busybox has a busybox at the same place, that needs libraries.
busybox() {
    file=bin/busybox
    if installed busybox-static; then
        found "/$file"
    fi
    found "$folder/busybox-static/$file"
    may_fetch "a static busybox (the package busybox-static)" "$folder/busybox-static/$file"
    start_work
    from_package busybox-static:amd64 "$file"
}

seabios() {
    file=usr/share/seabios/bios.bin
    found "/$file" "$folder/seabios/$file"
    may_fetch "SeaBIOS (the package seabios)" "$folder/seabios/$file"
    start_work
    from_package seabios "$file"
}

memtest86() {
    file=boot/memtest86+x64.bin
    found "/$file" "$folder/memtest86+/$file"
    may_fetch "Memtest86+ (the package memtest86+)" "$folder/memtest86+/$file"
    start_work
    from_package memtest86+:amd64 "$file"
}

# The package of the newest kernel, that the package of no version depends on.
newest_kernel() {
    LC_ALL=C apt-cache depends "$1" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1
}

# module NAME: into the folder of the guest, uncompressed.
module() {
    file=$(find unpacked -name "$1.ko*" | head -n 1)
    case $file in
    *.ko) cp "$file" "linux-amd64/$1.ko" ;;
    *.ko.xz) xz -dc "$file" >"linux-amd64/$1.ko" ;;
    *.ko.zst) zstd -dcq "$file" >"linux-amd64/$1.ko" ;;
    *) die "the package $kernel has no module $1 that can be read here (found: ${file:-nothing})" ;;
    esac
}

linux_amd64() {
    found "$folder/linux-amd64"
    may_fetch "Debian's kernel (the package linux-image-cloud-amd64)" "$folder/linux-amd64 (vmlinuz, vmlinux, the modules)"
    kernel=$(newest_kernel linux-image-cloud-amd64:amd64)
    [ -n "$kernel" ] || die "apt knows no linux-image-cloud-amd64; 'apt-get update' makes it look anew"
    start_work
    unpack "$kernel"
    mkdir linux-amd64
    cp unpacked/boot/vmlinuz-* linux-amd64/vmlinuz || die "the package $kernel has no kernel any more"
    python3 "$here/extract-vmlinux.py" linux-amd64/vmlinuz linux-amd64/vmlinux || exit 1
    for name in irqbypass kvm kvm-amd; do
        module "$name"
    done
    keep linux-amd64 linux-amd64
    found "$folder/linux-amd64"
}

cached=""
[ "${1:-}" != --cached ] || { cached=yes; shift; }
[ $# = 1 ] || [ $# = 2 ] || usage
build=$1
folder=$1/guests
guest=${2:-u-boot}
case $guest in
u-boot) u_boot ;;
linux-amd64) linux_amd64 ;;
busybox) busybox ;;
seabios) seabios ;;
memtest86) memtest86 ;;
*) usage ;;
esac
