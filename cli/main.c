#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/output.h"

/* In the order of the help: who needs it most comes first. */
static const struct command *const commands[] = {
	&command_demo,
	&command_up,
	&command_test,
	&command_lint,
	&command_eval,
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

static const char exit_codes[] =
	"Exit codes, the same for every command:\n"
	"  0 pass, proceed         1 stop, fail: a judged failure\n"
	"  2 wrong usage or files  3 undecided: not enough evidence\n"
	"  4 unavailable: store or detector, our own trouble\n"
	"  5 held by a person or a window  6 superseded by a newer version\n"
	"  130, 143 interrupted by a signal\n";

static void help(FILE *out)
{
	fprintf(out,
		"andon %s: smoke suites without pause, and a verdict that "
		"stops the line\n\n"
		"usage: andon COMMAND [OPTION...] [ARGUMENT...]\n\n",
		ANDON_VERSION);
	for (int i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name,
			commands[i]->summary);
	fprintf(out, "\nandon COMMAND --help tells more.\n\n%s", exit_codes);
}

static void command_help(const struct command *c, FILE *out)
{
	fprintf(out, "usage: andon %s [OPTION...]%s%s\n\n%s\n\n", c->name,
		c->args ? " " : "", c->args ? c->args : "", c->help);
	options_help(c, out);
	fprintf(out, "\n%s", exit_codes);
}

static const struct command *command_find(const char *name)
{
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	struct str names[COMMANDS];

	for (int i = 0; i < COMMANDS; i++)
		names[i] = str_from(commands[i]->name);
	size_t near = str_nearest(str_from(name), names, COMMANDS);
	fprintf(stderr, "andon: unknown command `%s`", name);
	if (near != SIZE_MAX)
		fprintf(stderr, "; did you mean `%s`?", commands[near]->name);
	fprintf(stderr, "\ntry: andon --help\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static struct options o;
	struct err e = { 0 };

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		help(stdout);
		return EXIT_PASS;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("andon %s\n", ANDON_VERSION);
		return EXIT_PASS;
	}
	const struct command *c = command_find(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	if (!options_parse(&o, c, argc - 2, argv + 2, &e))
		return output_usage(c->name, "%s", e.text);
	if (o.help) {
		command_help(c, stdout);
		return EXIT_PASS;
	}
	log_init(o.verbose ? LOG_DEBUG : LOG_INFO, o.quiet);
	return c->run(&o);
}
