#include "tests/fuzz/import.h"

/* Bytes: A command line of curl. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	return fuzz_import(import_curl, IMPORT_CURL, bytes, size);
}
