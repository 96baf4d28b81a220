#!/usr/bin/env python3
"""clang-tidy over the sources of a build tree, on all cores, none twice.

    clang_tidy.py BUILD_TREE STAMPS [without-tests]

BUILD_TREE holds compile_commands.json. A file that passed leaves a stamp in the folder STAMPS,
named by a hash of all that the answer depends on: the file, the project's files that it includes,
directly or not, its compile command, .clang-tidy and the tool's version. Headers of the
system count as fixed. Prints each finding once and exits 1 where there is one.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import re
import subprocess
import sys

TIDY = "clang-tidy-19"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FINDING = re.compile(r"^(?=/\S+:\d+:\d+: (?:warning|error):)", re.MULTILINE)
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


@functools.cache
def contents(path):
    with open(path, "rb") as file:
        return file.read()


@functools.cache
def includes(path):
    """The project's headers that a file names, or what CMake makes them from; of what CMake puts
    together, the sources."""
    headers = [
        os.path.join(ROOT, folder, name.decode())
        for name in INCLUDE.findall(contents(path))
        for folder in ("src", "include")
    ]
    sources = headers + [header + ".in" for header in headers]
    return [source for source in sources if os.path.isfile(source)]


def closure(path):
    """The file and all of the project's headers that it includes, directly or not."""
    found, waiting = set(), [path]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(includes(path))
    return sorted(found)


def key(entry, version):
    """What clang-tidy's answer for a compile command depends on, as one hash."""
    parts = [version, entry["command"].encode(), contents(os.path.join(ROOT, ".clang-tidy"))]
    for path in closure(entry["file"]):
        parts += [path.encode(), contents(path)]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def is_test(entry):
    return entry["file"].endswith("_test.cc") or "_test.dir/" in entry["command"]


def tidy(tree, path):
    """Runs clang-tidy; what it prints, and whether the file is clean."""
    # What CMake puts together includes sources.
    checks = "--checks=-bugprone-suspicious-include"
    run = subprocess.run(
        [TIDY, "--quiet", checks, "-p", tree, path], capture_output=True, check=False
    )
    # Standard error says how many warnings were suppressed in headers of the system, unless the
    # tool itself failed.
    output = run.stdout if run.stdout or run.returncode == 0 else run.stderr
    return output.decode(errors="replace"), run.returncode == 0


def main(tree, stamps, which="all"):
    version = subprocess.run([TIDY, "--version"], stdout=subprocess.PIPE, check=True).stdout
    os.makedirs(stamps, exist_ok=True)
    with open(os.path.join(tree, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    # nanobind is not ours, and what calls it is made of its templates.
    foreign = re.compile(r"nanobind-static|_coseno\.dir")
    entries = [entry for entry in entries if not foreign.search(entry["command"])]
    if which == "without-tests":
        entries = [entry for entry in entries if not is_test(entry)]
    stamp_of = {entry["file"]: os.path.join(stamps, key(entry, version)) for entry in entries}
    current = {os.path.basename(stamp) for stamp in stamp_of.values()}
    for stale in set(os.listdir(stamps)) - current if which == "all" else ():
        os.remove(os.path.join(stamps, stale))

    n_bad, printed = 0, set()
    todo = [path for path, stamp in stamp_of.items() if not os.path.exists(stamp)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (output, clean) in zip(todo, pool.map(functools.partial(tidy, tree), todo)):
            # A finding in a header comes with every file that includes it.
            for finding in FINDING.split(output):
                if finding not in printed:
                    print(finding, end="", flush=True)
                printed.add(finding)
            if clean:
                open(stamp_of[path], "w", encoding="utf-8").close()
            else:
                n_bad += 1
    print(f"clang-tidy: {len(todo)} of {len(stamp_of)} files looked at, {n_bad} with findings")
    return 1 if n_bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
