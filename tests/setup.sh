#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh Debian 12 to a booted guest, or to a passed test suite, in one command:
#
#   sh tests/setup.sh boot          installs what is needed, builds, fetches Debian's kernel for amd64 and boots it to a shell
#   sh tests/setup.sh boot u-boot   the same with U-Boot for riscv64
#   sh tests/setup.sh test          installs what is needed, builds in every way that is supported, and runs every test
#
# Runs as root or as a user who may use sudo. What is installed already is left alone, and what is built is built once:
# all commands can be repeated. Everything that is made lies in build*/ below the checkout.
set -eu
# Plugins that others may write are refused, and so they would be after a build with a lax umask.
umask 022

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
logs=$top/build-logs

to_build="gcc libc6-dev meson ninja-build pkg-config python3 libffi-dev libelf-dev libfdt-dev libjson-c-dev libzydis-dev"
to_boot_linux="$to_build busybox-static xz-utils"
to_boot_u_boot="$to_build u-boot-qemu"
to_test="$to_boot_linux u-boot-qemu g++ clang clang-format libclang-rt-14-dev libcmocka-dev valgrind mandoc device-tree-compiler \
 gcc-riscv64-linux-gnu qemu-system-misc qemu-system-x86 lz4 acpica-tools"

say() { printf '\n== %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

usage() {
    sed -n 's/^# \{0,1\}//; 3,11p' "$0"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "installing packages needs root: run this as root, or install sudo; wanted: $*"
    fi
}

installed() {
    [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

# Installs those of the packages that are missing.
need() {
    missing=""
    for package in "$@"; do
        installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die "this is not Debian: please install the equivalents of$missing"
    say "installing$missing"
    mkdir -p "$logs"
    # shellcheck disable=SC2086 # a list of packages
    { as_root apt-get update -q &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
    } >"$logs/apt.log" 2>&1 || { tail -n 20 "$logs/apt.log" >&2; die "apt could not install$missing; see $logs/apt.log"; }
}

# build FOLDER [meson options]: configures once, builds always. What it prints is kept, and shown when it fails.
build() {
    folder=$1
    shift
    mkdir -p "$logs"
    log=$logs/$folder.log
    if [ ! -f "$folder/build.ninja" ]; then
        meson setup "$folder" "$@" >"$log" 2>&1 || { cat "$log" >&2; die "meson could not configure $folder"; }
    fi
    ninja -C "$folder" >>"$log" 2>&1 || { tail -n 60 "$log" >&2; die "the build of $folder failed; see $log"; }
}

# The engine is the host's processor where its KVM can run a kernel, else the simulated one: it says which. Without a terminal the
# guest tries what a small machine must be able to do, and powers off.
boot_linux() {
    # shellcheck disable=SC2086
    need $to_boot_linux
    say "building"
    build build
    say "fetching Debian's kernel and busybox"
    linux=$(sh tests/guests/fetch.sh "$top/build" linux-amd64) || die "Debian's kernel could not be had"
    busybox=$(sh tests/guests/fetch.sh "$top/build" busybox) || die "busybox could not be had"
    initramfs=$top/build/guests/initramfs.cpio
    python3 tests/guests/initramfs.py "$busybox" "$initramfs" || die "the initial RAM disk could not be made"
    words="console=ttyS0 quiet cryptomgr.notests"
    set -- --backend auto --smp 2 --mem 512M --initrd "$initramfs"
    if [ -t 0 ]; then
        say "booting Linux to a shell: 'poweroff' or Ctrl-A x ends it"
        exec build/cli/axvcpu-run "$@" --append "$words interactive" "$linux/vmlinuz"
    fi
    say "booting Linux (no terminal: it runs a test of its own and powers off)"
    build/cli/axvcpu-run "$@" --append "$words" --stats --timeout 600 "$linux/vmlinuz" </dev/null
}

boot_u_boot() {
    # shellcheck disable=SC2086
    need $to_boot_u_boot
    say "building"
    build build
    firmware=$(sh tests/guests/fetch.sh "$top/build") || die "U-Boot could not be had"
    if [ -t 0 ]; then
        say "booting U-Boot on the simulated CPU: press a key to stop its autoboot, 'poweroff' or Ctrl-A x ends it"
        exec build/cli/axvcpu-run --backend auto "$firmware"
    fi
    say "booting U-Boot on the simulated CPU (no terminal: typing 'version' and 'poweroff')"
    printf '\nversion\npoweroff\n' | build/cli/axvcpu-run --backend auto --timeout 120 "$firmware"
}

# check NAME COMMAND...: runs one part of the tests and remembers whether it passed.
failed=""
check() {
    name=$1
    shift
    say "$name"
    if ! "$@"; then
        failed="$failed
  $name"
    fi
}

# GCC's thread sanitizer wants an address space layout that is less random than recent kernels make it.
fixed_layout() {
    if setarch "$(uname -m)" -R true 2>/dev/null; then
        setarch "$(uname -m)" -R "$@"
    else
        "$@"
    fi
}

# What failed is told once more at the very end, behind all that is printed until then. `launcher` starts meson, if it is set.
launcher=""
run_tests() {
    folder=$1
    shift
    if $launcher meson test -C "$folder" --no-rebuild --print-errorlogs "$@"; then
        return 0
    fi
    failed="$failed
$(grep -E '^ *[0-9]+/[0-9]+ .* (FAIL|ERROR|TIMEOUT|UNEXPECTEDPASS) ' "$folder/meson-logs/testlog.txt" | cut -c 1-120)"
    return 1
}

# Without what depends on speed, and what tests no code of ours a second time.
not_twice="--no-suite guests --no-suite nested --no-suite bench --no-suite install"

# What runs programs natively beside a simulator, and asks for its speed.
not_sanitized="--no-suite cli --no-suite lockstep --no-suite engines"

test_sanitized() {
    build "build-$1" --native-file "tests/presets/$1.ini" -Dwerror=true
    # shellcheck disable=SC2086
    launcher=fixed_layout
    run_tests "build-$1" --timeout-multiplier 4 $not_twice $not_sanitized
    passed=$?
    launcher=""
    return $passed
}

test_clang() {
    CC=clang build build-clang -Dwerror=true -Dbuildtype=release
    # shellcheck disable=SC2086
    run_tests build-clang $not_twice
}

test_fuzz() {
    build build-fuzz --native-file tests/presets/fuzz.ini
    run_tests build-fuzz --suite fuzz
}

# The public headers are tables for the most part, that clang-format would take apart.
test_style() {
    git ls-files '*.c' '*.h' ':!include' 2>/dev/null | xargs -r clang-format --dry-run --Werror
}

test_all() {
    # shellcheck disable=SC2086
    need $to_test
    say "building with gcc, warnings are errors"
    build build-test -Dwerror=true
    say "fetching guests"
    for guest in u-boot linux-amd64 busybox seabios memtest86; do
        sh tests/guests/fetch.sh "$top/build-test" "$guest" >/dev/null || echo "$guest could not be fetched: its tests will be skipped"
    done
    check "style" test_style
    check "all tests" run_tests build-test
    check "tests, built by clang" test_clang
    check "tests under the address sanitizer" test_sanitized address
    check "tests under the undefined-behaviour sanitizer" test_sanitized undefined
    check "tests under the thread sanitizer" test_sanitized thread
    check "fuzzers, a short run each" test_fuzz
    [ -z "$failed" ] || die "these parts failed:$failed"
    say "every part passed"
}

case "${1:-}${2:+ $2}" in
boot | "boot linux") boot_linux ;;
"boot u-boot") boot_u_boot ;;
test) test_all ;;
-h | --help | help) usage ;;
*)
    usage >&2
    exit 64
    ;;
esac
