#ifndef DETECTORS_SPARSE_H
#define DETECTORS_SPARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * A state as the bytes of a checkpoint: runs of zeros are only counted.  Most
 * of a state is histograms of latency, and most of a histogram is empty.
 *
 * Pure; `n` is a multiple of 8.
 */
void sparse_write(struct buf *out, const void *bytes, size_t n);
/*
 * Fills all n bytes of *ret.  False: these are not exactly n bytes; *ret is
 * then undefined.
 */
bool sparse_read(struct str packed, void *ret, size_t n);

#endif
