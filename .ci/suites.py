#!/usr/bin/env python3
"""Build in every way, run every suite, and count.

usage: ./lastcall test [--suite SUITE] [--build BUILD]

suites: unit conformance scenario replay mutants determinism tidy real
        win32: every test of the build win32, and no other build
builds: clang  debug information, every suite, planted bugs
        gcc    every suite; its traces must be those of clang
        asan   address and undefined behaviour sanitizers
        tsan   thread sanitizer: the loop on Linux
        win32  the loop on Windows, by mingw-w64 and Wine; skipped where these
               cannot be installed

examples
  ./lastcall test
  ./lastcall test --suite unit
  ./lastcall test --suite scenario --build gcc
  ./lastcall test --suite win32

The last line is 'N passed, N failed, N skipped'. Exit status: 0 nothing
failed, 1 something failed, 2 usage.
"""
import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITES = ["unit", "conformance", "scenario", "replay", "mutants",
          "determinism", "tidy", "real", "win32"]
# How much longer than in the first build a test may take.
BUILDS = {"clang": 1, "gcc": 1, "asan": 4, "tsan": 8, "win32": 4}
GOOD = {"OK", "EXPECTEDFAIL"}


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def total(self):
        return self.passed + self.failed + self.skipped

    def __str__(self):
        return "%d passed, %d failed, %d skipped" % (
            self.passed, self.failed, self.skipped)


def usage(wrong):
    print("lastcall: %s\n\n%s" % (wrong, __doc__.strip()), file=sys.stderr)
    sys.exit(2)


def options(words):
    chosen = {"--suite": None, "--build": None}
    words = [part for word in words for part in word.split("=", 1)]
    while words:
        word = words.pop(0)
        if word in ("-h", "--help"):
            print(__doc__.strip())
            sys.exit(0)
        if word not in chosen:
            usage("unknown option '%s'" % word)
        if not words:
            usage("%s needs a name" % word)
        chosen[word] = words.pop(0)
    if chosen["--suite"] not in [None, *SUITES]:
        usage("unknown suite '%s'" % chosen["--suite"])
    if chosen["--build"] not in [None, *BUILDS]:
        usage("unknown build '%s'" % chosen["--build"])
    if chosen["--suite"] == "win32":
        if chosen["--build"] not in [None, "win32"]:
            usage("the suite win32 is of the build win32 alone")
        return None, "win32"
    return chosen["--suite"], chosen["--build"]


def say(text):
    print(text, flush=True)


def test_command(build, suite):
    words = ["meson", "test", "-C", str(ROOT / "build" / build),
             "--no-rebuild", "--timeout-multiplier", str(BUILDS[build])]
    if suite:
        words += ["--suite", suite]
    elif build != "clang":
        words += ["--no-suite", "tidy"]
    return words


def show_failure(build, row):
    say("\nFAILED in %s: %s (%s)" % (build, row["name"], row["result"]))
    say("  in build/%s: %s" % (build, " ".join(row["command"])))
    for stream in ("stdout", "stderr"):
        lines = row.get(stream, "").rstrip().split("\n")
        for line in lines[-60:] if lines != [""] else []:
            say("  | " + line)


def run_suites(build, suite):
    count = Count()
    log = ROOT / "build" / build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(test_command(build, suite), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    rows = []
    if log.exists():
        with open(log, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
    for row in rows:
        if row["result"] in GOOD:
            count.passed += 1
        elif row["result"] == "SKIP":
            count.skipped += 1
        else:
            count.failed += 1
            show_failure(build, row)
    # A runner that breaks down must not look like one with nothing to do.
    if done.returncode and not count.failed:
        say(done.stdout)
        count.failed += 1
    return count


def build_and_run(build, suite):
    start = time.monotonic()
    done = subprocess.run([str(ROOT / "lastcall"), "build", build],
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        count = Count()
        if done.returncode == 77:
            count.skipped = 1
        else:
            count.failed = 1
            say("%-6s FAILED to build" % build)
        return count
    middle = time.monotonic()
    count = run_suites(build, suite)
    say("%-6s %s (build %d s, tests %d s)" % (
        build, count, middle - start, time.monotonic() - middle))
    return count


def trace(build, scenarios):
    """The lines of all traces; none if a scenario cannot be run."""
    done = subprocess.run(
        [str(ROOT / "build" / build / "lastcall-fuzz"), "trace", *scenarios],
        cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines() if done.returncode in (0, 1) else []


def compare_traces():
    """Two compilers, the same traces: byte for byte, over every scenario."""
    scenarios = [str(path.relative_to(ROOT)) for path in
                 sorted((ROOT / "corpus" / "scenario").glob("*.scn"))]
    count = Count()
    if not scenarios:
        return count
    clang, gcc = trace("clang", scenarios), trace("gcc", scenarios)
    if not clang or not gcc:
        count.failed += 1
        say("FAILED: no traces to compare")
    elif clang != gcc:
        count.failed += 1
        at = next((i for i, (a, b) in enumerate(zip(clang, gcc)) if a != b),
                  min(len(clang), len(gcc)))
        say("FAILED: traces of clang and gcc differ from line %d" % (at + 1))
        for name, rows in (("clang", clang), ("gcc", gcc)):
            say("  %-6s %s" % (name, rows[at] if at < len(rows) else "(end)"))
    else:
        count.passed += 1
    say("traces %s" % count)
    return count


def main(words):
    suite, only = options(words)
    total = Count()
    for build in [only] if only else BUILDS:
        # The rules of the house read sources: one build is enough.
        if suite in ("tidy", "mutants") and build != "clang" and not only:
            continue
        total.add(build_and_run(build, suite))
    programs = [ROOT / "build" / build / "lastcall-fuzz"
                for build in ("clang", "gcc")]
    if (not only and suite in (None, "determinism")
            and all(program.exists() for program in programs)):
        total.add(compare_traces())
    if total.total() == 0:
        say("lastcall: there is no test here to run")
    say(str(total))
    sys.exit(1 if total.failed else 0 if total.passed else 77)


main(sys.argv[1:])
