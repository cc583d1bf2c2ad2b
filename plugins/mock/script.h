/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script of the mock: what each run is to do, as text.
 *
 *   MmioRead addr=0x1000 width=4 reg=5 reg_width=8 ; Hypercall nr=7 args=1:2:3 ; spin ; fail set_gpr=19
 *
 * Items are separated by ';' or newlines; '#' begins a comment, to the end of the line.
 *   EXIT field=number...   run returns that exit (the spellings of <axvcpu/exit.h>); fields that are not named are 0
 *   then EXIT field=...    the same, as a further exit of the instruction that the step before it is of: finish returns
 * it, too error CODE             run fails with that code spin                   run goes on until it is kicked fail
 * OP=CODE[*TIMES]   every call of that op (or the next TIMES calls) fails. Not a step: it holds from the start
 */
#ifndef PLUGINS_MOCK_SCRIPT_H
#define PLUGINS_MOCK_SCRIPT_H

#include <axvcpu/plugin/plugin.h>
#include <stdbool.h>

enum { STEP_EXIT, STEP_ERROR, STEP_SPIN };

struct script_step {
	uint32_t kind;
	int32_t code; /* of STEP_ERROR */
	bool is_part; /* of the instruction of the step before */
	struct axvcpu_exit exit;
};

#define SCRIPT_OP(scope, name, presence, since, where, arguments, doc) SCRIPT_OP_##name,
enum { AXARCH_VCPU_OPS(SCRIPT_OP) SCRIPT_OPS };
#undef SCRIPT_OP

struct script {
	struct script_step *steps; /* from host->alloc */
	uint32_t count;
	uint32_t fail_count; /* how many ops have a rule */
	struct {
		int32_t code;  /* 0: the op works */
		uint32_t left; /* calls that still fail; UINT32_MAX: all */
	} fails[SCRIPT_OPS];
};

/* Adds the items of `text` to the script. InvalidInput: the text names the item. script_finish is due in either case.
 */
int32_t script_parse(const struct axarch_host *host, const char *text, struct script *script);
void script_finish(const struct axarch_host *host, struct script *script);

/* Copies the struct of the step's reason, and no more, as far as the host's exit reaches. */
void script_give_exit(const struct script_step *step, struct axvcpu_exit *ret_exit);

/* The code that a rule makes this call of an op fail with, or 0. */
int32_t script_failure(struct script *script, uint32_t op);

#endif
