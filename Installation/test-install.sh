#!/bin/sh
# test-install.sh: installs into a temporary folder, moves that, and uses it as somebody would who has no Swift.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "test-install: $*" >&2; exit 1; }

DESTDIR="$folder/first" PREFIX=/usr/local sh Installation/install.sh
mv "$folder/first/usr/local" "$folder/moved place"
there="$folder/moved place"

for file in "$there/bin/assay" "$there/lib/libassay.so" "$there/libexec/assay/assay-plugin-worker" \
    "$there"/lib/assay/plugins/*.so; do
    if ldd "$file" | grep -q 'libswift\|libFoundation\|not found'; then ldd "$file"; fail "$file needs a Swift toolchain"; fi
done
for plugin in "$there"/lib/assay/plugins/*.so; do
    exports=$(nm -D --defined-only --extern-only "$plugin" | awk '{ print $NF }')
    [ "$exports" = assay_plugin_entry ] || fail "$plugin exports more than its entry: $exports"
done

clean() { env -i PATH=/usr/bin:/bin HOME="$folder" "$@"; }
# Shared objects beside the executable are none of its plugins.
cp "$there/lib/assay/plugins/libmath.so" "$there/bin/other.so"
clean "$there/bin/assay" score Examples/gsm8k/model_solutions.jsonl --format table --fn-dir Examples/gsm8k \
    --fn gsm8k::final_answer --fn basic::subset_of >"$folder/demo.txt" 2>"$folder/warnings.txt" ||
    fail "the demo cannot be scored"
! grep warning "$folder/warnings.txt" || fail "the demo gives warnings"
grep -q '744 of 2,638' "$folder/demo.txt" || fail "the demo has other scores than it should: $(cat "$folder/demo.txt")"
clean "$there/bin/assay" functions list | grep -q llm-as-judge::correctness || fail "there is a definition missing"
clean "$there/bin/assay" plugins list | grep -q '^llm-as-judge ' || fail "there is a plugin missing"

# A plugin outside of Assay's tree, by the headers that pkg-config finds, and by those that the executable knows of.
for pkgconfig in "$there/lib/pkgconfig" /nonexistent; do
    rm -rf "$folder/word-limit" && ln -sfn "$there" "$folder/assay"
    clean "$folder/assay/bin/assay" plugins new word-limit --language c --output "$folder/word-limit" >/dev/null
    clean PKG_CONFIG_PATH="$pkgconfig" make -s -C "$folder/word-limit" test ASSAY="$folder/assay/bin/assay" ||
        fail "a new plugin cannot be built and tested"
done
for page in assay assay-score assay-plugins-new; do
    grep -q '^.SH SYNOPSIS' "$there/share/man/man1/$page.1" || fail "there is no manual page $page"
done
grep -q '^## Threads' "$there/share/doc/assay/plugin-abi.md" || fail "the manual of the plugin header is missing"
echo "The installation works."
