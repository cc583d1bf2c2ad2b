/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of .test files. Recursive descent over one line at a time; the first error ends it and names its line. */
#include "row.h"

#include <axvcpu/exit.h>
#include <axvcpu/state.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct name {
	const char *text;
	uint64_t value;
};

#define SYMBOL_ROW(name, value, doc) { #name, UINT64_C(value) },
static const struct name symbols[] = { ROW_SYMBOLS(SYMBOL_ROW) };

#define WORD_ROW(name, text, doc) { text, ROW_WORD_##name },
static const struct name words[] = { ROW_WORDS(WORD_ROW) };

/* The number is the level of the page table that holds the leaf. */
static const struct name maps[] = { { "map", 0 }, { "map2m", 1 }, { "map1g", 2 }, { "map512g", 3 } };

/* Bits of a page-table entry that have no letter in the manual: s RSW, z reserved, m PBMT, n NAPOT. */
static const struct name pte_letters[] = {
	{ "v", 1 },  { "r", 2 },   { "w", 4 },   { "x", 8 },          { "u", 16 },         { "g", 32 },
	{ "a", 64 }, { "d", 128 }, { "s", 256 }, { "z", 1ull << 54 }, { "m", 1ull << 61 }, { "n", 1ull << 63 },
};

struct exit_field {
	const char *name; /* NULL: `value` is a reason and the fields of its struct follow */
	const char *reason;
	uint64_t value;
	uint32_t size, align;
};

/* The exits and their fields, flat, as a row has both the name and the size of each. */
#define FIELD_ROW(kind, field) { #field, NULL, 0, sizeof(axvcpu_kind_##kind), _Alignof(axvcpu_kind_##kind) },
#define FIELD_A(kind, field) FIELD_ROW(kind, field) FIELD_B
#define FIELD_B(kind, field) FIELD_ROW(kind, field) FIELD_A
#define FIELD_A_END
#define FIELD_B_END
#define EXIT_ROW(value, constant, member, spelling, fields, doc) \
	{ NULL, #spelling, value, offsetof(struct axvcpu_exit, member), 0 }, AXVCPU_WALK(FIELD_A fields)
static const struct exit_field exit_fields[] = { AXVCPU_EXITS(EXIT_ROW) };

struct parser {
	const char *file;
	const char *at;  /* in the present line */
	const char *end; /* of the present column */
	unsigned line;
	struct row *row;
	struct rows *rows;
	uint64_t end_address; /* what END stands for */
};

AXVCPU_PRINTF(2, 3) static bool fail(struct parser *parser, const char *format, ...)
{
	char what[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	snprintf(parser->rows->error, sizeof(parser->rows->error), "%s:%u: %s", parser->file, parser->line, what);
	return false;
}

static const struct name *find_name(const struct name *names, size_t count, const char *text, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i].text) == length && !memcmp(names[i].text, text, length))
			return &names[i];
	return NULL;
}

bool row_pte_flags(const char *letters, size_t length, uint64_t *ret_flags)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < length; i++) {
		const struct name *letter = find_name(pte_letters, COUNT(pte_letters), letters + i, 1);

		if (!letter)
			return false;
		flags |= letter->value;
	}
	*ret_flags = flags;
	return true;
}

static void skip_blanks(struct parser *parser)
{
	while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\t'))
		parser->at++;
}

/* The characters up to one of `stops`, a blank or the column's end. */
static size_t word_length(const struct parser *parser, const char *stops)
{
	size_t length = 0;

	while (parser->at + length < parser->end && !strchr(stops, parser->at[length]) && parser->at[length] != ' ' &&
	       parser->at[length] != '\t')
		length++;
	return length;
}

static bool parse_symbol(struct parser *parser, uint64_t *ret_value)
{
	size_t length = word_length(parser, "+-]>:,");
	const struct name *symbol = find_name(symbols, COUNT(symbols), parser->at, length);

	if (symbol)
		*ret_value = symbol->value;
	else if (length == 3 && !memcmp(parser->at, "END", 3))
		*ret_value = parser->end_address;
	else
		return fail(parser, "'%.*s' is neither a number nor a symbol", (int)length, parser->at);
	parser->at += length;
	return true;
}

