#!/usr/bin/env python3
"""Run a command twice; fail unless it prints the same both times.

usage: twice.py COMMAND...
"""
import subprocess
import sys


def run():
    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
    if done.returncode not in (0, 1):
        sys.exit("exit status %d: %s"
                 % (done.returncode, " ".join(sys.argv[1:])))
    return done.stdout.splitlines()


first, second = run(), run()
if not first:
    sys.exit("printed nothing: there is nothing to compare")
if first != second:
    at = next((i for i, (a, b) in enumerate(zip(first, second)) if a != b),
              min(len(first), len(second)))
    show = [rows[at].decode() if at < len(rows) else "(the end)"
            for rows in (first, second)]
    sys.exit("the two runs differ from line %d:\n  %s\n  %s"
             % (at + 1, *show))
