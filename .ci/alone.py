#!/usr/bin/env python3
"""Build loop/ with every other room deleted, and run a program with it.

usage: alone.py ROOT

What the loop needs must be in its own folder: no hook of a test, no header
of another room, no option of the build but the platform's own define.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

MAIN = r"""
#include "loop/loop.h"
#include "loop/shutdown.h"

static int ran;

static void run(struct post *p, int status)
{
    (void)p;
    ran += status == 0;
}

int main(void)
{
    struct loop *l;
    struct post  post = { .run = run };

    if (loop_create(&l, NULL) || loop_post(l, &post))
        return 1;
    if (loop_run(l, LOOP_UNTIL_IDLE) != LOOP_IDLE)
        return 2;
    if (loop_shutdown(l, NULL, NULL))
        return 3;
    loop_destroy(l);
    return ran == 1 ? 0 : 4;
}
"""


def run(words, folder):
    done = subprocess.run(words, cwd=folder, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit("%s: exit status %d\n%s"
                 % (" ".join(words), done.returncode, done.stdout))


def main(root):
    with tempfile.TemporaryDirectory() as folder:
        alone = pathlib.Path(folder)
        shutil.copytree(pathlib.Path(root) / "loop", alone / "loop")
        (alone / "main.c").write_text(MAIN)
        cc = [os.environ.get("CC", "cc"), "-std=c11", "-O1", "-Wall",
              "-Wextra", "-Werror", "-Iloop"]
        sources = [path.relative_to(alone).as_posix()
                   for path in sorted((alone / "loop").glob("*.c"))
                   + sorted((alone / "loop" / "linux").glob("*.c"))
                   if not path.name.endswith("_test.c")]
        objects = []
        for source in [*sources, "main.c"]:
            objects.append(source.replace("/", "-") + ".o")
            platform = ["-D_GNU_SOURCE"] if "/linux/" in source else []
            run([*cc, *platform, "-c", source, "-o", objects[-1]], alone)
        run([*cc, *objects, "-pthread", "-o", "program"], alone)
        run(["./program"], alone)


main(sys.argv[1])
