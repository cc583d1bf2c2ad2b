#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   tests/guests/fetch.sh [--cached] BUILD_DIR
#
# Writes the path of Debian's U-Boot for riscv64's S-mode to standard output: that of the installed package u-boot-qemu, or else of
# a copy under BUILD_DIR/guests. apt fetches it and checks its signature; nothing is installed and apt's state stays as it
# is. --cached fetches nothing. When it cannot be had: nothing on standard output, the reason on standard error, status 1.
set -eu

package=u-boot-qemu
file=usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin

die() { printf 'fetch: %s\n' "$*" >&2; exit 1; }

cached=""
[ "${1:-}" != --cached ] || { cached=yes; shift; }
[ $# = 1 ] || { sed -n '4s/^# */usage: /p' "$0" >&2; exit 64; }
folder=$1/guests

for candidate in "/$file" "$folder/$package/$file"; do
    if [ -r "$candidate" ]; then
        printf '%s\n' "$candidate"
        exit 0
    fi
done
[ -z "$cached" ] || die "the package $package is not installed, and nothing is in $folder: run tests/guests/fetch.sh $1"
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    die "the package $package is not installed, and this is no Debian that could fetch it: copy its $file to $folder/$package/$file"

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
apt-get download -q "$package" >apt.log 2>&1 || {
    cat apt.log >&2
    die "apt cannot fetch $package; 'apt-get update' makes it look anew, or install the package"
}
dpkg-deb -x "$package"_*.deb unpacked
[ -r "unpacked/$file" ] || die "the package $package has no $file any more"
rm -rf "$folder/$package" # of a run that was interrupted
mv unpacked "$folder/$package"
printf '%s\n' "$folder/$package/$file"
