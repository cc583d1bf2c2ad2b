/* SPDX-License-Identifier: Apache-2.0 */
/* What a test sees of a layer. */
#ifndef TESTS_PLUGINS_LAYERS_FIXTURE_H
#define TESTS_PLUGINS_LAYERS_FIXTURE_H

struct axarch_dispatch;

struct fixture {
	unsigned *counter; /* set by the test: gives attach and detach their numbers */
	unsigned order;
	unsigned detached;
	unsigned runs;
	const struct axarch_dispatch *below;
};

#endif
