#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where, and p11-kit: registration, listing, the proxy module.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need p11-kit pkcs11-tool
wallets_new
: "${COFFER_BUILD:?the build directory}"

check "make install" make -s -C "$COFFER_BUILD" install DESTDIR="$tmp/dest"
for file in 'coffer-pkcs11.so' 'coffer' 'coffer.module' 'coffer.pc' 'coffer.1' 'coffer.conf.5' 'coffer-pkcs11.7' 'coffer.h' 'LICENSE'; do
	find "$tmp/dest" -name "$file" | grep -q . && pass || fail "make install: no $file"
done
find "$tmp/dest" -name '*.la' | grep -q . && fail "make install left a .la file" || pass
module=$(find "$tmp/dest" -name coffer-pkcs11.so)
registration=$(find "$tmp/dest" -name coffer.module)
path=$(sed -n 's/^module: //p' "$registration")
check "the registration names the module ($path)" test "$tmp/dest$path" = "$module"

token_new "kit wallet" || fail "token" "$tmp/init"
pkcs11-tool --module "$module" --token-label "kit wallet" --login --pin env:USER_PIN --keypairgen --key-type EC:edwards25519 \
	--label kit --id 01 >"$tmp/out" 2>&1 && pass || fail "key" "$tmp/out"

# p11-kit reads the user's registrations, but not root's: root gives it the installed one in a mount namespace of its own.
mkdir -p "$tmp/config/pkcs11/modules"
sed "s|^module: .*|module: $module|" "$registration" >"$tmp/config/pkcs11/modules/coffer.module"
registrations=$(pkg-config --variable=p11_module_configs p11-kit-1 2>/dev/null)
kit() {
	if [ "$(id -u)" = 0 ] && [ -d "$registrations" ] && unshare -m true 2>/dev/null; then
		unshare -m sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$tmp/config/pkcs11/modules" "$registrations" "$@"
	else
		"$@"
	fi
}
check "p11-kit list-modules" kit p11-kit list-modules
if grep -q '^coffer' "$tmp/out" || grep -q '^module: coffer' "$tmp/out"; then
	says "list-modules" 'token: kit wallet'
	says "list-modules" 'manufacturer: coffer'
	says "list-modules" 'login-required'
	says "list-modules" 'user-pin-initialized'
	says "list-modules" 'token-initialized'
	says "list-modules" 'rng'
	proxy=$(pkg-config --variable=proxy_module p11-kit-1 2>/dev/null)
	if [ -n "$proxy" ] && [ -e "$proxy" ]; then
		echo data >"$tmp/data"
		check "through the proxy" kit pkcs11-tool --module "$proxy" --token-label "kit wallet" --login \
			--pin env:USER_PIN --sign -m EDDSA --id 01 -i "$tmp/data" -o "$tmp/sig"
		check "64 bytes" test "$(wc -c <"$tmp/sig")" = 64
	else
		skip "no p11-kit proxy module"
	fi
else
	skip "p11-kit reads no registration of ours here (is user-config switched off?)"
fi
finish