static bool parse_term(struct parser *parser, uint64_t *ret_value)
{
	char *end;

	if (parser->at == parser->end || *parser->at < '0' || *parser->at > '9')
		return parse_symbol(parser, ret_value);
	*ret_value = strtoull(parser->at, &end, 0);
	parser->at = end;
	return true;
}

/* [-]term{(+|-)term} */
static bool parse_value(struct parser *parser, uint64_t *ret_value)
{
	uint64_t sum = 0, term;
	bool minus = false;

	if (parser->at < parser->end && *parser->at == '-') {
		minus = true;
		parser->at++;
	}
	for (;;) {
		if (!parse_term(parser, &term))
			return false;
		sum += minus ? -term : term;
		if (parser->at == parser->end || (*parser->at != '+' && *parser->at != '-'))
			break;
		minus = *parser->at++ == '-';
	}
	*ret_value = sum;
	return true;
}

static bool expect(struct parser *parser, char character)
{
	if (parser->at == parser->end || *parser->at != character)
		return fail(parser, "expected '%c' at '%.20s'", character, parser->at);
	parser->at++;
	return true;
}

/* [address]:bytes=value */
static bool parse_memory(struct parser *parser, struct setting *setting)
{
	uint64_t bytes;

	setting->kind = SETTING_MEMORY;
	if (!expect(parser, '[') || !parse_value(parser, &setting->key) || !expect(parser, ']') ||
	    !expect(parser, ':') || !parse_term(parser, &bytes) || !expect(parser, '=') ||
	    !parse_value(parser, &setting->value))
		return false;
	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		return fail(parser, "memory has 1, 2, 4 or 8 bytes");
	setting->detail = (unsigned)bytes;
	return true;
}

static bool parse_flags(struct parser *parser, uint64_t *ret_flags)
{
	size_t length = word_length(parser, "");

	if (!row_pte_flags(parser->at, length, ret_flags))
		return fail(parser, "'%.*s' has a letter that is no page-table flag", (int)length, parser->at);
	parser->at += length;
	return true;
}

/* VA>PA:flags */
static bool parse_map(struct parser *parser, struct setting *setting, unsigned level)
{
	setting->kind = SETTING_MAP;
	setting->detail = level;
	return parse_value(parser, &setting->key) && expect(parser, '>') && parse_value(parser, &setting->value) &&
	       expect(parser, ':') && parse_flags(parser, &setting->flags);
}

static bool parse_exit_name(struct parser *parser, struct setting *setting)
{
	size_t length = word_length(parser, "");

	for (size_t i = 0; i < COUNT(exit_fields); i++)
		if (exit_fields[i].reason && strlen(exit_fields[i].reason) == length &&
		    !memcmp(exit_fields[i].reason, parser->at, length)) {
			setting->value = exit_fields[i].value;
			parser->at += length;
			return true;
		}
	return fail(parser, "no exit is called '%.*s'", (int)length, parser->at);
}

static bool parse_word(struct parser *parser, struct setting *setting, unsigned word)
{
	setting->kind = SETTING_WORD;
	setting->key = word;
	if (word == ROW_WORD_EXIT)
		return parse_exit_name(parser, setting);
	if (word == ROW_WORD_PTE)
		return parse_flags(parser, &setting->value);
	return parse_value(parser, &setting->value);
}

/* The field's place in the struct of the exit that the row expects; an array's field carries its index: args0. */
static bool find_field(const char *name, size_t length, uint64_t reason, struct setting *setting)
{
	uint64_t at = 0;
	bool inside = false;

	for (size_t i = 0; i < COUNT(exit_fields); i++) {
		const struct exit_field *field = &exit_fields[i];
		size_t stem = field->name ? strlen(field->name) : 0;
		bool array = field->size > 8;

		if (!field->name) {
			inside = field->value == reason;
			at = field->size;
			continue;
		}
		at = (at + field->align - 1) / field->align * field->align;
		if (inside && stem + array == length && !memcmp(name, field->name, stem)) {
			setting->detail = array ? 8 : field->size;
			setting->key = at + (array ? 8u * (uint64_t)(name[stem] - '0') : 0);
			return true;
		}
		at += field->size;
	}
	return false;
}

