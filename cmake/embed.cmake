# A file as an array of bytes in C.
# usage: cmake -DFROM=file -DTO=file.c -DNAME=symbol -P embed.cmake
# Gives `const char NAME[]` and `const size_t NAME_bytes`.
file(READ "${FROM}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," array "${hex}")
string(REGEX REPLACE "('[^']*','[^']*','[^']*','[^']*','[^']*','[^']*',)" "\\1\n"
	array "${array}")
file(WRITE "${TO}" "#include <stddef.h>
extern const char ${NAME}[];
extern const size_t ${NAME}_bytes;
const char ${NAME}[] = {
${array}
};
const size_t ${NAME}_bytes = ${bytes};
")
