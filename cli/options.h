/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table of options, from which parsing, ranges, suggestions and --help come. Opens no file. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_CPUS_MAX 64u

/* What the command line asks for. */
enum { ACTION_RUN, ACTION_LIST, ACTION_INSPECT, ACTION_DUMP_DTB, ACTION_HELP, ACTION_VERSION };

/* The values of an option that may be given again, in order. They point into argv. */
struct texts {
	const char **items;
	size_t count;
};

struct options {
	int action;        /* ACTION_* */
	const char *image; /* NULL: the built-in guest */
	const char *backend;
	const char *inspect;
	const char *append;
	const char *initrd;
	const char *dtb;
	const char *dump_dtb;
	struct texts sets;
	struct texts layers;
	struct texts vcpus;
	struct texts switches;
	const char *symbols; /* the file; NULL: the image */
	uint32_t arch;       /* AXVCPU_ARCH_* of the guest; 0: not said */
	uint64_t memory;     /* bytes */
	uint64_t cpus;
	uint64_t entry;
	uint64_t timeout_ns; /* 0: none */
	bool has_entry;
	bool stats;
	bool json;
	bool no_reboot;
	bool kernel_chip; /* the engine's own interrupt controllers */
};

/*
 * Fills ret_options from the command line; texts point into argv. On failure the status (of cli/status.h) with a text
 * by fail(). options_finish releases what was filled in, also after a failure.
 */
int options_parse(int argc, char **argv, struct options *ret_options);
void options_finish(struct options *options);

/* Writes what --help shows. */
void options_help(FILE *stream);

/* The name of the option at `index`, without its dashes; NULL past the last. */
const char *options_name(size_t index);

/* A number with an optional suffix K, M, G or T, or false. Decimal, 0x hexadecimal; nothing behind it. */
bool options_number(const char *text, uint64_t *ret_value);

#endif
