/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion of reads: the value that a device gave is cut and extended here as the exit says, once for all engines;
 * how it is merged into the register is the engine's to know.
 */
#include "vcpu.h"

/* What a read exit says of its value: bytes that the device gives, bytes that the register takes, and how they differ.
 */
struct read {
	uint32_t width;
	uint32_t reg_width;
	uint32_t signed_ext;
};

static int read_of(const struct axvcpu_exit *exit, struct read *ret_read)
{
	switch (exit->reason) {
	case AXVCPU_EXIT_MMIO_READ:
		*ret_read =
			(struct read){ exit->mmio_read.width, exit->mmio_read.reg_width, exit->mmio_read.signed_ext };
		return 1;
	case AXVCPU_EXIT_IO_READ:
		*ret_read = (struct read){ exit->io_read.width, exit->io_read.width, 0 };
		return 1;
	case AXVCPU_EXIT_SYSREG_READ:
		*ret_read = (struct read){ 8, 8, 0 };
		return 1;
	default:
		return 0;
	}
}

static int is_width(uint32_t width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

static uint64_t low_bytes(uint64_t value, uint32_t width)
{
	return width == 8 ? value : value & ((UINT64_C(1) << (8 * width)) - 1);
}

static uint64_t extend(uint64_t value, const struct read *read)
{
	uint64_t sign = UINT64_C(1) << (8 * read->width - 1);
	uint64_t cut = low_bytes(value, read->width);

	if (read->signed_ext)
		cut = (cut ^ sign) - sign;
	return low_bytes(cut, read->reg_width);
}

static int32_t check_read(const struct axvcpu *vcpu, const struct axvcpu_exit *exit, struct read *ret_read)
{
	if (exit->size < AXVCPU_EXIT_SIZE_MIN)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "vCPU %u: complete_read: the exit's size is %u, at least %u is needed", vcpu->id,
				 exit->size, AXVCPU_EXIT_SIZE_MIN);
	if (!read_of(exit, ret_read))
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "vCPU %u: complete_read needs an MmioRead, IoRead or SysRegRead exit, not %s (%u)",
				 vcpu->id, axvcpu_exit_name(exit->reason), exit->reason);
	if (!is_width(ret_read->width) || !is_width(ret_read->reg_width) || ret_read->reg_width < ret_read->width)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "vCPU %u: complete_read: the exit says width %u into a register of %u; widths are 1, "
				 "2, 4 or 8, and the "
				 "register's is not smaller",
				 vcpu->id, ret_read->width, ret_read->reg_width);
	return 0;
}

int32_t axvcpu_fail_access(struct axvcpu *vcpu, const struct axvcpu_exit *exit)
{
	struct axvcpu *before;
	int32_t error;

	if (exit->reason != AXVCPU_EXIT_SYSREG_READ && exit->reason != AXVCPU_EXIT_SYSREG_WRITE)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "vCPU %u: fail_access needs a SysRegRead or SysRegWrite exit, not %s (%u)", vcpu->id,
				 axvcpu_exit_name(exit->reason), exit->reason);
	error = vcpu_enter(vcpu, "fail_access", &before);
	if (error)
		return error;
	error = vcpu->ops->fail_access.fn(vcpu->ops->fail_access.self, exit);
	return vcpu_leave(vcpu, "fail_access", before, error);
}

int32_t axvcpu_complete_read(struct axvcpu *vcpu, const struct axvcpu_exit *exit, uint64_t value)
{
	struct axvcpu *before;
	struct read read = { 0, 0, 0 };
	int32_t error;

	error = check_read(vcpu, exit, &read);
	if (!error)
		error = vcpu_enter(vcpu, "complete_read", &before);
	if (error)
		return error;
	error = vcpu->ops->complete_read.fn(vcpu->ops->complete_read.self, exit, extend(value, &read));
	return vcpu_leave(vcpu, "complete_read", before, error);
}
