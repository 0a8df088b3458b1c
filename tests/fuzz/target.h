#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/*
 * What each fuzz_*.c defines, for libFuzzer and for replay.c: the bytes are
 * borrowed for the call, and a finding ends the process.  Returns 0.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
