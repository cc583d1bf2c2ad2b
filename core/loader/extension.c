/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calling a function of an extension by name: the plugin published its signature as text, and libffi makes the call.
 * For scripts and generic layers; who has the extension's header calls the function itself.
 */
#include <ffi.h>
#include <string.h>

#include "../error/error.h"
#include "backend.h"

#define PARAMETERS_MAX 16

struct kind {
	const char *name;
	ffi_type *type;
};

static const struct kind kinds[] = {
	{ "i32", &ffi_type_sint32 }, { "i64", &ffi_type_sint64 },  { "u32", &ffi_type_uint32 },
	{ "u64", &ffi_type_uint64 }, { "ptr", &ffi_type_pointer }, { "str", &ffi_type_pointer },
	{ "void", &ffi_type_void },
};

struct signature {
	ffi_type *result;
	ffi_type *parameters[PARAMETERS_MAX];
	uint32_t count;
};

/* The kind that `*text` begins with, which is moved behind it. */
static ffi_type *take_kind(const char **text)
{
	size_t length = strcspn(*text, "(,)");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == length && !strncmp(*text, kinds[i].name, length)) {
			*text += length;
			return kinds[i].type;
		}
	return NULL;
}

/* "i32(ptr,u64)"; -1: not a signature. */
static int parse_signature(const char *text, struct signature *ret_signature)
{
	ret_signature->count = 0;
	ret_signature->result = take_kind(&text);
	if (!ret_signature->result || *text++ != '(')
		return -1;
	while (*text != ')') {
		ffi_type *type = ret_signature->count < PARAMETERS_MAX ? take_kind(&text) : NULL;

		if (!type || type == &ffi_type_void || (*text != ',' && *text != ')') ||
		    (*text == ',' && text[1] == ')'))
			return -1;
		ret_signature->parameters[ret_signature->count++] = type;
		text += *text == ',';
	}
	return text[1] ? -1 : 0;
}

/* A value of 64 bits as libffi reads it through a pointer: by the parameter's size. */
union value {
	uint64_t u64;
	uint32_t u32;
	void *pointer;
};

static void narrow(const ffi_type *type, uint64_t argument, union value *ret_value)
{
	if (type == &ffi_type_pointer)
		ret_value->pointer = (void *)(uintptr_t)argument;
	else if (type->size == 4)
		ret_value->u32 = (uint32_t)argument;
	else
		ret_value->u64 = argument;
}

/* Small results arrive widened to ffi_arg, with their sign. */
static uint64_t widen(const ffi_type *type, uint64_t result)
{
	if (type == &ffi_type_void)
		return 0;
	if (type == &ffi_type_sint32)
		return (uint64_t)(int64_t)(int32_t)result;
	return type == &ffi_type_uint32 ? (uint32_t)result : result;
}

static int32_t call(const struct axarch_function *function, struct signature *signature, const uint64_t *arguments,
		    uint64_t *ret_result)
{
	union value values[PARAMETERS_MAX];
	void *pointers[PARAMETERS_MAX];
	uint64_t result = 0; /* as wide as ffi_arg at least */
	ffi_cif cif;

	if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, signature->count, signature->result, signature->parameters) != FFI_OK)
		return error_set(AXVCPU_ERROR_INVALID_DATA, "libffi cannot call %s with signature %s", function->name,
				 function->signature);
	for (uint32_t i = 0; i < signature->count; i++) {
		narrow(signature->parameters[i], arguments[i], &values[i]);
		pointers[i] = &values[i];
	}
	ffi_call(&cif, function->fn, &result, pointers);
	if (ret_result)
		*ret_result = widen(signature->result, result);
	return 0;
}

static const struct axarch_function *find(const struct axarch_extension *extension, const char *name)
{
	for (uint32_t i = 0; i < extension->function_count; i++)
		if (!strcmp(extension->functions[i].name, name))
			return &extension->functions[i];
	return NULL;
}

static int32_t say_no_function(const struct axarch_extension *extension, const char *name)
{
	const char *names[64], *near;
	uint32_t count = 0;

	for (; count < extension->function_count && count < 64; count++)
		names[count] = extension->functions[count].name;
	near = axvcpu_nearest(name, names, count);
	return error_set(AXVCPU_ERROR_NOT_FOUND, "extension %s has no function \"%s\"%s%s%s", extension->name, name,
			 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

int32_t axvcpu_backend_call(struct axvcpu_backend *backend, const char *extension_name, const char *function_name,
			    const uint64_t *arguments, uint32_t count, uint64_t *ret_result)
{
	const struct axarch_extension *extension =
		backend->ops.get_extension ? backend->ops.get_extension(extension_name) : NULL;
	const struct axarch_function *function;
	struct signature signature;

	if (!extension)
		return error_set(AXVCPU_ERROR_NOT_FOUND, "backend \"%s\" has no extension \"%s\"",
				 backend->note.description.id, extension_name);
	function = find(extension, function_name);
	if (!function)
		return say_no_function(extension, function_name);
	if (parse_signature(function->signature, &signature))
		return error_set(AXVCPU_ERROR_INVALID_DATA,
				 "%s of extension %s has the signature \"%s\", which is none: RESULT(KIND,...)",
				 function_name, extension->name, function->signature);
	if (signature.count != count)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "%s of extension %s takes %u arguments, %s, but %u were given", function_name,
				 extension->name, signature.count, function->signature, count);
	return call(function, &signature, arguments, ret_result);
}
