/* SPDX-License-Identifier: Apache-2.0 */
/* The exit statuses of axvcpu-run, once: the constants, the table in --help and the one in the man page come from here.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

/* clang-format off */
/* STATUS(NAME, value, "as shown", "meaning") */
#define CLI_STATUSES(STATUS) \
	STATUS(OK, 0, "0", "the guest powered off, or the command did what it was asked for") \
	STATUS(GUEST, 1, "1-62", "the guest's own code: sifive_test FAIL with that code, x86_64's port 0xf4, or 1 for an SBI system " \
	       "reset whose reason is a system failure") \
	STATUS(GUEST_OTHER, 63, "63", "the guest ended with a code that does not fit into 1-62") \
	STATUS(USAGE, 64, "64", "the command line is wrong") \
	STATUS(DATA, 65, "65", "an image, initrd or device tree is malformed or does not fit into the guest's memory") \
	STATUS(NO_INPUT, 66, "66", "a file cannot be read") \
	STATUS(UNAVAILABLE, 69, "69", "no such backend or layer, or it was refused") \
	STATUS(ENGINE, 70, "70", "the engine failed") \
	STATUS(HOST, 71, "71", "the host lacks memory, threads or descriptors") \
	STATUS(CANNOT_CREATE, 73, "73", "a file cannot be created") \
	STATUS(OUTPUT, 74, "74", "output could not be written: closed, or the disk is full") \
	STATUS(RESET, 80, "80", "the guest asked for a reset, under --no-reboot") \
	STATUS(QUIT, 81, "81", "ended at the console with Ctrl-A x") \
	STATUS(STUCK, 82, "82", "the guest cannot go on: it jumped to where no memory is, or every CPU stopped itself") \
	STATUS(TIMEOUT, 124, "124", "--timeout ended the run") \
	STATUS(SIGNAL, 128, "129-143", "128 + the signal that ended the run: 129 SIGHUP, 130 SIGINT (Ctrl-C), 131 SIGQUIT, 143 SIGTERM")
/* clang-format on */

#define CLI_STATUS_CONSTANT(name, value, shown, text) STATUS_##name = (value),
enum { CLI_STATUSES(CLI_STATUS_CONSTANT) };
#undef CLI_STATUS_CONSTANT

#endif
