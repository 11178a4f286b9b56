#!/usr/bin/env python3
"""large_files.py LIBPQ COPY: a copy that calls fopen64 and stat64 in place of fopen and stat, as a libpq does that was built
for large files (Meson's default). The new names take the place of two weak symbols that are defined nowhere."""
import struct
import sys

NEW = {b"fopen": (b"fopen64", b"_ITM_deregisterTMCloneTable"), b"stat": (b"stat64", b"_ITM_registerTMCloneTable")}
SYMBOL = 24

data = bytearray(open(sys.argv[1], "rb").read())
start = struct.unpack_from("<Q", data, 0x28)[0]
size, count = struct.unpack_from("<HH", data, 0x3A)
sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]
dynsym = next(s for s in sections if s[1] == 11)
strings = sections[dynsym[6]][4]


def text(offset):
    at = strings + offset
    return bytes(data[at : data.index(0, at)])


symbols = {}
for at in range(dynsym[4], dynsym[4] + dynsym[5], SYMBOL):
    symbols.setdefault(text(struct.unpack_from("<I", data, at)[0]), at)
for old, (name, weak) in NEW.items():
    place = struct.unpack_from("<I", data, symbols[weak])[0]
    data[strings + place : strings + place + len(name) + 1] = name + b"\0"
    struct.pack_into("<I", data, symbols[weak], 0)
    struct.pack_into("<I", data, symbols[old], place)
open(sys.argv[2], "wb").write(data)
