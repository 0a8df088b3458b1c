#include "suites/json_copy.h"

static struct json *copy_one(struct arena *a, const struct json *j)
{
	struct json *copy = json_new(a, j->type);

	if (j->type == JSON_STRING || j->type == JSON_NUMBER)
		copy->text = j->text;
	return copy;
}

struct json *json_copy(struct arena *a, const struct json *j, size_t *budget)
{
	const struct json *from = j;
	struct json *root = copy_one(a, j);
	struct json *to = root; /* the copy of `from` */

	for (;;) {
		if (*budget == 0)
			return NULL;
		--*budget;
		bool nest =
			from->type == JSON_ARRAY || from->type == JSON_OBJECT;
		if (nest && from->first) {
			from = from->first;
		} else {
			while (from != j && !from->next) {
				from = from->up;
				to = (struct json *)to->up;
			}
			if (from == j)
				return root;
			from = from->next;
			to = (struct json *)to->up;
		}
		struct json *child = copy_one(a, from);
		json_append(to, from->key, child);
		to = child;
	}
}
