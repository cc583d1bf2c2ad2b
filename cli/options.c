/* SPDX-License-Identifier: Apache-2.0 */
/* The table of options, and what walks it. See options.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <axvcpu/axvcpu.h>

#include "fail.h"
#include "options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)
#define TIMEOUT_MAX 31536000 /* a year of seconds, which fits into 64 bits of nanoseconds */

struct row;
typedef int (*parse_fn)(const struct row *row, const char *value, struct options *options);

struct row {
	const char *name;
	const char *argument; /* NULL: the option takes none */
	const char *section;
	parse_fn parse;
	size_t offset; /* of the member of struct options that it sets */
	uint64_t min, max;
	int action;           /* ACTION_*, for those that choose one */
	const char *standard; /* the default as --help shows it, or NULL */
	const char *help;
};

static void *member(const struct row *row, struct options *options)
{
	return (char *)options + row->offset;
}

/* Number and unit of a size, as short as it can be said. */
static const char *size_text(uint64_t size, char text[32])
{
	static const char suffixes[] = "\0KMGT";
	unsigned i = 0;

	while (size && size % 1024 == 0 && suffixes[i + 1]) {
		size /= 1024;
		i++;
	}
	snprintf(text, 32, "%llu%.1s", (unsigned long long)size, suffixes + i);
	return text;
}

static unsigned suffix_shift(char suffix)
{
	static const char suffixes[] = "KMGT";
	const char *found = suffix ? strchr(suffixes, toupper((unsigned char)suffix)) : NULL;

	return found ? (unsigned)(found - suffixes + 1) * 10 : 0;
}

bool options_number(const char *text, uint64_t *ret_value)
{
	unsigned long long value;
	unsigned shift;
	char *end;

	if (*text < '0' || *text > '9') /* strtoull takes signs and spaces */
		return false;
	errno = 0;
	value = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (errno)
		return false;
	shift = suffix_shift(*end);
	if (end[shift ? 1 : 0] || (shift && value >> (64 - shift)))
		return false;
	*ret_value = (uint64_t)value << shift;
	return true;
}

static int parse_flag(const struct row *row, const char *value, struct options *options)
{
	(void)value;
	*(bool *)member(row, options) = true;
	return STATUS_OK;
}

static int parse_action(const struct row *row, const char *value, struct options *options)
{
	if (row->argument)
		*(const char **)member(row, options) = value;
	if (options->action < row->action) /* --help with another action shows the help */
		options->action = row->action;
	return STATUS_OK;
}

static int parse_text(const struct row *row, const char *value, struct options *options)
{
	if (!*value)
		return fail(STATUS_USAGE, "--%s: the value is empty; it wants %s", row->name, row->argument);
	*(const char **)member(row, options) = value;
	return STATUS_OK;
}

static int parse_any_text(const struct row *row, const char *value, struct options *options)
{
	*(const char **)member(row, options) = value;
	return STATUS_OK;
}

static int parse_texts(const struct row *row, const char *value, struct options *options)
{
	struct texts *texts = member(row, options);
	const char **items;

	if (!*value)
		return fail(STATUS_USAGE, "--%s: the value is empty; it wants %s", row->name, row->argument);
	items = reallocarray(texts->items, texts->count + 1, sizeof(*items));
	if (!items)
		return fail(STATUS_HOST, "--%s: no memory for another value", row->name);
	texts->items = items;
	texts->items[texts->count++] = value;
	return STATUS_OK;
}

/* "128MiB" and "128 M" were most likely meant to be "128M". */
static bool repair_size(const char *value, char ret_text[32])
{
	size_t digits = strspn(value, "0123456789");
	size_t space = digits + strspn(value + digits, " ");
	const char *rest = value + space;
	uint64_t size;

	if (!digits || digits > 19)
		return false;
	if (rest[0] && strcasecmp(rest + 1, "B") && strcasecmp(rest + 1, "iB") && rest[1])
		return false;
	snprintf(ret_text, 32, "%.*s%.1s", (int)digits, value, rest[0] == 'B' || rest[0] == 'b' ? "" : rest);
	return options_number(ret_text, &size);
}

