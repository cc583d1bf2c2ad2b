#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The ACPI tables as iasl (Debian: acpica-tools) reads them: it takes each one apart, puts the DSDT together again, and has no
# complaint. The argument is the test that writes them. Without iasl: 77, a skip.
set -eu

command -v iasl >/dev/null || { echo "SKIP: no iasl (package acpica-tools): nobody takes the tables apart"; exit 77; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder"
cd "$folder"
for table in FACP APIC DSDT FACS XSDT; do
	iasl -d "$table.dat" > "$table.log" 2>&1 || { cat "$table.log"; exit 1; }
	if grep -iE 'error|invalid|incorrect|warning|unknown' "$table.log" "$table.dsl"; then
		cat "$table.log"
		exit 1
	fi
done
grep -q 'Name (_S5' DSDT.dsl
grep -q 'Device (C03F)' DSDT.dsl
grep -q '0x03F8,             // Range Minimum' DSDT.dsl
iasl -vi -we DSDT.dsl > again.log 2>&1 || { cat again.log; exit 1; }
grep -q '0 Errors, 0 Warnings' again.log || { cat again.log; exit 1; }
