/* SPDX-License-Identifier: Apache-2.0 */
/* STUB, to be replaced by the board's tables: an RSDP's signature alone, which no guest takes for one. */
#include <string.h>

#include "../../status.h"
#include "acpi.h"

int x86_64_acpi_make(const struct acpi_info *info, uint8_t *ret_tables, size_t capacity, size_t *ret_size)
{
	static const char rsdp[36] = "RSD PTR ";

	(void)info;
	(void)capacity;
	memcpy(ret_tables, rsdp, sizeof(rsdp));
	*ret_size = sizeof(rsdp);
	return STATUS_OK;
}