static int bad_size(const struct row *row, const char *value)
{
	char low[32], high[32], repaired[32], hint[64] = "";

	if (repair_size(value, repaired))
		snprintf(hint, sizeof(hint), "; did you mean \"%s\"?", repaired);
	return fail(STATUS_USAGE,
		    "--%s: \"%s\" is not a size from %s to %s (a number of bytes, or with K, M, G or T behind it)%s",
		    row->name, value, size_text(row->min, low), size_text(row->max, high), hint);
}

static uint64_t host_memory(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int parse_memory(const struct row *row, const char *value, struct options *options)
{
	uint64_t size, host = host_memory();
	char low[32], high[32];

	if (!options_number(value, &size))
		return bad_size(row, value);
	if (size > host)
		return fail(STATUS_HOST, "--%s: %s is more than this host's memory; at most %lluM can be given",
			    row->name, value, (unsigned long long)(host / MIB));
	if (size < row->min || size > row->max)
		return fail(STATUS_USAGE, "--%s: %s is outside the range from %s to %s; the nearest is %s", row->name,
			    value, size_text(row->min, low), size_text(row->max, high), size < row->min ? low : high);
	if (size % 4096)
		return fail(STATUS_USAGE, "--%s: %s is no multiple of 4K, the size of a page; the next is %lluK",
			    row->name, value, (unsigned long long)(size / 4096 * 4 + 4));
	*(uint64_t *)member(row, options) = size;
	return STATUS_OK;
}

static int parse_count(const struct row *row, const char *value, struct options *options)
{
	uint64_t count;

	if (!options_number(value, &count) || count < row->min || count > row->max)
		return fail(STATUS_USAGE, "--%s: \"%s\" is not a number from %llu to %llu", row->name, value,
			    (unsigned long long)row->min, (unsigned long long)row->max);
	*(uint64_t *)member(row, options) = count;
	return STATUS_OK;
}

static int parse_chip(const struct row *row, const char *value, struct options *options)
{
	static const char *const names[] = { "board", "kernel" };
	bool kernel = !strcmp(value, names[1]);

	if (!kernel && strcmp(value, names[0]))
		return fail(STATUS_USAGE, "--%s: \"%s\" is neither board nor kernel%s", row->name, value,
			    fail_suggestion(value, names, COUNT(names)));
	*(bool *)member(row, options) = kernel;
	return STATUS_OK;
}

static int parse_arch(const struct row *row, const char *value, struct options *options)
{
	static const char *const names[] = {
#define NAME(constant, number, text) text,
		AXVCPU_ARCHS(NAME)
#undef NAME
	};
	uint32_t arch = axvcpu_arch_by_name(value);

	if (!arch)
		return fail(STATUS_USAGE,
			    "--%s: \"%s\" is no architecture that is known here, such as x86_64 or riscv64%s",
			    row->name, value, fail_suggestion(value, names, COUNT(names)));
	*(uint32_t *)member(row, options) = arch;
	return STATUS_OK;
}

static int parse_entry(const struct row *row, const char *value, struct options *options)
{
	if (!options_number(value, member(row, options)))
		return fail(STATUS_USAGE, "--%s: \"%s\" is not an address, such as 0x80200000", row->name, value);
	options->has_entry = true;
	return STATUS_OK;
}

static int parse_seconds(const struct row *row, const char *value, struct options *options)
{
	char *end = NULL;
	double seconds = *value >= '0' && *value <= '9' ? strtod(value, &end) : 0;

	if (!end || *end || !isfinite(seconds) || seconds < 0.001 || seconds > (double)row->max)
		return fail(STATUS_USAGE,
			    "--%s: \"%s\" is not a number of seconds from 0.001 to %llu, such as 10 or 0.5", row->name,
			    value, (unsigned long long)row->max);
	*(uint64_t *)member(row, options) = (uint64_t)(seconds * 1e9);
	return STATUS_OK;
}

#define IN(name) offsetof(struct options, name)

static const struct row rows[] = {
	{ "arch", "x86_64|riscv64", "The machine", parse_arch, IN(arch), 0, 0, 0, NULL,
	  "Which board the guest gets; if not said, what the image tells decides, or else the backend, or else it is "
	  "riscv64." },
	{ "mem", "SIZE", "The machine", parse_memory, IN(memory), 4 * MIB, 64 * TIB, 0, "128M",
	  "The guest's memory: a number with K, M, G or T behind it, from 4M to what the host has." },
	{ "smp", "N", "The machine", parse_count, IN(cpus), 1, OPTIONS_CPUS_MAX, 0, "1",
	  "How many CPUs the guest has, 1 to 64; each is a thread of the host." },
	{ "append", "TEXT", "The machine", parse_any_text, IN(append), 0, 0, 0, NULL,
	  "The kernel's command line; on riscv64 the guest finds it as bootargs in the device tree." },
	{ "initrd", "FILE", "The machine", parse_text, IN(initrd), 0, 0, 0, NULL,
	  "An initial RAM disk, put into memory; the device tree or the boot parameters say where." },
	{ "entry", "ADDRESS", "The machine", parse_entry, IN(entry), 0, 0, 0, NULL,
	  "Where the first CPU starts, if not where the image says (flat binaries: where they are loaded, 0x80200000 "
	  "on "
	  "riscv64, 0x8000 on x86_64)." },
	{ "dtb", "FILE", "The machine", parse_text, IN(dtb), 0, 0, 0, NULL,
	  "A device tree for a riscv64 guest instead of the board's own; --append and --initrd are added to it." },
	{ "dumpdtb", "FILE", "The machine", parse_action, IN(dump_dtb), 0, 0, ACTION_DUMP_DTB, NULL,
	  "Writes the device tree that a riscv64 guest would get (- for standard output), and runs nothing." },
	{ "backend", "NAME|PATH|auto", "The engine", parse_text, IN(backend), 0, 0, 0, "auto",
	  "What executes the guest: a name of --list, a file (with a / in it), or the best for the guest." },
	{ "chip", "board|kernel", "The engine", parse_chip, IN(kernel_chip), 0, 0, 0, "board",
	  "Whose interrupt controllers an x86_64 guest has: the board's, or those of the engine's kernel (backend "
	  "kvm), "
	  "which are faster." },
	{ "set", "KIND.FIELD=VALUE", "The engine", parse_texts, IN(sets), 0, 0, 0, NULL,
	  "Sets a field of the backend's configuration; KIND is create or setup, and --inspect lists the fields. May "
	  "be "
	  "given again." },
	{ "layer", "NAME[=OPTIONS]", "The engine", parse_texts, IN(layers), 0, 0, 0, NULL,
	  "Puts a layer, such as trace, between the machine and the engine. May be given again: the first is the "
	  "outermost." },
	{ "vcpu", "N=BACKEND[,FIELD=VALUE...]", "Several engines", parse_texts, IN(vcpus), 0, 0, 0, NULL,
	  "What executes one CPU of the guest; the first is 0, and those without get --backend's. Fields are those of "
	  "--set create. May be given again. Example: --smp 2 --vcpu 1=sim-x86_64" },
	{ "switch", "[N@]TRIGGER:BACKEND", "Several engines", parse_texts, IN(switches), 0, 0, 0, NULL,
	  "Moves a running CPU (CPU N, or each) to another engine, once, when it comes to pc=ADDRESS or symbol=NAME, "
	  "has executed insns=NUMBER, has made exit=REASON*COUNT; or all when the console prints marker=TEXT, or at "
	  "time=DURATION. May be given again. Example: --switch marker=login:sim-x86_64" },
	{ "symbols", "FILE", "Several engines", parse_text, IN(symbols), 0, 0, 0, NULL,
	  "An ELF file or a System.map that has the symbols, where the image has none. Example: --symbols vmlinux" },
	{ "list", NULL, "Information", parse_action, 0, 0, 0, ACTION_LIST, NULL,
	  "Lists the backends and layers that were found, and those that were refused and why. Runs none of their "
	  "code." },
	{ "inspect", "BACKEND", "Information", parse_action, IN(inspect), 0, 0, ACTION_INSPECT, NULL,
	  "Shows what a backend says of itself and the fields of its configuration. Runs none of its code." },
	{ "json", NULL, "Information", parse_flag, IN(json), 0, 0, 0, NULL,
	  "Makes --list, --inspect and --stats write JSON." },
	{ "help", NULL, "Information", parse_action, 0, 0, 0, ACTION_HELP, NULL, "Shows this." },
	{ "version", NULL, "Information", parse_action, 0, 0, 0, ACTION_VERSION, NULL, "Shows the version." },
	{ "stats", NULL, "The run", parse_flag, IN(stats), 0, 0, 0, NULL,
	  "At the end, writes to standard error the exits by kind, instructions, time and speed." },
	{ "timeout", "SECONDS", "The run", parse_seconds, IN(timeout_ns), 0, TIMEOUT_MAX, 0, NULL,
	  "Ends the run after that many seconds, such as 10 or 0.5, with status 124." },
	{ "no-reboot", NULL, "The run", parse_flag, IN(no_reboot), 0, 0, 0, NULL,
	  "When the guest resets the machine, ends with status 80 instead of starting the guest anew." },
};

static const struct row *row_of(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strlen(rows[i].name) == length && !memcmp(rows[i].name, name, length))
			return &rows[i];
	return NULL;
}

