#!/usr/bin/env python3
"""Check the rules of the house, and say what to do instead.

usage: tidy.py ROOT
       tidy.py --self-test ROOT

The self-test plants one violation of each rule in a copy of the tree and
fails if one of them is not seen.
"""
import os
import pathlib
import re
import shutil
import sys
import tempfile

ROOMS = ["loop", "fuzz", "bench", "reports"]
NOT_OURS = re.compile(r"^(\.git|build|nightly|reports/vendor)(/|$)")
BINARY = {".bin", ".png", ".gz", ".pyc"}
COLUMNS = {".c", ".h", ".py", ".build", ".scn", ""}
CODE = {".c", ".h", ".py", ".sh", ".js", ".html", ".patch", ".build"}
FIELDS = ["Mutant", "Description", "Class", "Verdict", "Killed-by", "Origin"]
PLATFORM = re.compile(
    r"_WIN32|_WIN64|_MSC_VER|__MINGW|__CYGWIN__|__linux|__unix|__APPLE__|"
    r"__FreeBSD__|__GLIBC__|__clang__|__GNUC__|__x86_64__|__aarch64__|"
    r"__SANITIZE_|__has_feature")
FORBIDDEN = re.compile(
    r"\b(getenv|\w*printf|puts|s?rand|random|time|clock_gettime|\w*sleep)"
    r"\s*\(|<(stdio|time|errno|unistd)\.h>")
HOOK = re.compile(r"\b(__tsan_\w+|__attribute__\(\(weak|\w*MUTANT\w*|"
                  r"FUZZ\w*|UNIT_TEST\w*|TESTING)\b")
MARK = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.texts = {}
        for folder, names, files in os.walk(self.root):
            here = pathlib.Path(folder).relative_to(self.root)
            names[:] = [n for n in names
                        if not NOT_OURS.match((here / n).as_posix())]
            for name in files:
                path = self.root / folder / name
                if path.suffix in BINARY or path.is_symlink():
                    continue
                content = path.read_bytes()
                if b"\0" not in content:
                    self.texts[(here / name).as_posix()] = content.decode(
                        "utf-8", "replace")

    def files(self, pattern):
        return [(path, text) for path, text in sorted(self.texts.items())
                if re.fullmatch(pattern, path)]


def lines(text):
    return list(enumerate(text.split("\n"), 1))


def without_comments(text):
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r"/\*.*?\*/|//[^\n]*", blank, text, flags=re.S)


def arrow(tree):
    for path, text in tree.files(r"(%s)/.*\.[ch]" % "|".join(ROOMS)):
        folder = (tree.root / path).parent
        for number, line in lines(text):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            target = os.path.relpath((folder / found[1]).resolve(), tree.root)
            room = target.split(os.sep)[0]
            if room not in ROOMS:
                yield path, number, "includes %s, which is in no room: " \
                    "move it to the leftmost room that needs it" % found[1]
            elif ROOMS.index(room) > ROOMS.index(path.split("/")[0]):
                yield path, number, "includes from %s/: the arrow is %s; " \
                    "move what both need to the left" % (
                        room, " <- ".join(ROOMS))


def platform_condition(tree):
    for path, text in tree.files(r".*\.[ch]"):
        if re.search(r"/(linux|win32|io_uring)/|^fuzz/sim/fiber\.c$", path):
            continue
        for number, line in lines(without_comments(text)):
            if re.match(r"\s*#\s*(el)?if", line) and PLATFORM.search(line):
                yield path, number, "chooses a platform or compiler by #if: " \
                    "put a file of the same name in each platform's folder"


def pure_loop(tree):
    for path, text in tree.files(r"loop/[^/]+\.[ch]"):
        if re.search(r"_test\.c$|/test\.h$|/check\.c$", path):
            continue
        for number, line in lines(without_comments(text)):
            found = FORBIDDEN.search(line)
            if found:
                yield path, number, "uses %s: time, memory and text come " \
                    "through os.h, randomness not at all" % found[0].strip()
            found = HOOK.search(line)
            if found:
                yield path, number, "names %s: a test asserts on the trace " \
                    "instead of a hook in the loop" % found[0]


