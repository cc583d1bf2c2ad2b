/* SPDX-License-Identifier: Apache-2.0 */
/* A field of a type that this host does not know. */
#include "../minimal.h"

/* The records of a config of one u32, as a newer header might write them. */
#undef AXARCH_FIELD_RECORDS
#define AXARCH_FIELD_RECORDS(tag, FIELDS) { .name = "reserved", .type = 77, .count = 1, .size = 4 },

MINIMAL_PLUGIN("unknown-type", .kick = NULL);
