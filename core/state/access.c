/* SPDX-License-Identifier: Apache-2.0 */
/* Single registers of a vCPU, by number and by name. */
#include <string.h>

#include "state.h"

/* Values are little-endian bytes, and so are the hosts that there are. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a register's bytes are a little-endian host's integer");

/* Engines say that they lack a register without a word: a switch asks for many. */
static int32_t named(const struct axvcpu_reg *reg, int32_t error)
{
	if (error == AXVCPU_ERROR_NOT_FOUND && !*axvcpu_error_text())
		return error_set(error, "%s: the vCPU's engine does not have it (%s), or not on this host", reg->name,
				 reg->doc);
	return error_prefix(error, "%s: ", reg->name);
}

int32_t reg_read(struct axvcpu *vcpu, const struct axvcpu_reg *reg, void *ret_value)
{
	int32_t error;

	error_clear();
	error = vcpu->ops->get_reg.fn(vcpu->ops->get_reg.self, reg->id, ret_value, reg->size);
	return error ? named(reg, error) : 0;
}

int32_t reg_write(struct axvcpu *vcpu, const struct axvcpu_reg *reg, const void *value)
{
	int32_t error;

	error_clear();
	error = vcpu->ops->set_reg.fn(vcpu->ops->set_reg.self, reg->id, value, reg->size);
	return error ? named(reg, error) : 0;
}

/* A backend of no architecture (a scripted one) has a create config field `arch` that says which it plays. */
int32_t vcpu_arch(const struct axvcpu *vcpu, uint32_t *ret_arch)
{
	const struct axarch_description *description = axvcpu_backend_description(vcpu_backend(vcpu));
	char word[32] = "";

	*ret_arch = description->arch;
	if (!*ret_arch && axvcpu_config_get(vcpu->engine->config, "arch", word, sizeof(word)) == 0)
		*ret_arch = axvcpu_arch_by_name(word);
	if (*ret_arch)
		return 0;
	return error_set(AXVCPU_ERROR_UNSUPPORTED,
			 "vCPU %u: backend %s is of no architecture, so its registers have no names: set its create "
			 "config's arch",
			 vcpu->id, description->id);
}

static int32_t find_by_id(const struct axvcpu *vcpu, uint64_t id, uint32_t size, const struct axvcpu_reg **ret_reg)
{
	uint32_t arch = axvcpu_backend_description(vcpu_backend(vcpu))->arch;
	const struct axvcpu_reg *reg = axvcpu_reg_by_id(id);

	if (!reg || (arch && AXVCPU_REG_ID_ARCH(id) != arch))
		return error_set(AXVCPU_ERROR_NOT_FOUND, "vCPU %u: %s has no register 0x%llx", vcpu->id,
				 arch ? axvcpu_arch_name(arch) : "no architecture", (unsigned long long)id);
	if (size != reg->size)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "vCPU %u: register %s has %u bytes, not %u", vcpu->id,
				 reg->name, reg->size, size);
	*ret_reg = reg;
	return 0;
}

static int32_t check_writable(const struct axvcpu *vcpu, const struct axvcpu_reg *reg)
{
	if (!(reg->flags & AXVCPU_REG_READ_ONLY))
		return 0;
	return error_set(AXVCPU_ERROR_INVALID_INPUT, "vCPU %u: register %s (%s) is read-only", vcpu->id, reg->name,
			 reg->doc);
}

static int32_t get(struct axvcpu *vcpu, const struct axvcpu_reg *reg, void *ret_value)
{
	struct axvcpu *before;
	int32_t error = vcpu_enter(vcpu, "get_reg", &before);

	return error ? error : vcpu_leave(vcpu, "get_reg", before, reg_read(vcpu, reg, ret_value));
}

static int32_t set(struct axvcpu *vcpu, const struct axvcpu_reg *reg, const void *value)
{
	struct axvcpu *before;
	int32_t error;

	error = check_writable(vcpu, reg);
	if (!error)
		error = vcpu_enter(vcpu, "set_reg", &before);
	return error ? error : vcpu_leave(vcpu, "set_reg", before, reg_write(vcpu, reg, value));
}

int32_t axvcpu_get_reg(struct axvcpu *vcpu, uint64_t id, void *ret_value, uint32_t size)
{
	const struct axvcpu_reg *reg = NULL;
	int32_t error = find_by_id(vcpu, id, size, &reg);

	return error ? error : get(vcpu, reg, ret_value);
}

int32_t axvcpu_set_reg(struct axvcpu *vcpu, uint64_t id, const void *value, uint32_t size)
{
	const struct axvcpu_reg *reg = NULL;
	int32_t error = find_by_id(vcpu, id, size, &reg);

	return error ? error : set(vcpu, reg, value);
}

#define NAMES_MAX 512

/* The nearest name or alias, for an error text; "" with nothing around it when none is near. */
static int32_t no_such_name(const struct axvcpu *vcpu, uint32_t arch, const char *name)
{
	const char *names[NAMES_MAX], *nearest;
	uint32_t count, used = 0;
	const struct axvcpu_reg *regs = axvcpu_regs(arch, &count);

	for (uint32_t i = 0; i < count && used + 2 <= NAMES_MAX; i++) {
		names[used++] = regs[i].name;
		names[used++] = regs[i].alias;
	}
	nearest = axvcpu_nearest(name, names, used);
	return error_set(AXVCPU_ERROR_NOT_FOUND, "vCPU %u: %s has no register \"%s\"%s%s%s", vcpu->id,
			 axvcpu_arch_name(arch), name, nearest ? "; did you mean " : "", nearest ? nearest : "",
			 nearest ? "?" : "");
}

static int32_t find_by_name(const struct axvcpu *vcpu, const char *name, const struct axvcpu_reg **ret_reg)
{
	const struct axvcpu_reg *reg = NULL;
	uint32_t arch;
	int32_t error = vcpu_arch(vcpu, &arch);

	if (error)
		return error;
	reg = axvcpu_reg_by_name(arch, name);
	if (!reg)
		return no_such_name(vcpu, arch, name);
	if (reg->size > sizeof(uint64_t))
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "vCPU %u: register %s has %u bytes: use axvcpu_get_reg and axvcpu_set_reg", vcpu->id,
				 reg->name, reg->size);
	*ret_reg = reg;
	return 0;
}

int32_t axvcpu_get_reg_u64(struct axvcpu *vcpu, const char *name, uint64_t *ret_value)
{
	const struct axvcpu_reg *reg = NULL;
	uint64_t value = 0;
	int32_t error = find_by_name(vcpu, name, &reg);

	if (!error)
		error = get(vcpu, reg, &value);
	if (!error)
		*ret_value = value;
	return error;
}

int32_t axvcpu_set_reg_u64(struct axvcpu *vcpu, const char *name, uint64_t value)
{
	const struct axvcpu_reg *reg = NULL;
	int32_t error = find_by_name(vcpu, name, &reg);

	return error ? error : set(vcpu, reg, &value);
}
