#include "base/err.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(err, every_setter_is_false_and_tells_why)
{
	struct err e = { 0 };

	cr_assert_not(err_set(&e, ERR_CONFIG, "no line in %s", "a.yaml"));
	cr_assert_str_eq(e.text, "no line in a.yaml");
	cr_assert_eq(err_exit_code(&e), 2);
	errno = ENOENT;
	cr_assert_not(err_sys(&e, ERR_IO, "%s", "/tmp/x"));
	cr_assert_str_eq(e.text, "/tmp/x: No such file or directory");
	cr_assert_eq(e.sys, ENOENT);
	cr_assert_eq(err_exit_code(&e), 4);
	cr_assert_not(err_in(&e, "stage %s", "canary"));
	cr_assert_str_eq(e.text,
		"stage canary: /tmp/x: No such file or directory");
	cr_assert_eq(e.kind, ERR_IO, "context keeps the kind");
	cr_assert_eq(e.sys, ENOENT);
}

Test(err, nobody_has_to_listen)
{
	errno = EIO;
	cr_assert_not(err_set(NULL, ERR_IO, "x"));
	cr_assert_not(err_sys(NULL, ERR_IO, "x"));
	cr_assert_not(err_in(NULL, "x"));
}

Test(err, a_long_text_loses_its_end)
{
	struct err e = { 0 };

	err_set(&e, ERR_IO, "%500s", "x");
	cr_assert_eq(strlen(e.text), sizeof(e.text) - 1);
	err_in(&e, "outer");
	cr_assert_eq(strncmp(e.text, "outer: ", 7), 0);
	cr_assert_eq(strlen(e.text), sizeof(e.text) - 1);
	err_set(&e, ERR_IO, "again: %s", e.text);
	cr_assert_eq(strncmp(e.text, "again: outer: ", 14), 0);
}
