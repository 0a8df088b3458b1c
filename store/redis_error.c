#include "store/redis_error.h"

#include <stddef.h>

static const struct redis_error explanations[] = {
	{ "NOAUTH", ANSWER_REFUSED,
		"wants a password: redis://user:password@host:port/db" },
	{ "WRONGPASS", ANSWER_REFUSED,
		"refuses this user and password: look at --redis or "
		"ANDON_REDIS" },
	{ "ERR invalid password", ANSWER_REFUSED,
		"refuses this password: look at --redis or ANDON_REDIS" },
	{ "ERR AUTH", ANSWER_REFUSED,
		"has no password set, but the URL gives one: take it out, or "
		"set one with requirepass" },
	{ "ERR Client sent AUTH", ANSWER_REFUSED,
		"has no password set, but the URL gives one: take it out, or "
		"set one with requirepass" },
	{ "NOPERM", ANSWER_REFUSED,
		"does not permit this user what andon needs: ACL SETUSER name "
		"~{*}:* &* +@all -@admin" },
	{ "READONLY", ANSWER_REFUSED,
		"is a read-only replica: give the address of its master" },
	{ "LOADING", ANSWER_BUSY,
		"is still loading its data from disk: try again later" },
	{ "MASTERDOWN", ANSWER_BUSY,
		"is a replica that lost its master: give the address of the "
		"master" },
	{ "BUSY", ANSWER_BUSY,
		"is busy with a script of somebody else: SCRIPT KILL ends it" },
	{ "MISCONF", ANSWER_REFUSED,
		"can not save to its disk and so refuses writes: look for a "
		"full disk or wrong permissions in its log" },
	{ "OOM", ANSWER_REFUSED,
		"has no memory left: raise maxmemory, or keep results "
		"for a shorter time" },
	{ "NOREPLICAS", ANSWER_REFUSED,
		"has too few replicas (min-replicas-to-write) and refuses "
		"writes" },
	{ "MOVED", ANSWER_REFUSED,
		"does not hold this line: it is another node's slot of the "
		"cluster" },
	{ "ASK", ANSWER_REFUSED,
		"is moving this line to another node of the cluster" },
	{ "CLUSTERDOWN", ANSWER_BUSY, "belongs to a cluster that is down" },
	{ "DENIED", ANSWER_REFUSED,
		"is in protected mode: it answers only this machine until it "
		"has a password" },
	{ "ERR max number of clients", ANSWER_BUSY,
		"has no free connection: raise maxclients" },
	{ "WRONGTYPE", ANSWER_REFUSED,
		"holds something else under a key of this line: another "
		"program uses the same names; choose another database" },
	{ "ERR unknown command", ANSWER_REFUSED,
		"does not know a command that andon needs: Redis 6.2 or newer "
		"is wanted" },
};

const struct redis_error *redis_error_of(struct str error)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]);
		i++) {
		if (str_starts(error, str_from(explanations[i].prefix)))
			return &explanations[i];
	}
	return NULL;
}

void redis_error_text(struct str error, char ret[81])
{
	size_t n = error.len < 80 ? error.len : 80;

	for (size_t i = 0; i < n; i++) {
		char c = error.ptr[i];

		if (c < ' ' || c > '~')
			c = '?';
		ret[i] = c;
	}
	ret[n] = '\0';
}
