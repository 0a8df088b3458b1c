#!/bin/sh
# ctest: LABELS fast
# The runner of the unit tests (tests/support/forked) against tests of every
# ending: what it lets pass, everything else that it runs would pass too.
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"
forked=${FORKED:?the program of samples}

"$forked" --verbose >out 2>err
rc=$?
[ $rc -eq 1 ] || fail "exit code $rc, not 1"

sed -n 's/^\(pass\|FAIL\|skip\) samples\/\([a-z_]*\) ([0-9]* ms)/\1 \2/p' \
	err >got
tail -n 1 err >>got
cat >want <<'EOF'
FAIL dies: ended by signal 9 (Killed)
pass dies_as_it_must
FAIL does_not_die: did not end by the signal that it waits for
FAIL does_not_exit: exit code 0, not 4
FAIL ends_half_way: ended in the middle, by exit(0)
pass exits_as_it_must
FAIL exits_otherwise: exit code 5, not 4
FAIL goes_on: an assertion does not hold
FAIL hangs: took too long
pass holds
pass holds_again
FAIL is_cut_short: an assertion does not hold
FAIL leaks: leaks, or goes wrong in exit()
FAIL says_nothing: asserts nothing
skip skips_itself
FAIL writes_past_the_end: exit code 1, not 0
4 passed, 11 failed, 2 skipped
EOF
diff -u want got >&2 || fail "another outcome"

# what an author has to see of it
for line in 'samples.c:[0-9]*: samples/is_cut_short: cut here' \
	'samples/goes_on: not true: ("abc") == ("abd")' \
	'ERROR: LeakSanitizer' 'heap-buffer-overflow' \
	'samples/skips_itself skipped: nothing to look at'; do
	grep -q "$line" err || fail "not said: $line"
done
# whatever comes to an end of its own is torn down, the aborted too
torn=$(grep -c '^teardown 1$' out)
[ "$torn" -eq 9 ] || fail "$torn teardowns"

"$forked" --filter 'samples/holds*' >out 2>err || fail "two that hold"
grep -qx '2 passed, 0 failed, 0 skipped' err || fail "two: $(cat err)"
"$forked" --filter 'samples/none' >out 2>err && fail "not one test"
"$forked" --filter 'samples/skips*' >out 2>err && fail "nothing passed"
"$forked" --fliter x >out 2>err
[ $? -eq 2 ] || fail "a wrong option"
all_held forked
