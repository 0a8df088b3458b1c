/*
 * XPath from several threads at once: the library is set up by whoever comes
 * first, and nothing else is shared.
 */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>

#include "base/xml.h"

enum { THREADS = 4, TURNS = 200 };

static void *evaluate(void *unused)
{
	struct xpath_value v;
	char why[160];
	size_t at;

	(void)unused;
	for (int i = 0; i < TURNS; i++) {
		struct arena *a = arena_new();
		assert(!xpath_check(STR("//a["), why, sizeof(why), &at));
		assert(xpath_eval(a, STR("//a[. > 1]"),
			       STR("<r><a>1</a><a>2</a></r>"), XML_STRICT,
			       STR_NONE, &v) == XPATH_OK);
		assert(v.json->count == 1);
		assert(xpath_eval(a, STR("//a"), STR("<r><a>"), XML_STRICT,
			       STR_NONE, &v) == XPATH_BROKEN);
		arena_free(a);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert(pthread_create(&thread[i], NULL, evaluate, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	puts("xml: ok");
	return 0;
}
