#include "suites/absent.h"

#include "base/codes.h"

void absent_say(const char *what, struct span where, struct diags *ds)
{
	diag_add(ds, DIAG_ERROR, E14, where,
		"%s is not available in this version", what);
	diag_hint(ds, "known, but not executed yet");
}
