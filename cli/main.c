/* SPDX-License-Identifier: Apache-2.0 */
/* axvcpu-run: a small hosted VMM on axvcpu's public headers alone. What it does is in the files around this one. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "backends.h"
#include "built.h"
#include "fail.h"
#include "options.h"
#include "output.h"
#include "run.h"
#include "signals.h"

/*
 * A descriptor 0, 1 or 2 that is closed would be given to the next file that is opened. Standard output is opened for
 * reading, so that writing to it still fails.
 */
static void fill_standard_descriptors(void)
{
	static const int flags[] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			return;
}

static int show_help(void)
{
	options_help(stdout);
	return output_finish();
}

static int show_version(void)
{
	puts("axvcpu-run " AXVCPU_VERSION);
	return output_finish();
}

static int act(const struct options *options, int signal_fd)
{
	switch (options->action) {
	case ACTION_HELP:
		return show_help();
	case ACTION_VERSION:
		return show_version();
	case ACTION_LIST:
		return backends_list(options);
	case ACTION_INSPECT:
		return backends_inspect(options);
	case ACTION_DUMP_DTB:
		return run_dump_dtb(options, signal_fd);
	default:
		return run_guest(options, signal_fd);
	}
}

int main(int argc, char **argv)
{
	struct options options;
	int signal_fd, status;

	fill_standard_descriptors();
	built_add_plugins();
	status = options_parse(argc, argv, &options);
	if (!status)
		status = signals_open(&signal_fd);
	if (!status)
		status = act(&options, signal_fd);
	options_finish(&options);
	if (status && fail_text()[0])
		fprintf(stderr, "axvcpu-run: %s\n", fail_text());
	return status;
}