static bool parse_field(struct parser *parser, struct setting *setting, struct settings *settings, const char *name,
			size_t length)
{
	uint64_t reason = settings_word(settings, ROW_WORD_EXIT, UINT64_MAX);

	setting->kind = SETTING_FIELD;
	setting->flags = reason;
	if (!find_field(name, length, reason, setting))
		return fail(parser, "the exit has no field '%.*s' (exit=NAME comes first)", (int)length, name);
	return parse_value(parser, &setting->value);
}

static bool parse_register(struct parser *parser, struct setting *setting, const char *name, size_t length)
{
	char text[32];
	const struct axvcpu_reg *reg;

	snprintf(text, sizeof(text), "%.*s", (int)length, name);
	reg = axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, text);
	if (!reg)
		return fail(parser, "'%s' is neither a register nor a word of the format", text);
	setting->kind = SETTING_REG;
	setting->key = reg->id;
	return parse_value(parser, &setting->value);
}

static bool parse_named(struct parser *parser, struct setting *setting, struct settings *settings)
{
	const char *name = parser->at;
	size_t length = word_length(parser, "=");
	const struct name *found;

	parser->at += length;
	if (!expect(parser, '='))
		return false;
	if ((found = find_name(maps, COUNT(maps), name, length)))
		return parse_map(parser, setting, (unsigned)found->value);
	if ((found = find_name(words, COUNT(words), name, length)))
		return parse_word(parser, setting, (unsigned)found->value);
	if (length > 5 && !memcmp(name, "exit.", 5))
		return parse_field(parser, setting, settings, name + 5, length - 5);
	return parse_register(parser, setting, name, length);
}

static bool parse_setting(struct parser *parser, struct settings *settings)
{
	struct setting setting = { 0 };
	bool good = *parser->at == '[' ? parse_memory(parser, &setting) : parse_named(parser, &setting, settings);

	if (!good)
		return false;
	if (parser->at < parser->end && *parser->at != ' ' && *parser->at != '\t')
		return fail(parser, "unexpected '%.20s'", parser->at);
	if (settings->count == ROW_SETTINGS)
		return fail(parser, "more than %d settings", ROW_SETTINGS);
	if (setting.kind == SETTING_WORD && setting.key == ROW_WORD_AT)
		parser->end_address = setting.value + parser->row->code_size;
	settings->list[settings->count++] = setting;
	return true;
}

static bool parse_before(struct parser *parser)
{
	for (skip_blanks(parser); parser->at < parser->end; skip_blanks(parser))
		if (!parse_setting(parser, &parser->row->before))
			return false;
	return true;
}

/* Settings, or alternatives of them that are separated by the word "or". */
static bool parse_after(struct parser *parser)
{
	parser->row->alternatives = 1;
	for (skip_blanks(parser); parser->at < parser->end; skip_blanks(parser)) {
		if (word_length(parser, "") == 2 && !memcmp(parser->at, "or", 2)) {
			if (parser->row->alternatives == ROW_ALTERNATIVES)
				return fail(parser, "more than %d alternatives", ROW_ALTERNATIVES);
			parser->row->alternatives++;
			parser->at += 2;
		} else if (!parse_setting(parser, &parser->row->after[parser->row->alternatives - 1])) {
			return false;
		}
	}
	return true;
}

static bool parse_name(struct parser *parser)
{
	size_t length;

	skip_blanks(parser);
	length = word_length(parser, "");
	if (!length || length >= ROW_NAME)
		return fail(parser, "a row begins with a name of at most %d characters", ROW_NAME - 1);
	memcpy(parser->row->name, parser->at, length);
	parser->at += length;
	skip_blanks(parser);
	return parser->at == parser->end || fail(parser, "a name is one word");
}

/* The assembler text is for people and for assemble.py. */
static bool parse_text(struct parser *parser)
{
	skip_blanks(parser);
	return parser->at < parser->end || fail(parser, "there is no assembler text");
}

static bool parse_instruction(struct parser *parser, size_t digits)
{
	struct row *row = parser->row;
	char text[9] = "";
	unsigned long word;
	char *end;

	if (digits != 4 && digits != 8)
		return fail(parser, "an encoding has 4 or 8 digits: '%.*s'", (int)digits, parser->at);
	memcpy(text, parser->at, digits);
	word = strtoul(text, &end, 16);
	if (*end || row->code_size + digits / 2 > ROW_CODE_MAX)
		return fail(parser, "'%s' is no encoding, or there are too many", text);
	for (size_t i = 0; i < digits / 2; i++)
		row->code[row->code_size++] = (uint8_t)(word >> 8 * i);
	row->instructions++;
	parser->at += digits;
	return true;
}

