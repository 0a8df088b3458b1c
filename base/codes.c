#include "base/codes.h"

#include <stddef.h>

const char *code_title(int code)
{
	switch (code) {
#define X(letter, number, title)                                               \
	case number:                                                           \
		return title;
		CODE_MAP(X)
#undef X
	default:
		return NULL;
	}
}
