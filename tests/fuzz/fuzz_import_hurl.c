#include "tests/fuzz/import.h"

/* Bytes: A Hurl file. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	return fuzz_import(import_hurl, IMPORT_HURL, bytes, size);
}
