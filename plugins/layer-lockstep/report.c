/* SPDX-License-Identifier: Apache-2.0 */
/* Words for what was found: lines for the report, and one for the error. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "lockstep.h"

enum { MEMORY_SHOWN = 32, NAMED_MAX = 6 };

/* Standard error is duplicated: a VMM that closes its own must not make the report go to whatever is opened next. */
int32_t report_open(struct lockstep *lockstep)
{
	const char *path = lockstep->options.report;

	if (*path)
		lockstep->report = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
	else
		lockstep->report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (lockstep->report >= 0)
		return 0;
	return LOCKSTEP_FAIL(lockstep, -errno, "%s cannot be opened: %s; name a file that you may write: report=FILE",
			     *path ? path : "standard error", strerror(errno));
}

void report_close(struct lockstep *lockstep)
{
	if (lockstep->report >= 0)
		close(lockstep->report);
	lockstep->report = -1;
}

/* One write, so that those of several do not mix. */
static void hand_over(struct lockstep *lockstep, const char *text, size_t length)
{
	if (write(lockstep->report, text, length) != (ssize_t)length)
		lockstep->host->log(AXARCH_LOG_ERROR, "layer lockstep: a report could not be written: %s",
				    strerror(errno));
}

/* ---- values ---- */

static void print_bytes(FILE *file, const uint8_t *bytes, uint32_t size)
{
	uint32_t weight = size;

	while (weight > 1 && !bytes[weight - 1])
		weight--;
	fprintf(file, "0x%x", bytes[weight - 1]);
	while (--weight)
		fprintf(file, "%02x", bytes[weight - 1]);
}

static void print_register(const struct lockstep *lockstep, const struct row *row, FILE *file)
{
	const struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;

	fprintf(file, "  %s: %s ", row->reg->name, primary->name);
	print_bytes(file, primary->now + row->offset, row->reg->size);
	fprintf(file, ", %s ", shadow->name);
	print_bytes(file, shadow->now + row->offset, row->reg->size);
	fprintf(file, "; before ");
	print_bytes(file, primary->start + row->offset, row->reg->size);
	fprintf(file, "\n");
}

static void print_registers(const struct lockstep *lockstep, FILE *file)
{
	const struct registers *registers = &lockstep->registers;

	for (uint32_t i = 0; i < registers->count; i++)
		if (!row_is_same(&registers->rows[i], lockstep->primary.now, lockstep->shadow.now))
			print_register(lockstep, &registers->rows[i], file);
}

/* General registers, four a line. */
static void print_before(const struct lockstep *lockstep, FILE *file)
{
	const struct registers *registers = &lockstep->registers;
	unsigned shown = 0;

	for (uint32_t i = 0; i < registers->count; i++) {
		const struct row *row = &registers->rows[i];

		if (AXVCPU_REG_ID_GROUP(row->reg->id) != AXVCPU_REG_GENERAL || !row->has[PRIMARY])
			continue;
		fprintf(file, "%s%s=0x%" PRIx64, shown % 4 ? " " : "  ", row->reg->name,
			registers_get(lockstep, lockstep->primary.start, row->reg->id));
		fprintf(file, ++shown % 4 ? "" : "\n");
	}
	fprintf(file, shown % 4 ? "\n" : "");
}

static void print_memory(struct lockstep *lockstep, FILE *file)
{
	struct memory_difference differences[MEMORY_SHOWN];
	size_t count = memory_compare(lockstep, differences, MEMORY_SHOWN);

	for (size_t i = 0; i < count && i < MEMORY_SHOWN; i++)
		fprintf(file, "  memory 0x%" PRIx64 ": %s 0x%02x, %s 0x%02x; before 0x%02x\n", differences[i].gpa,
			lockstep->primary.name, differences[i].primary, lockstep->shadow.name, differences[i].shadow,
			differences[i].before);
	if (count > MEMORY_SHOWN)
		fprintf(file, "  memory: %zu bytes more\n", count - MEMORY_SHOWN);
}

static void print_exit(const struct lockstep *lockstep, const struct engine *engine, FILE *file)
{
	char text[256];

	lockstep->engines->exit_format(&engine->exit, text, sizeof(text));
	fprintf(file, "  exit: %s %s\n", engine->name, text);
}

