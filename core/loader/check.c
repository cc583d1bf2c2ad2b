/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake, the stubs and the table that lists them: all from the one list of ops. */
#include <stdio.h>
#include <string.h>

#include "../error/error.h"
#include "check.h"

enum { PRESENCE_MANDATORY = 1, PRESENCE_OPTIONAL = 0 };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* a stub has its op's parameters and no use for them */
/* clang-format off */
#define STUB(scope, name, presence, since, where, arguments, doc) \
	static int32_t stub_##name(AXARCH_SELF_##scope self AXARCH_DECLARE(arguments)) \
	{ \
		return error_set(AXVCPU_ERROR_UNSUPPORTED, "the backend has no op " #name " (%s)", doc); \
	}
AXARCH_VCPU_OPS(STUB)
#undef STUB
#pragma GCC diagnostic pop

struct op_row {
	const char *name;
	size_t offset;
	int mandatory;
	void (*stub)(void);
};

static const struct op_row rows[] = {
#define ROW(scope, name, presence, since, where, arguments, doc) \
	{ #name, offsetof(struct axarch_vcpu_ops, name), PRESENCE_##presence, (void (*)(void))stub_##name },
	AXARCH_VCPU_OPS(ROW)
#undef ROW
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Smallest struct that can be looked into: everything before the ops. */
#define HEAD_SIZE offsetof(struct axarch_vcpu_ops, create)

static void (*op_at(const struct axarch_vcpu_ops *ops, size_t offset))(void)
{
	void (*fn)(void);

	memcpy(&fn, (const char *)ops + offset, sizeof(fn));
	return fn;
}

static int lacks(const struct axarch_vcpu_ops *ops, const struct op_row *row)
{
	return row->offset + sizeof(void (*)(void)) > ops->struct_size || !op_at(ops, row->offset);
}

static void check_mandatory(const struct axarch_vcpu_ops *ops, struct report *report)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].mandatory && lacks(ops, &rows[i]))
			report_add(report, "op %s: mandatory, but %s; implement it", rows[i].name,
				   rows[i].offset + sizeof(void *) > ops->struct_size ? "the struct ends before it"
										      : "NULL");
	if (!ops->create_by_value)
		report_add(report, "create_by_value: mandatory, but NULL; end the plugin with AXARCH_PLUGIN");
	if (!ops->setup_by_value)
		report_add(report, "setup_by_value: mandatory, but NULL; end the plugin with AXARCH_PLUGIN");
}

void check_ops_text(const char *text, struct report *report)
{
	const char *ours = AXARCH_OPS_TEXT;

	if (!text) {
		report_add(report, "ops_text: expected the list of ops, found NULL; set it to AXARCH_OPS_TEXT");
		return;
	}
	for (int row = 1; *ours && *text; row++) {
		size_t our_length = strcspn(ours, "\n"), length = strcspn(text, "\n");

		if (our_length != length || memcmp(ours, text, length))
			report_add(report,
				   "op %d of the list: expected \"%.*s\", found \"%.*s\"; compile it with unpatched "
				   "headers of axvcpu",
				   row, (int)our_length, ours, (int)(length < 200 ? length : 200), text);
		ours += our_length + (ours[our_length] == '\n');
		text += length + (text[length] == '\n');
	}
}

static void check_description(const struct axarch_description *description, const struct axarch_description *promised,
			      struct report *report)
{
	if (!description)
		report_add(report, "description: NULL; end the plugin with AXARCH_PLUGIN");
	else if (memcmp(description, promised, sizeof(*promised)))
		report_add(report,
			   "description: differs from the ELF note (\"%s\" %s); link the plugin again, from one source",
			   promised->id, promised->version);
}

/* What must be right before any other member may be read. */
static int check_head(const struct axarch_vcpu_ops *ops, size_t symbol_size, struct report *report)
{
	unsigned before = report->count;

	if (symbol_size && symbol_size < HEAD_SIZE) {
		report_add(
			report,
			"axarch_vcpu_ops: expected a struct of %zu bytes or more, found %zu; end it with AXARCH_PLUGIN",
			HEAD_SIZE, symbol_size);
		return -1;
	}
	if (ops->magic != AXARCH_MAGIC)
		report_add(report, "magic: expected 0x%016llx, found 0x%016llx; fill the struct with AXARCH_PLUGIN",
			   (unsigned long long)AXARCH_MAGIC, (unsigned long long)ops->magic);
	if (ops->abi_major != AXARCH_ABI_MAJOR)
		report_add(report,
			   "ABI major: expected %u, found %u; compile the plugin with the headers of this library",
			   AXARCH_ABI_MAJOR, (unsigned)ops->abi_major);
	if (ops->struct_size < HEAD_SIZE || (symbol_size && ops->struct_size > symbol_size))
		report_add(report,
			   "struct_size: expected %zu to %zu, found %u; set it to sizeof(struct axarch_vcpu_ops)",
			   HEAD_SIZE, symbol_size ? symbol_size : sizeof(*ops), ops->struct_size);
	return report->count == before ? 0 : -1;
}

void check_ops(const struct axarch_vcpu_ops *ops, size_t symbol_size, const struct axarch_description *promised,
	       struct report *report)
{
	if (check_head(ops, symbol_size, report))
		return;
	check_description(ops->description, promised, report);
	check_ops_text(ops->ops_text, report);
	check_mandatory(ops, report);
}

void check_copy_ops(struct axarch_vcpu_ops *ret_ops, const struct axarch_vcpu_ops *plugin)
{
	size_t size = plugin->struct_size < sizeof(*ret_ops) ? plugin->struct_size : sizeof(*ret_ops);

	memset(ret_ops, 0, sizeof(*ret_ops));
	memcpy(ret_ops, plugin, size);
	for (size_t i = 0; i < ROWS; i++)
		if (lacks(plugin, &rows[i]))
			memcpy((char *)ret_ops + rows[i].offset, &rows[i].stub, sizeof(rows[i].stub));
}

size_t check_op_offset(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].offset;
	return 0;
}
