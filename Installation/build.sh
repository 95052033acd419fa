#!/bin/sh
# build.sh [--for-installation]: builds the executables and the plugins for release.
#
# With --for-installation, what is built needs no Swift toolchain, and the engine is a library. That is a matter of linking, so
# that nothing is compiled again.
set -eu
cd "$(dirname "$0")/.."
engine=assay
if [ "${1:-}" = --for-installation ]; then
    export ASSAY_INSTALLATION=1 ASSAY_EMBEDDING=1
    engine=AssayLibrary
fi
for product in $engine assay-plugin-worker basic braintrust llm-as-judge math text; do
    swift build -c release --product $product
done
