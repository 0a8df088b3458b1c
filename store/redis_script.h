#ifndef STORE_REDIS_SCRIPT_H
#define STORE_REDIS_SCRIPT_H

/*
 * The server-side scripts: what has to happen in one moment of the server.
 * KEYS[1] is {line}:line, ARGV[1] the prefix "{line}:"; all keys of a line
 * share one slot of a cluster through the braces.  Numbers above 2^53 never
 * pass through Lua's doubles: revisions and epochs are compared as text.
 */
enum script {
	SCRIPT_FACTS,
	SCRIPT_COMMIT,
	SCRIPT_JUDGE,
	SCRIPT_FENCED_PUT,
	SCRIPT_RUNNER_JOIN,
	SCRIPT_RUNNER_BEAT,
	SCRIPT_RUNNER_LEAVE,
	SCRIPT_DETECTOR_JOIN,
	SCRIPT_DETECTOR_BEAT,
	SCRIPT_DETECTOR_LEAVE,
	SCRIPTS
};

extern const char *const redis_scripts[SCRIPTS];

/* What SCRIPT_FACTS gives, in this order. */
enum facts_part_index {
	FACTS_SECONDS,
	FACTS_MICROSECONDS,
	FACTS_LINE,        /* flat hash: rev, scope:* */
	FACTS_DEPLOYMENTS, /* flat: id, json */
	FACTS_JUDGEMENTS,
	FACTS_CI,
	FACTS_LIVE,
	FACTS_PERMITS,
	FACTS_PLAN,
	FACTS_RUNNERS,  /* list of 6: id vantage plan_hash epoch seen until */
	FACTS_DETECTOR, /* id, valid_until_us */
	FACTS_EPOCH,
	FACTS_SUSPICION,
	FACTS_PULSES,
	FACTS_PARTS
};

#endif