static int unknown_option(const char *argument)
{
	const char *names[COUNT(rows)], *nearest;
	size_t length = strcspn(argument, "=");
	char word[64], hint[96] = "; --help lists them";

	snprintf(word, sizeof(word), "%.*s", (int)(length < 63 ? length : 63), argument);
	for (size_t i = 0; i < COUNT(rows); i++)
		names[i] = rows[i].name;
	nearest = axvcpu_nearest(word + strspn(word, "-"), names, COUNT(names));
	if (nearest)
		snprintf(hint, sizeof(hint), "; did you mean --%s?", nearest);
	return fail(STATUS_USAGE, "there is no option %s%s", word, hint);
}

/* One option at argv[*index]; moves *index on to its last word. */
static int parse_option(int argc, char **argv, int *index, struct options *options)
{
	const char *argument = argv[*index];
	size_t length = strcspn(argument, "=");
	const struct row *row = length > 2 && argument[1] == '-' ? row_of(argument + 2, length - 2) : NULL;
	const char *value = argument[length] ? argument + length + 1 : NULL;

	if (!strcmp(argument, "-h"))
		row = row_of("help", 4);
	if (!row)
		return unknown_option(argument);
	if (!row->argument && value)
		return fail(STATUS_USAGE, "--%s takes no value, but got \"%s\"", row->name, value);
	if (row->argument && !value) {
		if (*index + 1 == argc)
			return fail(STATUS_USAGE, "--%s wants a value: --%s %s", row->name, row->name, row->argument);
		value = argv[++*index];
	}
	return row->parse(row, value, options);
}

