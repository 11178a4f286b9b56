#!/usr/bin/env python3
"""symbolic.py IN OUT: a copy of an x86-64 shared object with DT_SYMBOLIC in its dynamic section.

The dynamic linker then binds the object's own calls to its own functions, as for one that was linked -Bsymbolic-functions:
a preloaded hook does not see them. The entry takes the place of DT_RELACOUNT, which is only a hint.
"""
import struct
import sys

PT_DYNAMIC, DT_NULL, DT_SYMBOLIC, DT_RELACOUNT = 2, 0, 16, 0x6FFFFFF9


def main(source, target):
    with open(source, "rb") as f:
        data = bytearray(f.read())
    assert data[:6] == b"\x7fELF\x02\x01", "no ELF of 64 bits"
    (phoff,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for at in range(phoff, phoff + size * count, size):
        kind, _, offset = struct.unpack_from("<IIQ", data, at)
        if kind != PT_DYNAMIC:
            continue
        while True:
            (tag,) = struct.unpack_from("<Q", data, offset)
            if tag == DT_RELACOUNT:
                struct.pack_into("<QQ", data, offset, DT_SYMBOLIC, 0)
                with open(target, "wb") as f:
                    f.write(data)
                return
            if tag == DT_NULL:
                break
            offset += 16
    sys.exit(f"symbolic.py: {source}: no entry to replace")


main(*sys.argv[1:])
