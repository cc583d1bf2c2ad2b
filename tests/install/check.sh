#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the build into an empty folder and uses it from there as a stranger would: a VMM compiled with pkg-config's flags, a
# plugin compiled out of the tree. usage: check.sh SOURCE BUILD
set -eu

source=$1
build=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT INT TERM

fail() { echo "FAILED: $*"; exit 1; }
has() { [ -e "$root$1" ] || fail "$1 was not installed"; }

meson install -C "$build" --no-rebuild --quiet --destdir "$root" >/dev/null
pc=$(find "$root" -name axvcpu.pc)
[ -n "$pc" ] || fail "axvcpu.pc was not installed"
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$root"
libdir=$root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=libdir axvcpu)
plugindir=$root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=plugindir axvcpu)

has /usr/local/bin/axvcpu-run
has /usr/local/include/axvcpu/axvcpu.h
has /usr/local/include/axvcpu/plugin/plugin.h
has /usr/local/share/man/man1/axvcpu-run.1
for name in axvcpu-mock axvcpu-sim-riscv64 axvcpu-layer-trace; do
    [ -f "$plugindir/$name.so" ] || fail "the plugin $name.so was not installed"
done
readelf -d "$libdir/libaxvcpu.so" | grep -q 'SONAME.*libaxvcpu\.so\.[0-9]' || fail "libaxvcpu.so has no versioned soname"

# shellcheck disable=SC2046 # flags are words
${CC:-cc} "$source/docs/examples/tiny-vmm.c" $(pkg-config --cflags --libs axvcpu) -o "$root/tiny-vmm" ||
    fail "the example does not compile with pkg-config's flags"
export LD_LIBRARY_PATH="$libdir"
said=$(AXVCPU_PLUGIN_PATH="$plugindir" "$root/tiny-vmm" sim-riscv64) || fail "the example does not run"
[ "$said" = "Hello from the guest" ] || fail "the example said: $said"

mkdir "$root/mine"
# shellcheck disable=SC2046
${CC:-cc} -shared -fPIC -fvisibility=hidden $(pkg-config --cflags axvcpu) "$source"/plugins/mock/*.c \
    -o "$root/mine/axvcpu-mock.so" || fail "the example plugin does not compile out of the tree"
AXVCPU_PLUGIN_PATH="$root/mine" "$root/usr/local/bin/axvcpu-run" --list | grep -q mock ||
    fail "axvcpu-run does not list a plugin that was built out of the tree"
AXVCPU_PLUGIN_PATH="$plugindir" "$root/usr/local/bin/axvcpu-run" --timeout 60 >/dev/null || fail "the built-in guest does not run"
echo "installed, and used from there"
