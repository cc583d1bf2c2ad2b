/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one random instruction: prefixes, registers and immediates of one encoding. */
#ifndef DIFFERENTIAL_BUILD_H
#define DIFFERENTIAL_BUILD_H

#include "encodings.h"
#include "values.h"

enum { BUILD_MAX = 15 };

/* The length; 0 when none was found that decodes as the encoding's mnemonic. */
unsigned build(struct random *random, const struct encoding *encoding, unsigned mode, uint8_t code[BUILD_MAX],
	       struct decoded *ret_decoded);

#endif
