#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Boots a Linux guest whose initramfs is initramfs.py's and passes when its acceptance test does: linux.sh PROGRAM [ARGUMENT]...
# The guest's console is shown as it comes. Needs no more of the system than busybox has.
folder=${TMPDIR:-/tmp}/axvcpu-linux.$$
mkdir "$folder" || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP

{
    "$@" </dev/null
    echo $? >"$folder/status"
} | tee "$folder/console"
status=$(cat "$folder/status")
if [ "$status" != 0 ]; then
    echo "FAILED: the status is $status"
elif ! grep -q '^AXVCPU-GUEST: all ok' "$folder/console"; then
    echo "FAILED: the guest did not say that all is well"
else
    exit 0
fi
exit 1
