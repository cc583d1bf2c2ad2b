/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#ifndef DIFFERENTIAL_OPTIONS_H
#define DIFFERENTIAL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	const char *backend;
	const char *config;
	const char *only; /* mnemonics, by commas; NULL: all */
	uint64_t seed;
	uint64_t cases;
	uint64_t single; /* with `has_single`: this case alone */
	unsigned mode;
	unsigned chain;
	unsigned jobs;
	unsigned differences; /* to print of each mnemonic */
	bool has_single;
	bool list;
	bool summary;
	bool missing;
};

enum options_answer { OPTIONS_GO, OPTIONS_DONE, OPTIONS_WRONG };

enum options_answer options_parse(int argc, char **argv, struct options *ret_options);

#endif
