#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What doctor finds: this host, hosts that are made up below a directory, and what is wrong with wallets and configuration.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin
check "a wallet" "$COFFER" create w --pin-file pin
host=$tmp/host

# found WHAT SUBJECT SEVERITY PATTERN: doctor --json has such a finding; its status is in $status
found() {
	status=0
	"$COFFER" doctor --json --root "$host" >"$tmp/out" 2>&1 || status=$?
	json "$1" "any(f['subject'] == '$2' and f['severity'] == '$3' and '$4' in f['text'] for f in v['findings'])"
}

# a host with: swap, core pattern, ptrace scope, power states, power disk
host_new() {
	rm -rf "$host"
	mkdir -p "$host/proc/sys/kernel/yama" "$host/sys/power" "$host/sys/block"
	printf 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n%s' "$1" >"$host/proc/swaps"
	printf '%s\n' "$2" >"$host/proc/sys/kernel/core_pattern"
	printf '%s\n' "$3" >"$host/proc/sys/kernel/yama/ptrace_scope"
	printf '%s\n' "$4" >"$host/sys/power/state"
	printf '%s\n' "$5" >"$host/sys/power/disk"
}

# ---- this host ----
status=0
"$COFFER" doctor >"$tmp/out" 2>&1 || status=$?
case $status in
0 | 1) pass ;;
*) fail "doctor here (exit status $status)" "$tmp/out" ;;
esac
says "every probe says something" "^[a-z]* *memory "
for subject in mechanisms "memory limit" swap hibernation "core dumps" debuggers configuration directory wallets clock; do
	says "every probe says something: $subject" "^[a-z]* *$subject "
done

# ---- swap ----
host_new "" core 1 "freeze mem" "[disabled]"
found "no swap" swap ok "no swap"
found "cannot hibernate" hibernation ok "does not hibernate"
found "Yama" debuggers ok "ptrace_scope is 1"
found "core files" "core dumps" ok "core dumps go to core"
host_new "/dev/sda2 partition 1000 0 -2
" "|/usr/lib/systemd/systemd-coredump %P" 0 "freeze mem disk" "[platform] shutdown"
found "plain swap" swap note "/dev/sda2 is not known to be encrypted"
found "no Yama" debuggers note "may debug each other"
found "a crash reporter" "core dumps" ok "the program /usr/lib/systemd/systemd-coredump"
json "hibernation is told" "any(f['subject'] == 'hibernation' and f['severity'] in ('note', 'weak') for f in v['findings'])"
host_new "/dev/dm-1 partition 1000 0 -2
/dev/zram0 partition 1000 0 100
/swapfile file 1000 0 -3
" core 2 mem ""
mkdir -p "$host/sys/block/dm-1/dm" "$host/sys/block/dm-1/slaves/dm-0" "$host/sys/block/dm-0/dm" "$host/sys/block/zram0"
echo LVM-abc >"$host/sys/block/dm-1/dm/uuid"
echo CRYPT-LUKS2-abc >"$host/sys/block/dm-0/dm/uuid"
echo none >"$host/sys/block/zram0/backing_dev"
found "a volume on dm-crypt" swap ok "/dev/dm-1 is encrypted"
found "compressed memory" swap ok "/dev/zram0 is compressed memory"
found "a swap file" swap note "/swapfile is not known"
echo /dev/sdb1 >"$host/sys/block/zram0/backing_dev"
found "compressed memory that is written to a disk" swap note "/dev/zram0 is not known"
echo LVM-def >"$host/sys/block/dm-0/dm/uuid"
found "a volume on a plain one" swap note "/dev/dm-1 is not known"
rm -rf "$host"
found "nothing to read" swap note "cannot be read"

# ---- locked memory and hibernation ----
host_new "/dev/sda2 partition 1000 0 -2
" core 1 "freeze mem disk" "[platform] shutdown"
echo "memory = locked" >>coffer.conf
found "locked memory, as configured" memory note "locked memory, as configured"
found "an image of memory on a plain disk" hibernation weak "a hibernation image holds all memory"
check "what is weak ends with 1" test "$status" = 1
host_new "" core 1 mem ""