static bool parse_code(struct parser *parser)
{
	for (skip_blanks(parser); parser->at < parser->end; skip_blanks(parser))
		if (!parse_instruction(parser, word_length(parser, "")))
			return false;
	parser->end_address = ROW_CODE + parser->row->code_size;
	return parser->row->instructions || fail(parser, "there is no encoding (assemble.py --update fills it in)");
}

static bool (*const columns[])(struct parser *parser) = { parse_name, parse_text, parse_code, parse_before,
							  parse_after };

static bool parse_row(struct parser *parser, const char *line, const char *line_end)
{
	for (size_t i = 0; i < COUNT(columns); i++) {
		const char *bar = memchr(line, '|', (size_t)(line_end - line));

		if (!bar && i + 1 < COUNT(columns))
			return fail(parser, "a row has %zu columns, separated by '|'", COUNT(columns));
		parser->at = line;
		parser->end = bar ? bar : line_end;
		if (!columns[i](parser))
			return false;
		line = parser->end + 1;
	}
	return true;
}

static bool add_row(struct parser *parser, const char *line, const char *line_end)
{
	struct rows *rows = parser->rows;
	struct row *list = realloc(rows->list, (rows->count + 1) * sizeof(*list));

	if (!list)
		return fail(parser, "no memory");
	rows->list = list;
	parser->row = &list[rows->count];
	memset(parser->row, 0, sizeof(*parser->row));
	parser->row->line = parser->line;
	if (!parse_row(parser, line, line_end))
		return false;
	for (unsigned i = 0; i < rows->count; i++)
		if (!strcmp(list[i].name, parser->row->name))
			return fail(parser, "'%s' is the name of line %u too", list[i].name, list[i].line);
	rows->count++;
	return true;
}

/* Comments and blank lines are no rows. */
static bool parse_line(struct parser *parser, const char *line, const char *line_end)
{
	const char *first = line + strspn(line, " \t");

	if (first >= line_end || *first == '#')
		return true;
	return add_row(parser, line, line_end);
}

bool rows_parse(const char *name, const char *text, struct rows *rows)
{
	struct parser parser = { .file = name, .rows = rows };

	memset(rows, 0, sizeof(*rows));
	while (*text) {
		const char *line_end = text + strcspn(text, "\n");

		parser.line++;
		if (!parse_line(&parser, text, line_end)) {
			free(rows->list);
			rows->list = NULL;
			rows->count = 0;
			return false;
		}
		text = line_end + (*line_end == '\n');
	}
	return true;
}

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t capacity = 0;
	ssize_t length;

	if (!file)
		return NULL;
	length = getdelim(&text, &capacity, '\0', file);
	fclose(file);
	if (length >= 0)
		return text;
	free(text);
	return NULL;
}

bool rows_read(const char *path, struct rows *rows)
{
	const char *slash = strrchr(path, '/');
	char *text = read_text(path);
	bool good;

	memset(rows, 0, sizeof(*rows));
	if (!text) {
		snprintf(rows->error, sizeof(rows->error), "%s: cannot be read, or is empty", path);
		return false;
	}
	good = rows_parse(slash ? slash + 1 : path, text, rows);
	free(text);
	return good;
}

void rows_free(struct rows *rows)
{
	free(rows->list);
	rows->list = NULL;
	rows->count = 0;
}

const struct setting *settings_find(const struct settings *settings, enum setting_kind kind, uint64_t key)
{
	for (unsigned i = 0; i < settings->count; i++)
		if (settings->list[i].kind == kind && settings->list[i].key == key)
			return &settings->list[i];
	return NULL;
}

bool settings_has(const struct settings *settings, unsigned word)
{
	return settings_find(settings, SETTING_WORD, word) != NULL;
}

uint64_t settings_word(const struct settings *settings, unsigned word, uint64_t otherwise)
{
	const struct setting *setting = settings_find(settings, SETTING_WORD, word);

	return setting ? setting->value : otherwise;
}
