#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Functions that have no place here, and what a function that may see a secret must not do.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
cd "$COFFER_SRC" || exit 99

# forbid WHY PATTERN FILE...
forbid() {
	why=$1 pattern=$2
	shift 2
	if code "$@" | grep -E "$pattern" >"$tmp/out"; then fail "$why" "$tmp/out"; else pass; fi
}

word='(^|[^A-Za-z0-9_.>])'
all=$(ls src/*/*.[ch])
# The tool may print and exit; nobody may do the rest.
library=$(ls src/*/*.[ch] | grep -v '^src/cli/')
for f in strcpy strcat stpcpy sprintf vsprintf gets strtok alloca atoi atol atof rand random srand tmpnam mktemp strncpy bcmp \
	longjmp setjmp; do
	forbid "$f" "$word$f[[:space:]]*\(" $all
done
forbid "goto" "${word}goto[[:space:]]" $all
for f in printf puts exit abort _exit atexit signal sigaction pthread_atfork system popen setlocale; do
	forbid "$f in the library" "$word$f[[:space:]]*\(" $library
done
# All heap goes through base/mem.h.
forbid "heap beside base/mem.h" "$word(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf)[[:space:]]*\(" \
	$(echo "$library" | tr ' ' '\n' | grep -v '^src/base/mem\.[ch]$')

# A function that takes a struct vault_scope may neither use the heap nor memcmp; the vault's own
# scope.c, secret.c and keep.c allocate there, for their bookkeeping and for what is sealed.
for file in $(grep -l 'struct vault_scope \*' src/*/*.c | grep -v '^src/vault/\(scope\|secret\|keep\)\.c$'); do
	code "$file" | awk -F: '
	{ text = $0; sub(/^[^:]*:[^:]*:/, "", text) }
	depth == 0 { head = head " " text }
	{
		if (depth > 0 && scoped && text ~ /(^|[^A-Za-z0-9_])(NEW|mem_alloc|mem_array|mem_resize|mem_copy|mem_string|malloc|calloc|realloc|strdup|memcmp|fprintf|snprintf)[ \t]*\(/)
			print
		opened = gsub(/\{/, "{", text)
		if (depth == 0 && opened) { scoped = (head ~ /struct vault_scope \*/ && head ~ /\)[ \t]*\{/ && head !~ /=[ \t]*\{/) }
		depth += opened
		closed = gsub(/\}/, "}", text)
		depth -= closed
		if (depth == 0 && (closed || text ~ /;[ \t]*$/)) { head = ""; scoped = 0 }
	}' >"$tmp/out"
	if [ -s "$tmp/out" ]; then fail "heap or memcmp in a function with a vault scope" "$tmp/out"; else pass; fi
done
finish
