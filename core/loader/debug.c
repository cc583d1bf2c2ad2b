/* SPDX-License-Identifier: Apache-2.0 */
/* Which topics the user wants to see, and one line per event. Knows nothing of what it prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debug.h"

static const struct {
	unsigned topic;
	const char *name;
} topics[] = { { DEBUG_LOADER, "loader" }, { DEBUG_LAYER, "layer" }, { DEBUG_PLUGIN, "plugin" } };

#define TOPICS (sizeof(topics) / sizeof(topics[0]))

static unsigned topic_of(const char *word, size_t length)
{
	if (length == 3 && !strncmp(word, "all", 3))
		return DEBUG_LOADER | DEBUG_LAYER | DEBUG_PLUGIN;
	for (size_t i = 0; i < TOPICS; i++)
		if (strlen(topics[i].name) == length && !strncmp(word, topics[i].name, length))
			return topics[i].topic;
	return 0;
}

static unsigned read_topics(void)
{
	const char *list = secure_getenv("AXVCPU_DEBUG");
	unsigned wanted = 0;

	while (list && *list) {
		size_t length = strcspn(list, ",");

		wanted |= topic_of(list, length);
		list += length + (list[length] == ',');
	}
	return wanted;
}

int debug_wants(unsigned topic)
{
	static unsigned cached; /* the topics, and this bit once they were read */
	const unsigned known = 1u << 31;
	unsigned wanted = __atomic_load_n(&cached, __ATOMIC_RELAXED);

	if (!(wanted & known)) {
		wanted = read_topics() | known;
		__atomic_store_n(&cached, wanted, __ATOMIC_RELAXED);
	}
	return (wanted & topic) != 0;
}

static const char *topic_name(unsigned topic)
{
	for (size_t i = 0; i < TOPICS; i++)
		if (topics[i].topic == topic)
			return topics[i].name;
	return "debug";
}

void debug_vlog(unsigned topic, const char *format, va_list arguments)
{
	char text[1024];

	if (!debug_wants(topic))
		return;
	vsnprintf(text, sizeof(text), format, arguments);
	dprintf(STDERR_FILENO, "axvcpu %s: %s\n", topic_name(topic), text);
}

void debug_log(unsigned topic, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	debug_vlog(topic, format, arguments);
	va_end(arguments);
}
