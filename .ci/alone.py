#!/usr/bin/env python3
"""Build loop/ with every other room deleted, and run a program with it.

usage: alone.py ROOT

What the loop needs must be in its own folder: no hook of a test, no header
of another room, no option of the build but the platform's own define. It is
built for each platform; what is made for Windows is built where there is a
compiler for that, and not run.
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


LINUX = {"cc": [os.environ.get("CC", "cc")], "define": "-D_GNU_SOURCE",
         "libraries": ["-pthread"], "runs": True}
# The port over io_uring takes all of the one over epoll but its seam.
PLATFORMS = {
    "linux": {**LINUX, "folders": ["linux"], "but": ""},
    "io_uring": {**LINUX, "folders": ["linux", "io_uring"],
                 "but": "loop/linux/seam.c",
                 "libraries": ["-pthread", "-luring"]},
    "win32": {"cc": ["x86_64-w64-mingw32-gcc"],
              "define": "-D_WIN32_WINNT=0x0A00", "libraries": ["-lws2_32"],
              "runs": False, "folders": ["win32"], "but": ""},
}


def sources(alone, platform):
    """The paths of the loop's own files and of a platform's."""
    for folder in ["", *platform["folders"]]:
        for path in sorted((alone / "loop" / folder).glob("*.c")):
            name = path.relative_to(alone).as_posix()
            if not (path.name.endswith("_test.c") or name == platform["but"]
                    or path.name.startswith("test_")):
                yield name, [platform["define"]] if folder else []


def build(alone, name, platform):
    cc = [*platform["cc"], "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror",
          "-Iloop"]
    objects = []
    for source, defines in [*sources(alone, platform), ("main.c", [])]:
        objects.append("%s-%s.o" % (name, source.replace("/", "-")))
        run([*cc, *defines, "-c", source, "-o", objects[-1]], alone)
    program = "./program-" + name
    run([*cc, *objects, *platform["libraries"], "-o", program], alone)
    if platform["runs"]:
        run([program], alone)


def main(root):
    with tempfile.TemporaryDirectory() as folder:
        alone = pathlib.Path(folder)
        shutil.copytree(pathlib.Path(root) / "loop", alone / "loop")
        (alone / "main.c").write_text(MAIN)
        for name, platform in PLATFORMS.items():
            if platform["runs"] or shutil.which(platform["cc"][0]):
                build(alone, name, platform)


main(sys.argv[1])
