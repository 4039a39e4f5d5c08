#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the built module exports and what it needs of its host.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
: "${COFFER_MODULE:?the built module}"

${NM:-nm} -D --defined-only "$COFFER_MODULE" | awk '{ print $NF }' | sort >"$tmp/have"
printf '%s\n' C_GetFunctionList C_GetInterface C_GetInterfaceList >"$tmp/want"
if diff "$tmp/want" "$tmp/have" >"$tmp/out"; then pass; else fail "exported symbols" "$tmp/out"; fi

# Nothing that ends the host, writes to its terminal or leaves a handler behind.  Sanitizers bring their own.
if [ "${COFFER_SANITIZERS:-no}" = no ]; then
	${NM:-nm} -D --undefined-only "$COFFER_MODULE" | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort -u >"$tmp/needs"
	for symbol in exit _exit abort atexit __cxa_atexit on_exit pthread_atfork __register_atfork signal sigaction \
		dlopen printf puts putchar perror setlocale system popen putenv setenv srand rand random sprintf vsprintf gets \
		mktemp tmpnam; do
		if grep -qx "$symbol" "$tmp/needs"; then fail "the module uses $symbol"; else pass; fi
	done
	# A libcrypto that is linked in has its own ways with strings.
	${NM:-nm} --undefined-only "${COFFER_BUILD:-.}/.libs/libcoffer.a" | awk '{ print $NF }' | sort -u >"$tmp/needs"
	check "the objects that the module is made of are there" grep -qx calloc "$tmp/needs"
	for symbol in strcpy strcat strtok strncpy; do
		if grep -qx "$symbol" "$tmp/needs"; then fail "the module's own code uses $symbol"; else pass; fi
	done
	if readelf -lW "$COFFER_MODULE" | grep -q 'GNU_STACK.*RWE'; then fail "executable stack"; else pass; fi
	check "relocations are read-only" sh -c "readelf -lW '$COFFER_MODULE' | grep -q GNU_RELRO"
	check "all symbols are bound at load" sh -c "readelf -dW '$COFFER_MODULE' | grep -q 'BIND_NOW\|FLAGS.*NOW'"
	if readelf -dW "$COFFER_MODULE" | grep -q 'RPATH\|RUNPATH\|TEXTREL'; then
		fail "run path or text relocations"
	else pass; fi
fi
finish
