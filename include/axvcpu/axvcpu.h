/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a VMM includes, in one header. The parts: see each file's head. */
#ifndef AXVCPU_AXVCPU_H
#define AXVCPU_AXVCPU_H

#include <axvcpu/backend.h>
#include <axvcpu/config.h>
#include <axvcpu/error.h>
#include <axvcpu/exit.h>
#include <axvcpu/percpu.h>
#include <axvcpu/space.h>
#include <axvcpu/state.h>
#include <axvcpu/types.h>
#include <axvcpu/vcpu.h>

#endif
