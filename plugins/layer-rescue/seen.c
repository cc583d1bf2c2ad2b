/* SPDX-License-Identifier: Apache-2.0 */
#include "seen.h"

#include <stdio.h>
#include <string.h>

bool seen_place_is_new(struct seen *seen, uint64_t pc)
{
	uint64_t *place = &seen->places[(pc ^ pc >> 10) % SEEN_PLACES];

	if (*place == pc + 1) /* 0 stands for none */
		return false;
	*place = pc + 1;
	return true;
}

static bool is_prefix(const char *word, size_t length)
{
	static const char *const prefixes[] = { "lock", "rep", "repe", "repne" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strlen(prefixes[i]) == length && !memcmp(prefixes[i], word, length))
			return true;
	return false;
}

/* The mnemonic with its prefix: behind the second colon. */
static void kind_of(const char *where, char ret_kind[SEEN_KIND_SIZE])
{
	const char *text = strchr(where, ':');
	size_t length;

	text = text ? strchr(text + 1, ':') : NULL;
	text = text ? text + 1 + strspn(text + 1, " ") : where;
	length = strcspn(text, " ");
	if (is_prefix(text, length) && text[length])
		length += 1 + strcspn(text + length + 1, " ");
	snprintf(ret_kind, SEEN_KIND_SIZE, "%.*s", (int)length, text);
}

bool seen_kind_is_new(struct seen *seen, const char *where)
{
	char kind[SEEN_KIND_SIZE];

	kind_of(where, kind);
	for (unsigned i = 0; i < seen->count; i++)
		if (!strcmp(seen->kinds[i], kind))
			return false;
	if (seen->count == SEEN_KINDS)
		return false;
	memcpy(seen->kinds[seen->count++], kind, sizeof(kind));
	return true;
}
