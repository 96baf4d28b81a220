"""What every benchmark needs: where things are, how a command is measured, how a table is printed.

Only the standard library: rivals bring their packages in environments of their own, so that nothing
of theirs is in the process that measures.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RIVALS = ROOT / "bench" / "rivals"
CACHE = pathlib.Path(
    os.environ.get("COSENO_CACHE")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "coseno"
)

# Runs a command and writes its seconds and its peak memory to a pipe. It stands between benchmark
# and command because Linux counts the memory of the process that forked as the command's own: this
# one has 9 MB, a benchmark 20 and more.
LAUNCHER = """
import os, sys, time
pipe = int(sys.argv[1])
os.set_inheritable(pipe, False)
start = time.perf_counter()
process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
os.write(pipe, f"{time.perf_counter() - start} {usage.ru_maxrss}".encode())
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""


class Failed(Exception):
    """A command ended with another code than 0, or is not there; the text is what it said."""


class Run:
    """What one run of a command took, and what it printed."""

    def __init__(self, seconds, peak_mb, output):
        self.seconds = seconds
        self.peak_mb = peak_mb
        self.output = output

    def json(self):
        return json.loads(self.output)


# --- what is there --------------------------------------------------------------------------------


def parser(description):
    """A parser of arguments with those that all benchmarks take."""
    result = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    result.add_argument(
        "--build", type=pathlib.Path, default=ROOT / "build", help="build folder; default build"
    )
    result.add_argument("--threads", type=int, default=1, help="threads for everybody; default 1")
    return result


def built(path):
    """The path of a program in the build folder; ends the benchmark where it is not there."""
    if not path.is_file():
        sys.exit(f"{path} is not there: ./dev build")
    return path


def movielens_100k():
    """Its folder, with the publisher's folds; without it the benchmark ends, and has not failed."""
    folder = ROOT.parent / "shared" / "data" / "ml-100k"
    if not (folder / "u1.base").is_file():
        print(f"skipped: the publisher's folds (u1.base, ...) are not in {folder}")
        sys.exit(0)
    return folder


def made_once(name, recipe, make):
    """A folder in the cache for this recipe (bytes), filled by make(folder) on first use."""
    folder = CACHE / f"{name}-{hashlib.sha256(recipe).hexdigest()[:16]}"
    complete = folder / "complete"
    if not complete.is_file():
        print(f"making {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        complete.touch()
    return folder


def call(*command):
    """Runs a command that only has to succeed. Raises Failed."""
    try:
        subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise Failed(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise Failed(f"{shlex.join(error.cmd)}\n{error.stderr.strip()[-2000:]}") from None


def python_of_rivals():
    """The interpreter of an environment with requirements.txt. Raises Failed."""
    requirements = ROOT / "bench" / "requirements.txt"

    def make(folder):
        call(sys.executable, "-m", "venv", folder)
        call(folder / "bin" / "pip", "install", "--disable-pip-version-check", "-r", requirements)

    return made_once("bench-python", requirements.read_bytes(), make) / "bin" / "python"


def node_modules_of_rivals():
    """A folder with the npm packages of rivals/package.json. Raises Failed."""
    package = RIVALS / "package.json"

    def make(folder):
        shutil.copy(package, folder)
        call("npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts")

    return made_once("bench-node", package.read_bytes(), make) / "node_modules"


# --- running --------------------------------------------------------------------------------------


def held_to(n_threads, command):
    """The command as one that has that many cores, and the environment that tells it so."""
    cores = sorted(os.sched_getaffinity(0))[:n_threads]
    libraries = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
    told = {f"{library}_NUM_THREADS": str(n_threads) for library in libraries}
    told["POLARS_MAX_THREADS"] = str(n_threads)
    return ["taskset", "--cpu-list", ",".join(map(str, cores)), *command], os.environ | told


def run(*command, threads):
    """Runs the command on that many cores. Raises Failed."""
    command, environment = held_to(threads, list(map(str, command)))
    reader, writer = os.pipe()
    process = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, str(writer), *command],
        env=environment,
        pass_fds=[writer],
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        numbers = pipe.read().split()
    if process.returncode != 0:
        raise Failed(f"{shlex.join(command)}\n{process.stderr.strip()[-2000:]}")
    return Run(float(numbers[0]), int(numbers[1]) / 1024, process.stdout)


def coseno_models(program):
    """{model: what `coseno models` says of it}."""
    descriptions = run(program, "models", threads=1).output.split("\n\n")
    return {description.split(":", maxsplit=1)[0]: description for description in descriptions}


# --- printing -------------------------------------------------------------------------------------


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.split("\n")[
            0
        ]
    except FileNotFoundError:
        return "unknown"


def compiler(build):
    """The compiler of a build folder, as CMake remembers it."""
    found = re.search(
        r"^CMAKE_CXX_COMPILER:\w+=(.+)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE
    )
    return first_line(found.group(1), "--version") if found else "unknown"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return f"{names[0] if names else 'unknown processor'}, {os.cpu_count()} cores"


def print_environment(arguments):
    """Where and how the figures below it were measured."""
    commit = first_line("git", "describe", "--always", "--dirty")
    command = shlex.join([os.path.relpath(sys.argv[0], ROOT), *sys.argv[1:]])
    print(f"{datetime.date.today()}, commit {commit}, {processor()}")
    print(f"{compiler(arguments.build)}; Python {sys.version.split()[0]}")
    print(f"{command}: {arguments.threads} thread(s) for everybody, held to as many cores\n")


def print_table(columns, rows):
    """Markdown, which reads as it is: the first column left, the others right; None is a dash."""
    cells = [["-" if cell is None else str(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells)]

    def line(row):
        padded = [row[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| " + " | ".join(padded) + " |"

    print(line(cells[0]))
    print("|" + "-" * (widths[0] + 2) + "|" + "".join("-" * (w + 1) + ":|" for w in widths[1:]))
    for row in cells[1:]:
        print(line(row))
    print(flush=True)


def print_target(what, value, limit, unit="", at_least=False):
    """One target of the project: `value` is to be at most, or at least, the limit."""
    is_reached = value >= limit if at_least else value <= limit
    verdict = "reached    " if is_reached else "NOT reached"
    bound = "at least" if at_least else "at most"
    print(f"{verdict}  {what}: {value:.4g}{unit} ({bound} {limit}{unit})")
