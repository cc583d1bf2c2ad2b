/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake: whether an ops table is one that this host can call. */
#ifndef CORE_LOADER_CHECK_H
#define CORE_LOADER_CHECK_H

#include "note.h"

/*
 * Compares the exported struct with what the note promised and with the host's own op list. `symbol_size` is what the
 * object's symbol table says (0: not known). Everything that is wrong goes into `report`.
 */
void check_ops(const struct axarch_vcpu_ops *ops, size_t symbol_size, const struct axarch_description *promised,
	       struct report *report);

/* The lists of two op texts, row by row, for the rows that both have. Layers are checked by it too. */
void check_ops_text(const char *text, struct report *report);

/* The host's own table: the plugin's ops, and for those that it lacks stubs that answer Unsupported. */
void check_copy_ops(struct axarch_vcpu_ops *ret_ops, const struct axarch_vcpu_ops *plugin);

/* The offset of an op in struct axarch_vcpu_ops by its name; 0 when there is none. */
size_t check_op_offset(const char *name);

#endif