def layout(tree):
    for path, text in tree.files(r".*"):
        if path.endswith(".patch") or path == "LICENSE":
            continue
        wide = pathlib.PurePath(path).suffix in COLUMNS
        for number, line in lines(text):
            if wide and len(line) > 80:
                yield path, number, "is %d columns wide: wrap at 80" \
                    % len(line)
            if "\t" in line:
                yield path, number, "has a tab: use 4 blanks"
            if line != line.rstrip():
                yield path, number, "ends in blanks: remove them"


def marks(tree):
    for path, text in tree.files(r".*"):
        for number, line in lines(text):
            if MARK.search(line):
                yield path, number, "leaves a mark: finish it, or file it " \
                    "where people look for work"


def scenarios(tree):
    for path, text in tree.files(r"corpus/.*\.scn"):
        if not text.startswith("#"):
            yield path, 1, "begins without a comment: say in a sentence " \
                "what this scenario guards against"


def verdicts(tree):
    text = tree.texts.get("fuzz/verdict.h", "")
    return {name.lower().replace("_", "-")
            for name in re.findall(r"^    VERDICT_(\w+)", text, re.M)}


def patches(tree):
    known = verdicts(tree)
    for path, text in tree.files(r"fuzz/mutants/.*\.patch"):
        stem = pathlib.PurePath(path).stem
        if not re.fullmatch(r"[mc]\d{3}-[a-z0-9-]+|canary(-[a-z0-9-]+)?", stem):
            yield path, 1, "is named neither mNNN-name, cNNN-name nor canary"
        head = text.split("\n--- ", 1)[0]
        field = dict(re.findall(r"^([A-Z][\w-]*): *(\S.*)$", head, re.M))
        for name in FIELDS:
            if name not in field:
                yield path, 1, "has no field %s: the preamble is %s" % (
                    name, ", ".join(FIELDS))
        if field.get("Mutant", stem) != stem:
            yield path, 1, "says Mutant: %s; that is the file's name" \
                % field["Mutant"]
        verdict = field.get("Verdict", "clean")
        if verdict not in known:
            yield path, 1, "declares the unknown verdict %s: see " \
                "fuzz/verdict.h" % verdict
        if stem.startswith("m") and verdict == "clean":
            yield path, 1, "is a mutant with the verdict clean: a harmless " \
                "change is a control, cNNN"
        killer = field.get("Killed-by", "none")
        if stem.startswith("m") and killer == "none":
            yield path, 1, "names no scenario that kills it"
        if killer != "none" and killer not in tree.texts:
            yield path, 1, "is killed by %s, which is not there" % killer


def prototypes(tree):
    for path, text in tree.files(r"loop/[^/]+\.h"):
        depth = 0
        commented = False
        fresh = True
        for number, line in lines(text):
            code = without_comments(line) if "/*" in line else line
            if not line.strip():
                fresh, commented = True, False
            elif fresh:
                commented = line.lstrip().startswith(("/*", "//"))
                fresh = False
            if depth == 0 and not commented and re.match(
                    r"(?!typedef|static|struct \w+ \{|#| )[\w ]+[ *]\w+\(",
                    code):
                yield path, number, "declares a function without a comment: " \
                    "say what it promises, above it"
            depth += code.count("{") - code.count("}")


def corpus(tree):
    for path, text in tree.files(r"corpus/.*"):
        executable = os.access(tree.root / path, os.X_OK)
        if (pathlib.PurePath(path).suffix in CODE or text.startswith("#!")
                or executable):
            yield path, 1, "is code in the corpus, which holds data only: " \
                "move it to fuzz/"


RULES = [arrow, platform_condition, pure_loop, layout, marks, scenarios,
         patches, prototypes, corpus]


def check(root):
    tree = Tree(root)
    return [(rule.__name__, *finding) for rule in RULES
            for finding in rule(tree)]


PATCH = """Mutant: m999-planted
Description: a patch for the test of this script.
Class: none
Verdict: deadlock
Killed-by: corpus/scenario/planted.scn
Origin: original

--- a/loop/loop.c
+++ b/loop/loop.c
"""

