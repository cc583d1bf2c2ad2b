/* SPDX-License-Identifier: Apache-2.0 */
/* All registers of one engine to another, without a snapshot in between. */
#ifndef CORE_STATE_TRANSFER_H
#define CORE_STATE_TRANSFER_H

#include <axvcpu/plugin/layer.h>

/*
 * Both are between two instructions. What `to` lacks must be 0 (or volatile); registers of the model are the business
 * of axvcpu_agree and left alone, except those that a snapshot has too. The text of an error names the register; `to`
 * has part of them then. `from` is as it was.
 */
int32_t state_transfer(const struct axarch_dispatch *from, const struct axarch_dispatch *to, uint32_t arch);

#endif
