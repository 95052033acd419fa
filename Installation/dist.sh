#!/bin/sh
# dist.sh [FOLDER]: makes what people without Swift install, in FOLDER (default: .build/dist).
#
#     assay-VERSION-linux-ARCHITECTURE.tar.gz    to unpack anywhere
#     assay_VERSION_ARCHITECTURE.deb             for Debian and Ubuntu, with the libraries that it needs as dependencies
#
# Both have what install.sh installs. DEBFULLNAME and DEBEMAIL say who maintains the package. Files have the time of the last commit, so that the same build gives the same archives.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-.build/dist}
command -v dpkg-shlibdeps dpkg-deb >/dev/null || { echo "dist: needs dpkg-deb and dpkg-shlibdeps (the package dpkg-dev)" >&2; exit 2; }
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR="$work/root" PREFIX=/usr sh Installation/install.sh
version=$("$work/root/usr/bin/assay" --version)
time=$(git log -1 --format=%ct 2>/dev/null || echo "${SOURCE_DATE_EPOCH:-0}")
export SOURCE_DATE_EPOCH="$time"

name=assay-$version-linux-$(uname -m)
cp -R "$work/root/usr" "$work/$name"
tar -C "$work" --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -9n >"$folder/$name.tar.gz"

# Where Debian wants the licence and compressed pages.
root=$work/root
mv "$root/usr/share/doc/assay/LICENSE" "$root/usr/share/doc/assay/copyright"
gzip -9n "$root"/usr/share/man/man1/*
architecture=$(dpkg --print-architecture)
mkdir -p "$work/debian" "$root/DEBIAN"
echo "Source: assay" >"$work/debian/control"
needs=$(cd "$work" && dpkg-shlibdeps -O root/usr/libexec/assay/* \
    root/usr/lib/libassay.so root/usr/lib/assay/plugins/*.so 2>"$work/log") ||
    { cat "$work/log" >&2; exit 1; }
cat >"$root/DEBIAN/control" <<END
Package: assay
Version: $version
Architecture: $architecture
Maintainer: ${DEBFULLNAME:-Assay} <${DEBEMAIL:-root@localhost}>
Installed-Size: $(du -ks "$root/usr" | cut -f 1)
Depends: ${needs#shlibs:Depends=}
Section: science
Priority: optional
Description: scores what language models write
 Assay scores generated answers against expected ones, by functions that need no
 model and by language models as judges, on the command line and as a server.
END
find "$root" -exec touch -hd "@$time" {} +
dpkg-deb --root-owner-group -z3 --build "$root" "$folder/assay_${version}_$architecture.deb" >/dev/null
ls -l "$folder"
