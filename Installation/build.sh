#!/bin/sh
# build.sh [--for-installation]: builds the executables and the plugins for release.
#
# With --for-installation, plugins need no Swift toolchain either. That is a matter of linking, so that nothing is compiled again.
set -eu
cd "$(dirname "$0")/.."
library=
if [ "${1:-}" = --for-installation ]; then
    export ASSAY_INSTALLATION=1 ASSAY_EMBEDDING=1
    library=AssayLibrary
fi
for product in assay assay-plugin-worker basic braintrust llm-as-judge math text $library; do
    swift build -c release --static-swift-stdlib --product $product
done
