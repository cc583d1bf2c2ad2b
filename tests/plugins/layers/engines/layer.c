/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer with an engine of its own: its run carries the registers over, lets that engine run, and carries them back.
 * The test tells it what to open, and when.
 */
#include <stdio.h>
#include <stdlib.h>

#include <axvcpu/plugin/engine.h>
#include <axvcpu/plugin/layer.h>

#include "../fixture.h"

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	struct engines_fixture *fixture = (struct engines_fixture *)(uintptr_t)strtoull(options, NULL, 0);

	fixture->engines = host->get_extension(AXARCH_ENGINES);
	if (!fixture->engines)
		return host->error(AXVCPU_ERROR_UNSUPPORTED, "a host before 1.2");
	fixture->below = site->below;
	fixture->origin = site->origin;
	fixture->arch = site->arch;
	*ret_self = fixture;
	return 0;
}

static void detach(void *self)
{
	struct engines_fixture *fixture = self;

	fixture->engines->close(fixture->engine);
	fixture->engine = NULL;
}

/* As a vCPU is: set_entry, set_ept_root, setup, bind. */
static int32_t start(struct engines_fixture *fixture)
{
	const struct axarch_dispatch *other;
	int32_t error = fixture->engines->open(fixture->origin, fixture->backend, &fixture->engine, &fixture->other);

	if (error)
		return error;
	other = fixture->other;
	error = other->set_entry.fn(other->set_entry.self, 0x4000);
	if (!error)
		error = other->set_ept_root.fn(other->set_ept_root.self, 0);
	if (!error)
		error = fixture->engines->setup(fixture->engine);
	if (!error)
		error = other->bind.fn(other->bind.self);
	return error;
}

static int32_t run_other(struct engines_fixture *fixture, struct axvcpu_exit *exit)
{
	const struct axarch_dispatch *other = fixture->other;
	int32_t error = fixture->engines->transfer(fixture->below, other, fixture->arch);

	if (!error)
		error = other->run.fn(other->run.self, exit);
	return error ? error : fixture->engines->transfer(other, fixture->below, fixture->arch);
}

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	struct engines_fixture *fixture = self;
	int32_t error = 0;

	if (!fixture->backend)
		return fixture->below->run.fn(fixture->below->run.self, exit);
	if (!fixture->engine)
		error = start(fixture);
	if (!error)
		error = run_other(fixture, exit);
	if (error)
		snprintf(fixture->text, sizeof(fixture->text), "%s", fixture->engines->error_text());
	return error;
}

static const struct axarch_layer_ops ops = { .run = run };

AXARCH_LAYER(.id = "engines", .summary = "for tests", .options = "an address", .attach = attach, .detach = detach,
	     .ops = &ops);