static int parse_image(const char *argument, struct options *options)
{
	if (options->image)
		return fail(STATUS_USAGE,
			    "\"%s\" is one word too many: the image is \"%s\" already (quote a text with spaces)",
			    argument, options->image);
	if (!*argument)
		return fail(STATUS_USAGE, "the image's name is empty; leave it out to run the built-in guest");
	options->image = argument;
	return STATUS_OK;
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	bool options_end = false;

	*ret_options = (struct options){ .backend = "auto", .memory = 128 * MIB, .cpus = 1 };
	for (int i = 1; i < argc; i++) {
		int status;

		if (!options_end && !strcmp(argv[i], "--"))
			options_end = true;
		else if ((status = !options_end && argv[i][0] == '-' && argv[i][1]
					   ? parse_option(argc, argv, &i, ret_options)
					   : parse_image(argv[i], ret_options)))
			return status;
	}
	return STATUS_OK;
}

void options_finish(struct options *options)
{
	struct texts *const lists[] = { &options->sets, &options->layers, &options->vcpus, &options->switches };

	for (size_t i = 0; i < COUNT(lists); i++) {
		free(lists[i]->items);
		*lists[i] = (struct texts){ NULL, 0 };
	}
}

const char *options_name(size_t index)
{
	return index < COUNT(rows) ? rows[index].name : NULL;
}

