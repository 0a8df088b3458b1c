/*
 * Replays a fuzz corpus: every file of the given folders goes once through
 * the target, so that a finding stays found on machines without clang.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/target.h"

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	static uint8_t bytes[1 << 20];

	if (!f) {
		perror(path);
		return 1;
	}
	size_t size = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	/* An exact copy, so that a read past the end is seen by ASan. */
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		return 1;
	for (size_t i = 0; i < size; i++)
		copy[i] = bytes[i];
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		if (!dir) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *d; (d = readdir(dir));) {
			char path[4096];
			if (d->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i],
				d->d_name);
			if (replay_file(path) != 0)
				return 1;
			files++;
		}
		closedir(dir);
	}
	printf("%d inputs replayed\n", files);
	return files > 0 ? 0 : 1;
}
