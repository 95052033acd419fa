#!/bin/sh
# build.sh [--for-installation]: builds the executables and the plugins for release.
#
# With --for-installation, plugins need no Swift toolchain either. That is a matter of linking, so that nothing is compiled again.
set -eu
cd "$(dirname "$0")/.."
[ "${1:-}" = --for-installation ] && export ASSAY_INSTALLATION=1
for product in assay assay-plugin-worker basic braintrust llm-as-judge math text; do
    swift build -c release --static-swift-stdlib --product $product
done
