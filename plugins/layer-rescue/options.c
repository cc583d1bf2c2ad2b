/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <axvcpu/error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t parse_number(const struct axarch_host *host, const char *word, const char *text, uint64_t *ret_value)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !value || value > OPTIONS_INSTRUCTIONS_MAX)
		return host->error(AXVCPU_ERROR_INVALID_INPUT,
				   "\"%s\": expected a number of instructions from 1 to %" PRIu64, word,
				   OPTIONS_INSTRUCTIONS_MAX);
	*ret_value = value;
	return 0;
}

static int32_t parse_word(const struct axarch_host *host, const char *word, struct options *options)
{
	if (!strncmp(word, "run=", 4))
		return parse_number(host, word, word + 4, &options->run);
	if (!strncmp(word, "most=", 5))
		return parse_number(host, word, word + 5, &options->most);
	if (!strcmp(word, "late")) {
		options->late = true;
		return 0;
	}
	return host->error(AXVCPU_ERROR_INVALID_INPUT,
			   "\"%s\" is no option: there are run=N, most=N and late, behind the backend's name", word);
}

static int32_t parse_words(const struct axarch_host *host, char *words, struct options *options)
{
	char *save = NULL;
	int32_t error = 0;

	for (char *word = strtok_r(words, ",", &save); word && !error; word = strtok_r(NULL, ",", &save))
		error = parse_word(host, word, options);
	if (!error && options->most && options->most < options->run)
		error = host->error(AXVCPU_ERROR_INVALID_INPUT,
				    "most=%" PRIu64 " is less than run=%" PRIu64 ": it is what run grows to",
				    options->most, options->run);
	return error;
}

int32_t options_parse(const struct axarch_host *host, const char *text, struct options *ret_options)
{
	char words[sizeof(ret_options->backend)] = "";
	size_t length = strcspn(text, ",");

	*ret_options = (struct options){ .run = 1 };
	if (!length)
		return host->error(AXVCPU_ERROR_INVALID_INPUT,
				   "no backend is named that executes what the one below cannot: "
				   "write rescue=sim-x86_64");
	if (strlen(text) >= sizeof(words))
		return host->error(AXVCPU_ERROR_INVALID_INPUT, "the options have more than %zu characters",
				   sizeof(words) - 1);
	memcpy(ret_options->backend, text, length);
	snprintf(words, sizeof(words), "%s", text + length);
	return parse_words(host, words, ret_options);
}
