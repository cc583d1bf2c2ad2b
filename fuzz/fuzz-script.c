/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a script of the mock. */
#include <stdlib.h>
#include <string.h>

#include "../plugins/mock/script.h"
#include "loader/backend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct axarch_host *host = host_table();
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct script script = { .steps = NULL };
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!script_parse(host, text, &script))
		for (uint32_t i = 0; i < script.count; i++)
			if (script.steps[i].kind == STEP_EXIT)
				script_give_exit(&script.steps[i], &exit);
	script_finish(host, &script);
	free(text);
	return 0;
}
