#!/usr/bin/env python3
"""Turn files into one C source of constant byte arrays.

usage: embed.py OUT.c NAME=FILE ...

For each pair OUT.c defines `const unsigned char NAME[]`, which ends in a 0
that is not counted, and `const size_t NAME_size`. Declare both in a header.
"""
import sys


def define(name, content):
    rows = [content[i:i + 20] for i in range(0, len(content), 20)]
    lines = ["    " + "".join("%d," % byte for byte in row) for row in rows]
    return "\n".join(
        ["extern const unsigned char %s[%d];" % (name, len(content) + 1),
         "extern const size_t %s_size;" % name,
         "const unsigned char %s[%d] = {" % (name, len(content) + 1),
         *lines, "    0", "};",
         "const size_t %s_size = %d;" % (name, len(content)), ""])


def main(arguments):
    if len(arguments) < 2 or not all("=" in a for a in arguments[1:]):
        sys.exit(__doc__.strip())
    parts = ["#include <stddef.h>\n"]
    for pair in arguments[1:]:
        name, path = pair.split("=", 1)
        with open(path, "rb") as file:
            parts.append(define(name, file.read()))
    with open(arguments[0], "w", encoding="ascii") as out:
        out.write("\n".join(parts))


main(sys.argv[1:])
