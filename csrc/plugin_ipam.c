/* SPDX-License-Identifier: MIT */
/* A guess, before Lua is there: which IPAM plugin an ADD will ask for. That one takes longest of all, most of it for its
 * own start, so it is started in the meantime; it is told nothing before Lua has read the configuration properly and
 * found that the guess is what it wants (zlnet.cni.ipam). In doubt nothing is guessed. */
#include "plugin.h"
#include "zerr.h"

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

/* What text[at] is, where it is the string value of a key: its length, 0 for what can't be a plugin's file. */
static size_t name_length(const char *value)
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return value[n] == '"' && n <= NAME_MAX ? n : 0;
}

size_t plugin_ipam_type(const char *text, const char **name)
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
static bool find(char path[static PATH_MAX], const char *name, size_t length, const char *directories)
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

/* What an ADD can't do without. */
static bool is_add(void)
{
	static const char *const needed[] = {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"};
	const char *command = getenv("CNI_COMMAND");

	if (!command || strcmp(command, "ADD"))
		return false;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		const char *value = getenv(needed[i]);
		if (!value || !*value)
			return false;
	}
	return true;
}

void plugin_ipam_start(struct plugin_ahead *a)
{
	struct zerr ignored; /* whatever is wrong is found again, and told, by Lua */
	const char *name;
	ssize_t n = 1;

	if (!is_add())
		return;
	while (n && a->length < sizeof a->text - 1) {
		n = read(STDIN_FILENO, a->text + a->length, sizeof a->text - 1 - a->length);
		if (n < 0 && errno != EINTR)
			return;
		a->length += n > 0 ? (size_t)n : 0;
	}
	size_t length = !n && strlen(a->text) == a->length ? plugin_ipam_type(a->text, &name) : 0;
	if (!length || !find(a->path, name, length, getenv("CNI_PATH")))
		return;
	char *argv[] = {a->path, NULL};
	a->started = !spawn_pipes(&a->child, &ignored) && !spawn_start(&a->child, a->path, argv, environ, &ignored);
	if (!a->started)
		spawn_close(&a->child);
}
