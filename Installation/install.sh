#!/bin/sh
# install.sh: builds Assay for release, and puts it below PREFIX (default: /usr/local), or DESTDIR and PREFIX.
#
# What it puts there finds itself by where it lies, so it may be moved as a whole. It needs no Swift toolchain: the Swift
# runtime is linked into the library and into each plugin. The program is the library's command line.
set -eu
cd "$(dirname "$0")/.."
to=${DESTDIR:-}${PREFIX:-/usr/local}
sh Installation/build.sh --for-installation
products=.build/release

for plugin in basic braintrust llm-as-judge math text; do
    install -D -m 755 "$products/lib$plugin.so" "$to/lib/assay/plugins/lib$plugin.so"
    strip "$to/lib/assay/plugins/lib$plugin.so"
done
install -D -m 755 "$products/libAssayLibrary.so" "$to/lib/libassay.so"
strip "$to/lib/libassay.so"
mkdir -p "$to/bin"
${CC:-clang} -O2 -s -ISources/CAssay/include -ISources/CArrow/include Installation/assay.c "$to/lib/libassay.so" \
    -Wl,-rpath,'$ORIGIN/../lib' -o "$to/bin/assay"
chmod 755 "$to/bin/assay"
install -D -m 755 "$products/assay-plugin-worker" "$to/libexec/assay/assay-plugin-worker"

# For authors of plugins: headers, kits, templates.
mkdir -p "$to/include" "$to/lib/pkgconfig" "$to/share/assay" "$to/share/man/man1" "$to/share/doc/assay"
cp Sources/CScorerPlugin/include/assay_scorer_plugin.h SDK/c/*.h SDK/cpp/*.hpp "$to/include"
cp Sources/CAssay/include/assay.h Sources/CArrow/include/arrow_abi.h "$to/include"
version=$("$to/bin/assay" --version)
sed "s/@VERSION@/$version/" Installation/assay.pc >"$to/lib/pkgconfig/assay.pc"
for folder in open_benchmarks scoring_fns swift rust plugin-templates; do rm -rf "$to/share/assay/$folder"; done
cp -R open_benchmarks "$to/share/assay/open_benchmarks"
cp -R scoring_fns "$to/share/assay/scoring_fns"
cp -RL SDK/swift "$to/share/assay/swift"
cp -RL SDK/rust "$to/share/assay/rust"
cp -RL SDK/templates "$to/share/assay/plugin-templates"
# What compilers may have left beside the sources.
find "$to/share/assay" \( -name .build -o -name target -o -name Cargo.lock \) -prune -exec rm -rf {} +

# To read.
sh Installation/man-pages.sh "$to/bin/assay" "$to/share/man/man1"
awk -f Installation/header-to-markdown.awk Sources/CScorerPlugin/include/assay_scorer_plugin.h \
    >"$to/share/doc/assay/plugin-abi.md"
cp -R LICENSE README.md Documentation "$to/share/doc/assay"
echo "Assay $version is installed in $to."
