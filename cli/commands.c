/*
 * The commands and the exit codes: the help and the manual are made of these.
 */
#include <string.h>

#include "cli/command.h"

/* In the order of the help: who needs it most comes first. */
static const struct command *const commands[] = {
	&command_demo,
	&command_up,
	&command_test,
	&command_lint,
	&command_eval,
	&command_schema,
	&command_fmt,
	&command_import,
	&command_curl,
	&command_replay,
	&command_run,
	&command_detect,
	&command_deploy,
	&command_gate,
	&command_status,
	&command_why,
	&command_halt,
	&command_resume,
	&command_approve,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

_Static_assert(sizeof(commands) / sizeof(commands[0]) <= (size_t)COMMANDS_MAX,
	"room for did-you-mean");

const struct command *command_at(size_t index)
{
	return index < COMMANDS ? commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

void exit_codes_help(FILE *out)
{
	fprintf(out, "Exit codes, the same for every command:\n");
#define X(name, code, text) fprintf(out, "  %-4d %s\n", code, text);
	EXIT_MAP(X)
#undef X
}
