#!/usr/bin/env python3
"""Print the files that match, sorted, one a line, relative to ROOT.

usage: list.py ROOT PATTERN... [--but PATTERN...]

Meson has no wildcard of its own. It asks this script while it configures,
and the launcher configures again when a folder has changed.
"""
import fnmatch
import pathlib
import sys


def main(root, *words):
    cut = words.index("--but") if "--but" in words else len(words)
    found = {path.relative_to(root).as_posix()
             for pattern in words[:cut]
             for path in pathlib.Path(root).glob(pattern) if path.is_file()}
    print("\n".join(sorted(
        name for name in found
        if not any(fnmatch.fnmatch(name, but) for but in words[cut + 1:]))))


main(*sys.argv[1:])
