#!/usr/bin/env python3
"""Planted bugs: apply a patch to a copy of loop/, and check what it shows.

usage: mutate.py list ROOT
       mutate.py apply ROOT PATCH FOLDER OUT.c...
       mutate.py check ROOT PATCH PROGRAM

list    prints, for each patch, its id and the sources it makes anew.
apply   writes those sources under the names OUT.c..., and the patched copy
        they came from into FOLDER. A patch that does not apply exactly fails.
check   runs the program that has the patch in it. From its Killed-by
        scenario a mutant must show its verdict, replayed or in RUNS runs;
        under a control every scenario must end as expected.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

RUNS = 300000
FIELD = re.compile(r"^([A-Z][A-Za-z-]*): *(.*(?:\n[ \t].*)*)", re.M)


def preamble(patch):
    head = patch.read_text(encoding="utf-8").split("\n--- ", 1)[0]
    return {key: " ".join(text.split()) for key, text in FIELD.findall(head)}


def id_of(patch):
    return patch.name.split("-", 1)[0].removesuffix(".patch")


def patches(root):
    folder = root / "fuzz" / "mutants"
    return sorted(p for p in folder.glob("*.patch")
                  if re.match(r"[mc]\d{3}-|canary", p.name))


def loop_sources(root):
    return sorted(p.name for p in (root / "loop").glob("*.c")
                  if not p.name.endswith("_test.c") and p.name != "check.c")


def changed(root, patch):
    """The sources to compile anew: all of them if a header is patched."""
    text = patch.read_text(encoding="utf-8")
    paths = re.findall(r"^\+\+\+ b/(\S+)", text, re.M)
    odd = [p for p in paths if not re.fullmatch(r"loop/[a-z_]+\.[ch]", p)]
    if odd or not paths:
        sys.exit("%s: a planted bug changes files of loop/, in the form "
                 "'+++ b/loop/x.c': %s" % (patch, odd or "no file at all"))
    if any(p.endswith(".h") for p in paths):
        return loop_sources(root)
    return sorted(p.removeprefix("loop/") for p in paths)


def list_all(root):
    for patch in patches(root):
        print(id_of(patch), patch.relative_to(root).as_posix(),
              *changed(root, patch))


def apply(root, patch, folder, outs):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "loop").mkdir(parents=True)
    for path in (root / "loop").glob("*.[ch]"):
        shutil.copy(path, folder / "loop" / path.name)
    done = subprocess.run(
        ["patch", "-p1", "--fuzz=0", "--batch", "--no-backup-if-mismatch",
         "-d", str(folder), "-i", str(patch)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit("%s does not apply exactly to loop/ any more; update it in "
                 "the same change as the loop, with the context that git "
                 "diff gives it:\n%s" % (patch, done.stdout))
    for out in outs:
        name = out.name.split("-", 1)[1]
        text = (folder / "loop" / name).read_text(encoding="utf-8")
        # The line directive keeps __FILE__, and so where a verdict is
        # reported, the same as in the loop that was not patched.
        out.write_text('#line 1 "loop/%s"\n%s' % (name, text),
                       encoding="utf-8")


def rows_of(words):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE,
                          text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line]
    if not rows or done.returncode not in (0, 1):
        sys.exit("exit status %d, %d lines: %s"
                 % (done.returncode, len(rows), " ".join(map(str, words))))
    return rows


def check_control(root, patch, program):
    scenarios = sorted((root / "corpus" / "scenario").glob("*.scn"))
    wrong = [row for row in rows_of([program, "replay", "--json", *scenarios])
             if row["verdict"] != row["expected"]]
    for row in wrong:
        print("%s: a control was flagged: %s ends with %s, expected %s"
              % (patch.name, row["path"], row["verdict"], row["expected"]))
    return 1 if wrong else 0


def search(program, scenario):
    """Verdicts of a search that starts from one scenario, with one seed."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = pathlib.Path(folder) / "corpus"
        corpus.mkdir()
        shutil.copy(scenario, corpus)
        rows = rows_of([program, "fuzz", "--json", "--first", "--strategy",
                        "portfolio", "--runs", RUNS, "--seed", 1,
                        "--corpus", corpus, "--save", folder + "/found"])
    return [row["verdict"] for row in rows if row["type"] == "finding"]


def check(root, patch, program):
    if patch.name.startswith("c") and id_of(patch) != "canary":
        return check_control(root, patch, program)
    field = preamble(patch)
    killer = root / field["Killed-by"]
    # The schedule that the scenario carries is tried first: it takes no time.
    seen = [row["verdict"]
            for row in rows_of([program, "replay", "--json", killer])]
    if seen != [field["Verdict"]]:
        seen = search(program, killer)
    if seen != [field["Verdict"]]:
        print("%s: %s shows %s, and the patch declares %s"
              % (patch.name, field["Killed-by"], ", ".join(seen) or "nothing",
                 field["Verdict"]))
        return 1
    return 0


def main(word, root, *rest):
    root = pathlib.Path(root).resolve()
    if word == "list":
        list_all(root)
    elif word == "apply":
        patch, folder, *outs = map(pathlib.Path, rest)
        apply(root, patch.resolve(), folder, outs)
    elif word == "check":
        sys.exit(check(root, pathlib.Path(rest[0]), rest[1]))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    main(*sys.argv[1:])