#define HELP_WIDTH 100

/* Writes a text broken at spaces, each further line indented. `column` is where the first one begins. */
static void write_wrapped(FILE *stream, const char *text, int indent, int column)
{
	for (const char *word = text; *word;) {
		int length = (int)strcspn(word, " ");
		bool first = column <= indent, fits = column + 1 + length <= HELP_WIDTH;

		if (!first && !fits) {
			fprintf(stream, "\n%*s", indent, "");
			column = indent;
		}
		column += fprintf(stream, "%s%.*s", !first && fits ? " " : "", length, word);
		word += length + strspn(word + length, " ");
	}
	fputc('\n', stream);
}

#define HELP_INDENT 28

static void write_row(FILE *stream, const struct row *row)
{
	char text[512];
	int column =
		fprintf(stream, "  --%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");

	if (column + 2 > HELP_INDENT) {
		fputc('\n', stream);
		column = 0;
	}
	fprintf(stream, "%*s", HELP_INDENT - column, "");
	snprintf(text, sizeof(text), "%s%s%s%s", row->help, row->standard ? " Default: " : "",
		 row->standard ? row->standard : "", row->standard ? "." : "");
	write_wrapped(stream, text, HELP_INDENT, HELP_INDENT);
}

static void write_rows(FILE *stream)
{
	const char *section = "";

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strcmp(section, rows[i].section))
			fprintf(stream, "\n%s\n", rows[i].section);
		section = rows[i].section;
		write_row(stream, &rows[i]);
	}
}

static void write_status(FILE *stream, const char *shown, const char *text)
{
	fprintf(stream, "  %-9s ", shown);
	write_wrapped(stream, text, 12, 12);
}

static const char help_head[] =
	"Usage: axvcpu-run [OPTIONS] [IMAGE]\n"
	"\n"
	"Runs a guest on a riscv64 board much like QEMU's virt, or on a small x86_64 PC, on any engine that\n"
	"axvcpu has. IMAGE is a flat binary, an ELF file, a Linux Image or bzImage, or a PVH or multiboot\n"
	"kernel; without one, a small built-in guest says what it runs on.\n"
	"\n"
	"Examples\n"
	"  axvcpu-run                              the built-in guest: does everything work?\n"
	"  axvcpu-run u-boot.bin                   boots firmware; its console is this terminal\n"
	"  axvcpu-run --smp 4 --mem 1G --initrd root.cpio --append 'console=ttyS0' Image\n"
	"  axvcpu-run --timeout 10 --stats guest.elf < commands.txt > console.txt\n"
	"  axvcpu-run --list                       which engines are there, and why one is not\n"
	"  axvcpu-run --inspect sim-riscv64        what can be --set, with ranges and defaults\n";

static const char help_keys[] =
	"\nKeys, when standard input is a terminal (all others, Ctrl-C too, go to the guest)\n"
	"  Ctrl-A x        ends the run\n"
	"  Ctrl-A h        shows these keys\n"
	"  Ctrl-A Ctrl-A   sends one Ctrl-A to the guest\n"
	"From a pipe or a file every byte goes to the guest, and its end does not end the run.\n";

void options_help(FILE *stream)
{
	fputs(help_head, stream);
	write_rows(stream);
	fputs(help_keys, stream);
	fputs("\nExit status\n", stream);
#define WRITE_STATUS(name, value, shown, text) write_status(stream, shown, text);
	CLI_STATUSES(WRITE_STATUS)
#undef WRITE_STATUS
	fputs("\nEnvironment: AXVCPU_PLUGIN_PATH, AXVCPU_PLUGIN_ADD_PATH (folders of backends),\n"
	      "AXVCPU_DEBUG=loader,layer. More: man axvcpu-run\n",
	      stream);
}
