#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs axvcpu-run with options that move its cpus between two engines at random times:
#
#   switches.sh SEED COUNT FROM_MS TO_MS ENGINE OTHER PROGRAM [ARGUMENT]...
#
# COUNT times, in turn to OTHER and to ENGINE, on which they start. The times follow from SEED, and are shown. Passes when the program does
# and cpu 0 was moved as often. Needs no more of the system than busybox has.
seed=$1 count=$2 from=$3 to=$4 engine=$5 other=$6
shift 6
times=$(awk -v seed="$seed" -v count="$count" -v from="$from" -v to="$to" \
    'BEGIN { srand(seed); for (i = 0; i < count; i++) print int(from + rand() * (to - from)) }' | sort -n)
echo "seed $seed: $count switches between $engine and $other, in ms:" $times
target=$other
for time in $times; do
    set -- "$@" --switch "time=${time}ms:$target"
    [ "$target" = "$other" ] && target=$engine || target=$other
done
folder=${TMPDIR:-/tmp}/axvcpu-switches.$$
mkdir "$folder" || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP
"$@" --stats 2>"$folder/stats"
status=$?
cat "$folder/stats"
[ "$status" = 0 ] || exit "$status"
grep -q "^cpu 0 .*; $count switches" "$folder/stats" || { echo "FAILED: cpu 0 was not moved $count times"; exit 1; }
