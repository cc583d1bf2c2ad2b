/* SPDX-License-Identifier: Apache-2.0 */
/* Control words, and the images that instructions load whole states from. */
#ifndef DIFFERENTIAL_IMAGES_H
#define DIFFERENTIAL_IMAGES_H

#include "case.h"
#include "values.h"

enum { IMAGE_FXSAVE_SIZE = 512, IMAGE_XSAVE_SIZE = 832 };

/* With `may_be_wrong` now and then one with reserved bits. */
uint64_t image_mxcsr(struct random *random, bool may_be_wrong);
uint64_t image_fcw(struct random *random);
/* fcw, fsw, ftw and the stack of a state. */
void image_x87(struct random *random, struct state *ret_state);
/* FSTENV's (28 or 14 bytes) and FSAVE's (108 or 94). */
void image_environment(struct random *random, uint8_t *ret_image, uint32_t size);
void image_fxsave(struct random *random, uint8_t ret_image[IMAGE_FXSAVE_SIZE]);
void image_xsave(struct random *random, uint8_t ret_image[IMAGE_XSAVE_SIZE]);

#endif
