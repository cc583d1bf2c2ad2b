/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a guest starts on the x86_64 board. There is no firmware: the first CPU starts in the mode that the image's
 * protocol asks for, and what a boot loader would have told the guest lies in memory.
 *
 *   image             mode                  registers                  told by
 *   Linux bzImage     64 bits               rsi                        the zero page (struct boot_params)
 *   PVH ELF           32 bits, no paging    ebx                        struct hvm_start_info
 *   multiboot kernel  32 bits, no paging    eax 0x2badb002, ebx        the multiboot information
 *   ELF, 64 bits      64 bits               rdi; rsp: a stack          struct hvm_start_info
 *   ELF, 32 bits      32 bits, no paging    ebx; esp: a stack          struct hvm_start_info
 *   boot sector       16 bits, real mode    dl 0x80; sp 0x7c00         nothing; there is no BIOS to call
 *   flat binary       16 bits, real mode    sp 0x7c00                  nothing
 *
 * With 64 bits the page tables map the first 4 GiB and all memory, up to 512 GiB, to themselves.
 */
#ifndef CLI_BOARD_X86_64_BOOT_H
#define CLI_BOARD_X86_64_BOOT_H

#include "../board.h"

#define X86_64_LOAD_ADDRESS UINT64_C(0x8000) /* of flat binaries: free on a PC, and what a start-up IPI can name */

/* board_type's prepare_boot. */
int x86_64_prepare_boot(const struct boot_request *request, struct boot *boot);

/*
 * The rest of a CPU's start, after axvcpu_setup: the first gets the registers of its boot, the others start as a
 * start-up IPI has them, which axvcpu_setup did. The library's error.
 */
int32_t x86_64_start_cpu(struct board *board, struct cpu *cpu);

#endif
