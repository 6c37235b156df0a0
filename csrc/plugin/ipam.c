/* SPDX-License-Identifier: MIT */
/* A guess, before Lua is there: which IPAM plugin an ADD will ask for. That one takes longest of all, most of it for
 * its own start, so it is started in the meantime; it is told nothing before Lua has read the configuration properly
 * and found that the guess is what it wants (zlnet.cni.ipam). In doubt nothing is guessed. Only plugins are started
 * that do not look at the container's interface, which is not there yet. */
#include "kernel/error.h"
#include "plugin/plugin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* The end of a string that begins at p, behind its quote; at the text's end where there is none. */
static const char *string_end(const char *p)
{
	for (; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return p;
}

/* Whether a string is this word, written as plainly as can be. */
static bool is_word(const char *p, const char *end, const char *word)
{
	return (size_t)(end - p) == strlen(word) && !memcmp(p, word, (size_t)(end - p));
}

/* zlnet.cni.ipam has the same names. */
static const char *const early[] = {"host-local", "static"};

static bool is_early(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof early / sizeof *early; i++)
		if (is_word(name, name + length, early[i]))
			return true;
	return false;
}

/* Our environment with the mark by which zlnet-cni knows that it is called as an IPAM plugin. NULL without memory. */
static char **marked_environment(void)
{
	static char mark[] = "ZLNET_CNI_IPAM=1"; /* zlnet.cni.ipam's MARK */
	size_t n = 0;

	while (environ && environ[n])
		n++;
	char **marked = malloc((n + 2) * sizeof *marked);
	if (!marked)
		return NULL;
	if (n)
		memcpy(marked, environ, n * sizeof *marked);
	marked[n] = mark;
	marked[n + 1] = NULL;
	return marked;
}

/* How long the name is that a string is, behind its quote; 0 where it is not plainly a plugin's name. */
static size_t name_length(const char *value)
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n <= NAME_MAX && value[n] == '"' ? n : 0;
}

/* The string "type" of the object "ipam" of a JSON object: its length, 0 where there is none. Of a text that is no JSON
 * anything. */
static size_t find_type(const char *text, const char **name)
{
	int depth = 0;
	bool ipam = false;

	for (const char *p = text; *p; p++) {
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		if (*p != '"')
			continue;
		const char *word = p + 1, *end = string_end(word), *value = skip_space(*end ? end + 1 : end);
		if (!*value)
			return 0;
		p = end;
		if (*value != ':')
			continue;
		value = skip_space(value + 1);
		if (depth == 1)
			ipam = is_word(word, end, "ipam") && *value == '{';
		if (depth == 2 && ipam && is_word(word, end, "type") && *value == '"')
			return *name = value + 1, name_length(value + 1);
	}
	return 0;
}

/* The first file of that name in CNI_PATH, as Lua will look for it. */
static bool find_file(char path[static PATH_MAX], const char *name, size_t length, const char *directories)
{
	while (*directories) {
		size_t n = strcspn(directories, ":");
		int written = snprintf(path, PATH_MAX, "%.*s/%.*s", (int)n, directories, (int)length, name);
		if (n && written > 0 && written < PATH_MAX && !access(path, R_OK))
			return true;
		directories += n + (directories[n] == ':');
	}
	return false;
}

/* CNI_PATH, if this is an ADD that has all it can't do without. */
static const char *path_of_add(void)
{
	static const char *const needed[] = {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"};
	const char *value = getenv("CNI_COMMAND");

	if (!value || strcmp(value, "ADD"))
		return NULL;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		value = getenv(needed[i]);
		if (!value || !*value)
			return NULL;
	}
	return value;
}

/* Whether that is all of standard input, and a text. */
static bool read_all(struct plugin_ahead *a)
{
	const size_t room = sizeof a->text - 1;
	ssize_t n;

	do {
		n = read(STDIN_FILENO, a->text + a->length, room - a->length);
		if (n > 0)
			a->length += (size_t)n;
	} while ((n > 0 && a->length < room) || (n < 0 && errno == EINTR));
	return !n && strlen(a->text) == a->length;
}

void plugin_ipam_start(struct plugin_ahead *a)
{
	struct error ignored; /* whatever is wrong is found again, and told, by Lua */
	const char *directories = path_of_add(), *name;

	if (!directories || !read_all(a))
		return;
	size_t length = find_type(a->text, &name);
	if (!length || !is_early(name, length) || !find_file(a->path, name, length, directories))
		return;
	char *argv[] = {a->path, NULL}, **envp = marked_environment();
	a->started =
		envp && !child_pipes(&a->child, &ignored) && !child_start(&a->child, a->path, argv, envp, &ignored);
	free(envp);
	if (!a->started)
		child_close(&a->child);
}
