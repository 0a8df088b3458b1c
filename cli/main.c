#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/output.h"

static void help(FILE *out)
{
	fprintf(out,
		"andon %s: smoke suites without pause, and a verdict that "
		"stops the line\n\n"
		"usage: andon COMMAND [OPTION...] [ARGUMENT...]\n\n",
		ANDON_VERSION);
	for (size_t i = 0; command_at(i); i++)
		fprintf(out, "  %-9s %s\n", command_at(i)->name,
			command_at(i)->summary);
	fprintf(out, "\nandon COMMAND --help tells more.\n\n");
	exit_codes_help(out);
}

static void command_help(const struct command *c, FILE *out)
{
	fprintf(out, "usage: andon %s [OPTION...]%s%s\n\n%s\n\n", c->name,
		c->args ? " " : "", c->args ? c->args : "", c->help);
	options_help(c, out);
	fprintf(out, "\n");
	exit_codes_help(out);
}

static int unknown_command(const char *name)
{
	struct str names[COMMANDS_MAX];
	size_t n = 0;

	for (; n < COMMANDS_MAX && command_at(n); n++)
		names[n] = str_from(command_at(n)->name);
	size_t near = str_nearest(str_from(name), names, n);
	fprintf(stderr, "andon: unknown command `%s`", name);
	if (near != SIZE_MAX)
		fprintf(stderr, "; did you mean `%s`?", command_at(near)->name);
	fprintf(stderr, "\ntry: andon --help\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static struct options o;
	struct err e = { 0 };

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the only thread yet */
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
