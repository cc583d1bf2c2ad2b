/* SPDX-License-Identifier: Apache-2.0 */
/* The library whose axarch_vcpu_ops dlsym finds when it is asked for that of the plugin. */
#include "../minimal.h"

__attribute__((visibility("default"))) int32_t library_kick(void *self);

int32_t library_kick(void *self)
{
	return minimal_plain(self);
}

MINIMAL_PLUGIN("library", .kick = library_kick);
