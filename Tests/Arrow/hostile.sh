#!/bin/sh
# hostile.sh [LIBRARY]: gives libassay streams, scorers, options and states that lie, under AddressSanitizer. The library is built by
#     ASSAY_EMBEDDING=1 swift build --product AssayLibrary
# with --sanitize=address to check the memory of the library itself as well.
set -eu
cd "$(dirname "$0")/../.."
library=$(realpath "${1:-.build/debug/libAssayLibrary.so}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-clang} -std=c11 -g -Wall -Wextra -fsanitize=address -shared-libasan -ISources/CAssay/include -ISources/CArrow/include \
    Tests/Arrow/hostile.c "$library" -Wl,-rpath,"$(dirname "$library")" -o "$work/hostile"
# Leaks are not looked for: Swift's runtime keeps metadata to its end.
ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:malloc_context_size=1 SWIFT_BACKTRACE=enable=no LD_LIBRARY_PATH="$(dirname "$(${CC:-clang} -print-file-name=libclang_rt.asan-$(uname -m).so)")" "$work/hostile"