# rule, file, what is put at its end (or is the whole of a new file)
PLANTS = [
    ("arrow", "loop/loop.h", '#include "../fuzz/verdict.h"\n'),
    ("arrow", "loop/planted.c", '#include "../elsewhere/x.h"\n'),
    ("arrow", "fuzz/planted.c", '#include "../reports/text.h"\n'),
    ("platform_condition", "loop/loop.h", "#ifdef _WIN32\n#endif\n"),
    ("platform_condition", "fuzz/planted.c", "#if defined(__linux__)\n"),
    ("platform_condition", "fuzz/sim/planted.c", "#ifdef __clang__\n"),
    ("pure_loop", "loop/planted.c", 'int f(void) { return !getenv("A"); }\n'),
    ("pure_loop", "loop/planted.c", 'void f(void) { printf("a"); }\n'),
    ("pure_loop", "loop/planted.c", "int f(void) { return rand(); }\n"),
    ("pure_loop", "loop/planted.c", "long f(void) { return time(0); }\n"),
    ("pure_loop", "loop/planted.c", "void f(void) { usleep(1); }\n"),
    ("pure_loop", "loop/planted.c", "#ifdef UNIT_TEST\n#endif\n"),
    ("layout", "loop/loop.h", "/* " + "a" * 80 + " */\n"),
    ("layout", "fuzz/planted.c", "\tint x;\n"),
    ("layout", "fuzz/planted.c", "int x; \n"),
    ("marks", "fuzz/planted.c", "/* TO" "DO */\n"),
    ("marks", "planted.md", "FIX" "ME\n"),
    ("scenarios", "corpus/scenario/planted.scn", "scenario planted\n"),
    *[("patches", "fuzz/mutants/m999-planted.patch",
       re.sub(r"(?m)^%s: .*\n" % name, "", PATCH)) for name in FIELDS],
    ("patches", "fuzz/mutants/m999-planted.patch",
     PATCH.replace("deadlock", "broken")),
    ("patches", "fuzz/mutants/m999-planted.patch",
     PATCH.replace("deadlock", "clean")),
    ("patches", "fuzz/mutants/m999-planted.patch", PATCH),
    ("patches", "fuzz/mutants/m998-planted.patch", PATCH),
    ("patches", "fuzz/mutants/planted.patch", PATCH),
    ("prototypes", "loop/loop.h", "\nint planted(void);\n"),
    ("prototypes", "loop/loop.h", "\nconst char *planted(int a,\n);\n"),
    ("corpus", "corpus/scenario/planted.c", "int x;\n"),
    ("corpus", "corpus/found/planted", "#!/bin/sh\n"),
]


def self_test(root):
    missed = 0
    with tempfile.TemporaryDirectory() as temporary:
        copy = pathlib.Path(temporary) / "copy"
        shutil.copytree(root, copy, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build",
                                                      "nightly"))
        before = len(check(copy))
        for rule, name, text in PLANTS:
            path = copy / name
            path.parent.mkdir(parents=True, exist_ok=True)
            old = path.read_text("utf-8") if path.exists() else None
            path.write_text((old or "") + text, "utf-8")
            findings = check(copy)
            if (len(findings) <= before
                    or not any(f[0] == rule and f[1] == name
                               for f in findings)):
                print("%s does not see, in %s:\n%s" % (rule, name, text))
                missed += 1
            if old is None:
                path.unlink()
            else:
                path.write_text(old, "utf-8")
        if len(check(copy)) != before:
            print("a planted violation was left behind")
            missed += 1
    print("%d planted, %d missed" % (len(PLANTS), missed))
    return missed


def main(words):
    if len(words) == 2 and words[0] == "--self-test":
        sys.exit(1 if self_test(words[1]) else 0)
    if len(words) != 1:
        sys.exit(__doc__.strip())
    findings = check(words[0])
    for rule, path, number, what in findings:
        print("%s:%d: %s [%s]" % (path, number, what, rule))
    sys.exit(1 if findings else 0)


main(sys.argv[1:])
