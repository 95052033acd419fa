#!/bin/sh
# test-dist.sh: makes the archives, and uses each in a Debian system that has nothing but its base. Needs root and a Debian
# mirror. Exit status 2: something for it is missing here.
set -eu
cd "$(dirname "$0")/.."
missing() { echo "test-dist: $*" >&2; exit 2; }
[ "$(id -u)" = 0 ] || missing "needs root"
command -v debootstrap dpkg-shlibdeps >/dev/null || { apt-get update && apt-get install -y debootstrap dpkg-dev; } ||
    missing "needs debootstrap and dpkg-dev"
folder=$(mktemp -d)
root=$folder/root
trap 'umount "$root/proc" 2>/dev/null; rm -rf "$folder"' EXIT
fail() { echo "test-dist: $*" >&2; exit 1; }

sh Installation/dist.sh "$folder/dist"
. /etc/os-release
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
debootstrap --variant=minbase "$VERSION_CODENAME" "$root" "$mirror" >"$folder/log" 2>&1 ||
    { tail "$folder/log" >&2; missing "no base system can be installed from $mirror"; }
# Swift reads the arguments of a program there.
mount -t proc proc "$root/proc"
cp -R Examples/gsm8k "$root/root/gsm8k"
score() {
    chroot "$root" env -i PATH=/usr/bin:/bin HOME=/root "$@" score /root/gsm8k/model_solutions.jsonl --format table \
        --fn-dir /root/gsm8k --fn gsm8k::final_answer --fn basic::subset_of >"$folder/demo.txt" 2>"$folder/warnings.txt" ||
        fail "$1 scores nothing: $(cat "$folder/warnings.txt")"
    ! grep warning "$folder/warnings.txt" || fail "$1 gives warnings"
    grep -q '744 of 2,638' "$folder/demo.txt" || fail "$1 has other scores than it should: $(cat "$folder/demo.txt")"
}

cp "$folder"/dist/*.deb "$root/root/assay.deb"
chroot "$root" apt-get install -y --no-install-recommends /root/assay.deb >"$folder/log" 2>&1 ||
    { tail "$folder/log" >&2; fail "the package cannot be installed"; }
score assay
chroot "$root" apt-get remove -y assay >"$folder/log" 2>&1 || fail "the package cannot be removed"
[ ! -e "$root/usr/lib/assay" ] || fail "the package leaves files behind"
# The libraries that the package asked for are still there.
tar -C "$root/opt" -xzf "$folder"/dist/*.tar.gz
score "/opt/$(basename "$folder"/dist/*.tar.gz .tar.gz)/bin/assay"
echo "The archives work."