static void print_exits(const struct lockstep *lockstep, FILE *file)
{
	const struct axvcpu_exit *one = &lockstep->primary.exit, *other = &lockstep->shadow.exit;

	if (one->reason == AXVCPU_EXIT_DEBUG && other->reason == AXVCPU_EXIT_DEBUG)
		return;
	print_exit(lockstep, &lockstep->primary, file);
	print_exit(lockstep, &lockstep->shadow, file);
}

/* ---- the line ---- */

/* "rax, rflags, memory": what differs. */
static void name_differences(struct lockstep *lockstep, FILE *file)
{
	const struct registers *registers = &lockstep->registers;
	struct memory_difference first;
	unsigned named = 0;

	for (uint32_t i = 0; i < registers->count && named <= NAMED_MAX; i++) {
		const struct row *row = &registers->rows[i];

		if (row_is_same(row, lockstep->primary.now, lockstep->shadow.now))
			continue;
		if (named++ == NAMED_MAX) {
			fprintf(file, ", and more");
			break;
		}
		fprintf(file, named > 1 ? ", %s " : "%s ", row->reg->name);
		print_bytes(file, lockstep->primary.now + row->offset, row->reg->size);
		fprintf(file, " and ");
		print_bytes(file, lockstep->shadow.now + row->offset, row->reg->size);
	}
	if (memory_compare(lockstep, &first, 1))
		fprintf(file, "%smemory at 0x%" PRIx64 " 0x%02x and 0x%02x", named++ ? ", " : "", first.gpa,
			first.primary, first.shadow);
	if (!named)
		fprintf(file, "their exits");
}

static void make_line(struct lockstep *lockstep, const char *where)
{
	char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	if (!file)
		return;
	fprintf(file, "lockstep: %s and %s differ %s: ", lockstep->primary.name, lockstep->shadow.name, where);
	name_differences(lockstep, file);
	fclose(file);
	snprintf(lockstep->difference, sizeof(lockstep->difference), "%s", text);
	free(text);
}

/* ---- reports ---- */

static void head(const struct lockstep *lockstep, FILE *file)
{
	fprintf(file, "lockstep: vm %" PRIu32 " vcpu %" PRIu32 ": %s and %s differ in leg %" PRIu64 "\n",
		lockstep->vm_id, lockstep->vcpu_id, lockstep->primary.name, lockstep->shadow.name,
		lockstep->counts.legs);
}

static void write_report(struct lockstep *lockstep, const char *where, const char *before)
{
	char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	if (!file)
		return;
	head(lockstep, file);
	fprintf(file, "  %s\n  %s:\n", where, before);
	print_before(lockstep, file);
	print_exits(lockstep, file);
	print_registers(lockstep, file);
	print_memory(lockstep, file);
	fclose(file);
	hand_over(lockstep, text, length);
	free(text);
}

void report_difference(struct lockstep *lockstep, const struct instruction *instruction)
{
	char where[LOCKSTEP_TEXT_MAX], text[LOCKSTEP_TEXT_MAX + 16];

	lockstep->arch->describe(instruction, where, sizeof(where));
	snprintf(text, sizeof(text), "after %s", where);
	lockstep->counts.differences++;
	make_line(lockstep, text);
	write_report(lockstep, where, "before it");
}

void report_unfound(struct lockstep *lockstep, const char *why)
{
	char where[LOCKSTEP_TEXT_MAX];
	uint64_t pc = registers_get(lockstep, lockstep->primary.start, lockstep->arch->pc);

	snprintf(where, sizeof(where), "behind pc 0x%" PRIx64 ", %s", pc, why);
	lockstep->counts.differences++;
	make_line(lockstep, where);
	write_report(lockstep, where, "where they last agreed");
}

void report_summary(struct lockstep *lockstep)
{
	const struct counts *counts = &lockstep->counts;
	char text[LOCKSTEP_TEXT_MAX];
	int length;

	if (!counts->legs)
		return;
	length = snprintf(text, sizeof(text),
			  "lockstep: vm %" PRIu32 " vcpu %" PRIu32 ": %s and %s: %" PRIu64 " legs, %" PRIu64
			  " instructions, %" PRIu64 " differences; %" PRIu64 " legs searched: %" PRIu64
			  " instructions that may differ, %" PRIu64 " legs not so again, %" PRIu64 " not compared\n",
			  lockstep->vm_id, lockstep->vcpu_id, lockstep->primary.name, lockstep->shadow.name,
			  counts->legs, counts->instructions, counts->differences, counts->searches, counts->allowed,
			  counts->not_again, counts->lost);
	if (length > 0)
		hand_over(lockstep, text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}
