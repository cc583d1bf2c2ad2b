#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# What userspace.py runs on the host and in the guest: userspace.sh BUSYBOX FLOATING. It prints nothing that depends on the machine.
busybox=$1 floating=$2

numbers() {
    $busybox awk 'BEGIN { x = 42; for (i = 0; i < 800; i++) { x = (x * 16807) % 2147483647; print x, x / 7, x % 1000 / 3 } }'
}

numbers | $busybox md5sum
numbers | $busybox sha1sum
numbers | $busybox sha256sum
numbers | $busybox sha512sum
numbers | $busybox sha3sum
numbers | $busybox sort -n | $busybox head -n 200 | $busybox tail -n 4
numbers | $busybox gzip -9 | $busybox gunzip | $busybox tail -n 2
numbers | $busybox bzip2 | $busybox bunzip2 | $busybox md5sum
numbers | $busybox od -t x1 -A d | $busybox tail -n 3
numbers | $busybox sed 's/1\(.\)/\1-/g; 100q' | $busybox tail -n 2
numbers | $busybox grep -c '7.*7'
numbers | $busybox tr 0-9 a-j | $busybox cut -d ' ' -f 3 | $busybox uniq | $busybox wc
echo '2 400 ^ 3 / p 100 k 2 v p' | $busybox dc
echo 'scale=60; 4*a(1); e(1); s(0.5)' | $busybox bc -l
$busybox factor 1000000007 4294967291 600851475143
numbers | $busybox uuencode numbers | $busybox md5sum
$busybox seq 1 200 | $busybox xargs -n 7 $busybox echo | $busybox tail -n 2
echo $((-17 / 5)) $((-17 % 5)) $((0x7fffffffffffffff + 1))
$floating
