#!/usr/bin/env python3
"""The module of Python against implicit, given the same factors: lists for 10,000 users at once.

coseno fits `ials`, and implicit's AlternatingLeastSquares gets the vectors that it found. `lists` is
the median of several calls, after one that neither is judged by: coseno makes the vectors of users
in it, which implicit has from its fit. `one user` is a call of its own. `overhead` is a call whose
answer takes next to no time: popularity of ten items.

  gowalla   29,858 users, 40,981 places, of which 10,000 users
  ml-100k   943 users, 1,682 films; each user some ten times
"""

import pathlib
import sys
import tempfile

import measure

SCRIPT = measure.RIVALS / "python_lists.py"
SHARED = measure.ROOT.parent / "shared" / "data"
FILES = {"gowalla": SHARED / "gowalla" / "train.txt", "ml-100k": SHARED / "ml-100k" / "u.data"}


def lists(arguments, who, path, folder):
    """Runs one of the two; implicit reads in `folder` what coseno has left there."""
    module = arguments.build / "python"
    command = [SCRIPT, who, module, path, folder, arguments.users, arguments.dim]
    return measure.run(measure.python_of_rivals(), *command, threads=arguments.threads)


def row(who, run):
    told = run.json()
    overhead = told.get("overhead_us")
    return [
        who,
        f"{told['lists_s']:.3f}",
        f"{told['one_us']:.1f}",
        None if overhead is None else f"{overhead:.1f}",
        round(run.peak_mb),
    ]


def compare(arguments, name, path):
    with tempfile.TemporaryDirectory() as folder:
        mine = lists(arguments, "coseno", path, folder)
        rival = lists(arguments, "implicit", path, folder)
    print(f"{name}, {arguments.users} users, {arguments.dim} numbers a vector, lists of ten\n")
    columns = ["", "lists s", "one user us", "overhead us", "peak MB"]
    measure.print_table(columns, [row("coseno Ials", mine), row("implicit ALS", rival)])
    ratio = rival.json()["lists_s"] / mine.json()["lists_s"]
    measure.print_target(f"lists against implicit, {name}", ratio, 3, " times", at_least=True)
    same = rival.json()["same"]
    measure.print_target(f"lists that are the same, {name}", same, 1, at_least=True)
    measure.print_target(f"call overhead, {name}", mine.json()["overhead_us"], 5, " us")
    print()


def main():
    parser = measure.parser(__doc__)
    parser.set_defaults(threads=2)
    parser.add_argument("--users", type=int, default=10_000, help="to make lists for at once")
    parser.add_argument("--dim", type=int, default=128, help="numbers a vector")
    arguments = parser.parse_args()
    if not list(pathlib.Path(arguments.build, "python", "coseno").glob("_coseno*.so")):
        sys.exit("the module is not built: ./dev bench python")
    measure.print_environment(arguments)
    for name, path in FILES.items():
        if path.is_file():
            compare(arguments, name, path)
        else:
            print(f"skipped {name}: {path.name} is not in {path.parent}")


if __name__ == "__main__":
    main()
