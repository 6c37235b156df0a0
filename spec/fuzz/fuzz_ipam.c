/* SPDX-License-Identifier: MIT */
/* What zlnet-cni looks for in a text before Lua reads it: the IPAM plugin's name. The text is anything; its first line
 * is CNI_PATH. Nothing may be read beyond either, and what is found is a plain name that stands in the text. */
#include <stdint.h>
#include <stdlib.h>

#include "../../csrc/plugin/ipam.c"

/* The programs are not what is tried here. */
int child_pipes(struct child *s, struct error *e)
{
	(void)s, (void)e;
	return 0;
}

int child_start(struct child *s, const char *path, char *const argv[], char *const envp[], struct error *e)
{
	(void)s, (void)path, (void)argv, (void)envp, (void)e;
	return 0;
}

void child_close(struct child *s)
{
	(void)s;
}

static void check(bool holds)
{
	if (!holds)
		abort();
}

static char *copy(const uint8_t *data, size_t size)
{
	char *text = calloc(size + 1, 1);

	check(text);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t head = line ? (size_t)(line - data) : 0;
	char *directories = copy(data, head), *text = copy(data + head, size - head), path[PATH_MAX];
	const char *name = NULL;
	size_t length = find_type(text, &name);

	if (length) {
		check(length <= NAME_MAX && name > text && name + length < text + strlen(text));
		check(name[-1] == '"' && name[length] == '"' && strspn(name, plain) == length);
		is_early(name, length);
		if (find_file(path, name, length, directories))
			check(strlen(path) > length && strlen(path) < PATH_MAX);
	}
	free(directories);
	free(text);
	return 0;
}
