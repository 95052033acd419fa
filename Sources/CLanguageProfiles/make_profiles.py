#!/usr/bin/env python3
"""Packs the language profiles of langdetect into profiles.bin.

    pip download --no-deps --no-binary :all: langdetect==1.0.9 && tar -xf langdetect-1.0.9.tar.gz
    ./make_profiles.py langdetect-1.0.9/langdetect

The file, little-endian:

    u16 number of languages, then for each a byte with the length of its code, and the code
    u32 number of n-grams, then for each, in ascending order of its key,
        the difference from the key before it, in groups of 7 bits, lowest first, bit 7 set in all but the last
        u8  number of languages that it occurs in, then for each
            u8  the language, by its place in the list
            u16 ln(1 + p / 0.00005) times 7000, rounded; p is the share of the n-gram among those of its length
    u32 number of ideographs, then for each, in ascending order, u16 the ideograph, u16 the one that stands for its class

The key of an n-gram is its one to three UTF-16 code units, read as digits to the base 65536.
"""
import json
import math
import pathlib
import re
import struct
import sys

SMALLEST = 0.00005
SCALE = 7000


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def ideographs(messages):
    """The classes of ideographs that langdetect takes for one, each represented by its first member."""
    classes = {}
    for line in messages.splitlines():
        name, _, value = line.partition("=")
        if re.fullmatch(r"NGram\.KANJI_\d+_\d+", name.strip()):
            members = json.loads('"' + value.strip() + '"')
            for member in members:
                classes[ord(member)] = ord(members[0])
    return classes


def main():
    source = pathlib.Path(sys.argv[1])
    languages = sorted(path.name for path in (source / "profiles").iterdir())
    grams = {}
    for number, language in enumerate(languages):
        profile = json.loads((source / "profiles" / language).read_text(encoding="utf-8"))
        for gram, count in profile["freq"].items():
            if 1 <= len(gram) <= 3 and count > 0:
                share = count / profile["n_words"][len(gram) - 1]
                weight = round(math.log1p(share / SMALLEST) * SCALE)
                assert 0 < weight < 65536 and all(ord(unit) < 65536 for unit in gram)
                key = 0
                for unit in gram:
                    key = key << 16 | ord(unit)
                grams.setdefault(key, []).append((number, weight))

    out = bytearray(struct.pack("<H", len(languages)))
    for language in languages:
        out += bytes([len(language)]) + language.encode()
    out += struct.pack("<I", len(grams))
    before = 0
    for key in sorted(grams):
        out += varint(key - before) + bytes([len(grams[key])])
        before = key
        for number, weight in grams[key]:
            out += struct.pack("<BH", number, weight)
    classes = ideographs((source / "utils" / "messages.properties").read_text(encoding="utf-8"))
    out += struct.pack("<I", len(classes))
    for member in sorted(classes):
        out += struct.pack("<HH", member, classes[member])
    target = pathlib.Path(__file__).parent / "profiles.bin"
    target.write_bytes(out)
    print(f"{target}: {len(languages)} languages, {len(grams)} n-grams, "
          f"{sum(map(len, grams.values()))} weights, {len(classes)} ideographs, {len(out)} bytes")


main()
