#include "suites/vars.h"

#include "base/crypto.h"

void vars_init(struct vars *v, struct arena *a, uint64_t seed)
{
	*v = (struct vars){ .arena = a, .seed = seed };
	if (seed == 0)
		return;
	v->random = ARENA_NEW(a, uint64_t);
	*v->random = seed;
}

static struct var *find(const struct vars *v, struct str name)
{
	for (struct var *at = v->first; at; at = at->next) {
		if (str_eq(at->name, name))
			return at;
	}
	return NULL;
}

void vars_set(struct vars *v, struct str name, const struct json *value,
	bool secret)
{
	struct var *var = find(v, name);

	if (!var) {
		var = ARENA_NEW(v->arena, struct var);
		var->name = name;
		var->next = v->first;
		v->first = var;
	}
	var->value = value;
	var->secret = secret;
}

void vars_set_str(struct vars *v, struct str name, struct str text)
{
	vars_set(v, name, json_new_str(v->arena, text), false);
}

const struct var *vars_get(const struct vars *v, struct str name)
{
	return find(v, name);
}

/* SplitMix64 (Steele, Lea, Flood 2014): one word of state, any seed is good. */
uint64_t vars_random(const struct vars *v)
{
	uint64_t z;

	if (!v->random) {
		crypto_random(&z, sizeof(z));
		return z;
	}
	*v->random += 0x9e3779b97f4a7c15u;
	z = *v->random;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}
