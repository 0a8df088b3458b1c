#include "tests/fuzz/import.h"

/* Bytes: A HAR archive. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	return fuzz_import(import_har, IMPORT_HAR, bytes, size);
}
