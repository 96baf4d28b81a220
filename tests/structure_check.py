#!/usr/bin/env python3
"""Holds the layout of the source tree to the rules of docs/architecture.md ("Rooms").

    structure_check.py ROOT

Prints a line a breach, as file:line: sentence, and exits 1 where there is one.
"""

import os
import re
import sys

# A room may include itself and rooms of a lower level: never one beside it, never one above.
LEVELS = [
    {"base"},
    {"math", "data"},
    {"models", "ranking", "storage", "retrieval"},
    {"evaluation", "deep"},
    {"engine", "offline"},
    {"server", "bindings"},
    {"cli"},
]
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

# Names that say nothing of what is inside.
EMPTY_NAMES = {"common", "utils", "util", "helpers", "helper", "misc", "shared"}

SKIPPED_FOLDERS = {"build", "node_modules", "__pycache__"}
CODE = (".h", ".cc")
TEXT = CODE + (".md", ".txt", ".cmake", ".py", ".bash")

INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
PRAGMA_ONCE = re.compile(r"^#pragma once$", re.MULTILINE)
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\.(h|cc)")
# A class or enum that is defined at the start of a line; groups: its kind, its name.
TYPE = re.compile(r"(?:template <.*> *)?(class|struct|enum class|union) (\w+)(?: final)?\s*(?:\{|:(?!:)|$)")
NAMESPACE = re.compile(r"(?:inline )?namespace ?([\w:]*)\s*\{\s*$")
END_OF_NAMESPACE = re.compile(r"\}\s*// namespace")
TODO = re.compile(r"\bTODO\b(?!\(#\d+\))")
# A folder of somebody's machine; ~ and $HOME, relative paths and web addresses are fine.
MACHINE_PATH = re.compile(r"(?<![\w.~$}/])/(home|root|Users|work|tmp)/\w")


def walk(root):
    """Paths of all files below root, with / and relative to it, in a stable order."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED_FOLDERS and not name.startswith((".", "build-"))
        )
        for name in sorted(files):
            yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def room_of(path):
    """The room of a file below src/, or None."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def check_path(path):
    for folder in path.split("/")[:-1]:
        if folder in EMPTY_NAMES:
            yield 1, f"folder '{folder}' says nothing of what is in it"
    if not path.startswith("src/"):
        return
    room = room_of(path)
    if room is None:
        if path.endswith(CODE):
            yield 1, "code in src/ belongs in a room"
    elif room not in LEVEL_OF:
        yield 1, f"'{room}' is not a room of the design"
    name = path.rsplit("/", 1)[-1]
    if name.endswith(CODE) and not SNAKE_CASE.fullmatch(name):
        yield 1, f"file name '{name}' is not snake_case"


def room_of_header(included):
    """A public header belongs to the room of its name, or to the lowest."""
    room, name = included.split("/", 1)
    if room != "coseno":
        return room
    return name.removesuffix(".h") if name.removesuffix(".h") in LEVEL_OF else "base"


def check_include(path, included, files):
    # A header may be made by CMake from one that ends in .in.
    if not files & {f"src/{included}", f"src/{included}.in", f"include/{included}"}:
        return f'"{included}" is not a file of src/ (write the room: "data/ids.h")'
    room, other = room_of(path), room_of_header(included)
    if room == other or room not in LEVEL_OF or other not in LEVEL_OF:
        return None
    if LEVEL_OF[other] < LEVEL_OF[room]:
        return None
    place = "beside" if LEVEL_OF[other] == LEVEL_OF[room] else "above"
    return f'"{included}": room {other} is {place} {room}'


def check_text(path, text, files):
    if path.endswith(".h") and not PRAGMA_ONCE.search(text):
        yield 1, "header without #pragma once"
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line) if path.startswith("src/") and path.endswith(CODE) else None
        if include:
            breach = check_include(path, include.group(1), files)
            if breach:
                yield number, breach
        if path.endswith(CODE) and TODO.search(line):
            yield number, "TODO without an issue number: TODO(#12)"
        if MACHINE_PATH.search(line):
            yield number, "path of one machine"


def types(text):
    """(line, full name) of each type that other files could see: none of those in unnamed namespaces."""
    namespaces = []
    for number, line in enumerate(text.splitlines(), 1):
        if opened := NAMESPACE.match(line):
            namespaces.append(opened.group(1))
        elif END_OF_NAMESPACE.match(line):
            namespaces = namespaces[:-1]
        elif (found := TYPE.match(line)) and "" not in namespaces:
            yield number, "::".join([*namespaces, found.group(2)])


def twice_defined(texts):
    """Types of one name in two files: a program with both is undefined, and no linker tells."""
    first = {}
    for path, text in texts:
        for number, name in types(text):
            if first.setdefault(name, path) != path:
                yield path, number, f"{name} is defined in {first[name]} too"


def breaches(root):
    """Every breach below root as (path, line, sentence)."""
    files = set(walk(root))
    code = []
    for path in sorted(files):
        for line, sentence in check_path(path):
            yield path, line, sentence
        # The checks' own sources name what they look for.
        if not path.endswith(TEXT) or path.startswith("tests/structure_check"):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        for line, sentence in check_text(path, text, files):
            yield path, line, sentence
        if path.endswith(CODE):
            code.append((path, text))
    yield from twice_defined(code)


def main(arguments):
    found = list(breaches(arguments[1]))
    for path, line, sentence in found:
        print(f"{path}:{line}: {sentence}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
