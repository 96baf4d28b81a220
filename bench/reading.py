#!/usr/bin/env python3
"""How long does it take to read 10^7 ratings, and how much memory?

A CSV file in the form of MovieLens' ratings.csv: 138,000 users and 27,000 items with whole numbers
for ids, ordered by time. `coseno generate` makes it once, and the cache keeps it. The file as it
was made, with letters before the numbers, is the harder case for coseno: its short way for ids that
are small numbers does not help there.

coseno's reader keeps ids as strings and gives each a dense number; pandas and polars are told the
type of each column, and leave ids as they are, which is less to do.

`bytes a rating` is by how much the peak of the process's memory grew while it read.
"""

import statistics
import sys

import measure

N_USERS, N_ITEMS, N_RATINGS = 138_000, 27_000, 10_000_000
N_RUNS = 3


def without_letters(source, target):
    """Copies a generated file: "u12,i34,4,..." becomes "12,34,4,..."."""
    with open(source, "rb") as lines, open(target, "wb") as out:
        out.write(next(lines))
        out.writelines(line[1:].replace(b",i", b",", 1) for line in lines)


def generated(program, n_ratings):
    """The folder with both files, made on first use."""
    # A newer generator need not make another file: the program is no part of the recipe.
    options = ["--users", N_USERS, "--items", N_ITEMS, "--events", n_ratings, "--seed", 1]

    def make(folder):
        measure.call(program, "generate", *options, "--out", folder / "letters.csv")
        without_letters(folder / "letters.csv", folder / "ratings.csv")

    return measure.made_once("bench-reading", repr(options).encode(), make)


def rivals():
    """(name, command without the file); nobody where their packages cannot be had."""
    try:
        python = measure.python_of_rivals()
    except measure.Failed as failed:
        print(f"no rivals: {failed}", file=sys.stderr)
        return []
    pandas = [python, measure.RIVALS / "pandas_reading.py"]
    return [
        ("pandas.read_csv", [*pandas, "c"]),
        ("pandas.read_csv, pyarrow", [*pandas, "pyarrow"]),
        ("polars.read_csv", [python, measure.RIVALS / "polars_reading.py"]),
    ]


class Row:
    """Medians of some runs of a command on a file; the first run only warms the file cache."""

    def __init__(self, name, command, path, threads):
        runs = [measure.run(*command, path, threads=threads).json() for _ in range(N_RUNS + 1)][1:]
        self.name = name
        self.seconds = statistics.median(run["seconds"] for run in runs)
        self.bytes_a_rating = statistics.median(run["bytes"] / run["n_ratings"] for run in runs)
        self.mb_a_second = path.stat().st_size / 1e6 / self.seconds

    def cells(self):
        return [
            self.name,
            f"{self.seconds:.2f}",
            f"{self.mb_a_second:.0f}",
            f"{self.bytes_a_rating:.1f}",
        ]


def rows_of_rivals(path, threads):
    for name, command in rivals():
        try:
            yield Row(name, command, path, threads)
        except measure.Failed as failed:
            print(f"{name} failed: {failed}", file=sys.stderr)


def main():
    parser = measure.parser(__doc__)
    parser.add_argument("--ratings", type=int, default=N_RATINGS, help="rows; default 10 million")
    arguments = parser.parse_args()
    reader = measure.built(arguments.build / "bench" / "reading_bench")
    folder = generated(measure.built(arguments.build / "coseno"), arguments.ratings)
    path, threads = folder / "ratings.csv", arguments.threads
    measure.print_environment(arguments)
    print(f"{arguments.ratings} ratings, {path.stat().st_size / 1e6:.0f} MB, {N_RUNS} runs each\n")

    ours = Row("coseno", [reader], path, threads)
    letters = Row("coseno, ids with letters", [reader], folder / "letters.csv", threads)
    rows = [ours, letters, *rows_of_rivals(path, threads)]
    measure.print_table(["", "median s", "MB/s", "bytes a rating"], [row.cells() for row in rows])
    measure.print_target("reading", ours.seconds, 3 * arguments.ratings / N_RATINGS, " s")
    measure.print_target("memory", ours.bytes_a_rating, 24, " bytes a rating")


if __name__ == "__main__":
    main()
