/* SPDX-License-Identifier: Apache-2.0 */
/* What a test sees of a layer. */
#ifndef TESTS_PLUGINS_LAYERS_FIXTURE_H
#define TESTS_PLUGINS_LAYERS_FIXTURE_H

struct axarch_dispatch;
struct axarch_engine;
struct axarch_engines;
struct axarch_origin;

struct fixture {
	unsigned *counter; /* set by the test: gives attach and detach their numbers */
	unsigned order;
	unsigned detached;
	unsigned runs;
	const struct axarch_dispatch *below;
};

/* Of the layer "engines", whose options are the address of one. */
struct engines_fixture {
	const char *backend; /* set by the test: what to run on; NULL: what is below */
	const struct axarch_engines *engines;
	const struct axarch_dispatch *below;
	const struct axarch_dispatch *other;
	struct axarch_engine *engine;
	struct axarch_origin *origin;
	unsigned arch;
	char text[256]; /* of the last error */
};

#endif
