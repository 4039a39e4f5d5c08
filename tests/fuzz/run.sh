#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh SOURCE SECONDS PROGRAM...: each libFuzzer program for so many seconds, from its kept corpus.  New inputs go to
# tests/fuzz/new/NAME of the build directory; `MERGE=1` then adds those that reach something new to the kept corpus.
source=$1
seconds=$2
shift 2
failed=0
for program; do
	name=${program##*/}
	kept=$source/tests/fuzz/corpus/$name
	new=tests/fuzz/new/$name
	mkdir -p "$new"
	if ! "./$program" -help=1 2>&1 | grep -q libFuzzer; then
		echo "$program is no fuzzer: configure with --enable-fuzzing CC=clang" >&2
		exit 2
	fi
	echo "$name"
	if "./$program" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="tests/fuzz/new/$name-" "$new" "$kept" >"tests/fuzz/new/$name.log" 2>&1; then
		grep -E 'stat::number_of_executed_units|stat::new_units_added' "tests/fuzz/new/$name.log" | sed 's/^/  /'
	else
		tail -n 40 "tests/fuzz/new/$name.log"
		failed=1
	fi
	[ -z "${MERGE-}" ] || "./$program" -merge=1 "$kept" "$new" >/dev/null 2>&1
done
exit $failed