# ---- configuration ----
printf 'argon2-memory = 65536\nargon2-passes = 3\n' >coffer.conf
found "read from the file" configuration ok "read from $tmp/coffer.conf"
json "values in force" "v['configuration']['file'] == '$tmp/coffer.conf' and v['configuration']['values']['argon2-memory'] == '65536' and v['severity'] in ('ok', 'note')"
check "nothing weak ends with 0" test "$status" = 0
chmod 666 coffer.conf
found "a configuration that others can change" configuration weak "can be changed by others"
chmod 600 coffer.conf
printf 'argon2-memory = 8192\nargon2-passes = 1\npin-min-length = 8\n' >coffer.conf
found "cheap guessing" configuration weak "cheap with 8192 KiB and 1 passes"
found "what is no default" configuration ok "pin-min-length = 8"
echo "allow-unlocked-memory = yes" >coffer.conf
found "a protection given up" configuration weak "allow-unlocked-memory"
echo "trace = $tmp/trace" >coffer.conf
found "a trace" configuration note "$tmp/trace"
echo "memroy = secret" >coffer.conf
found "a configuration that cannot be read" configuration broken "there is no key memroy"
found "and nothing works" memory broken "no wallet can be unlocked here"
check "what is broken ends with 6" test "$status" = 6
: >coffer.conf

# ---- directory and wallets ----
found "the directory" directory ok "$COFFER_DIR, mode 700"
found "the wallets" wallets ok "1 of 1 can be used"
chmod 755 "$COFFER_DIR"
found "a loose directory" wallets broken "chmod 700"
chmod 700 "$COFFER_DIR"
chmod 640 "$COFFER_DIR"/*.coffer
found "a loose wallet" wallets broken "chmod 600"
chmod 600 "$COFFER_DIR"/*.coffer
head -c 10000 /dev/urandom >"$COFFER_DIR/random.coffer"
found "a file that is no wallet" wallets broken "random.coffer"
found "the other one" wallets ok "1 of 2 can be used"
rm "$COFFER_DIR/random.coffer"
COFFER_DIR=$tmp/nowhere
found "no directory yet" directory note "is not there yet"
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ]; then
	COFFER_DIR=$(mktemp -d /dev/shm/coffer.XXXXXX)
	found "a directory in memory" directory note "tmpfs"
	rmdir "$COFFER_DIR"
else
	skip "no tmpfs on /dev/shm"
fi
COFFER_DIR=$tmp/wallets

# ---- RLIMIT_MEMLOCK ----
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && command -v prlimit >/dev/null; then
	chmod 711 "$tmp"
	mkdir nobody && chown 65534:65534 nobody
	# as_nobody BYTES: doctor for an ordinary user with that limit, whose status is in $status
	as_nobody() {
		status=0
		cd / && COFFER_DIR=$tmp/nobody COFFER_CONF='' setpriv --reuid 65534 --regid 65534 --clear-groups \
			prlimit --memlock="$1" "$COFFER" doctor --json --root "$host" >"$tmp/out" 2>&1 || status=$?
		cd "$tmp" || exit 99
	}
	if setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$COFFER"; then
		as_nobody 8388608
		json "threads that a limit suffices for" 'any(f["subject"] == "memory limit" and f["severity"] == "ok" and "enough for" in f["text"] for f in v["findings"])'
		if [ "${COFFER_SANITIZERS:-no}" = no ]; then
			as_nobody 65536
			json "a limit that is low" 'any(f["subject"] == "memory limit" and f["severity"] == "weak" and f["advice"] for f in v["findings"])'
			as_nobody 0
			json "no memory can be locked" 'any(f["subject"] == "memory" and f["severity"] == "broken" and "RLIMIT_MEMLOCK" in f["text"] for f in v["findings"])'
			check "that is broken" test "$status" = 6
		else
			skip "a limit that is too low: sanitizers make mlock(2) succeed always"
		fi
	else
		skip "RLIMIT_MEMLOCK: an ordinary user cannot run $COFFER"
	fi
else
	skip "RLIMIT_MEMLOCK: only root can become a user whom it limits"
fi
finish
