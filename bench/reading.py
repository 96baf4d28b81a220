#!/usr/bin/env python3
"""How long does it take to read 10^7 ratings, and how much memory?

A CSV file in the form of MovieLens' ratings.csv, 138,000 users and 27,000 items, made once by `coseno
generate` and kept in the cache. coseno's reader gives ids as strings a dense number each; pandas and
polars are told the type of each column, and leave ids as they are, which is less to do.

`bytes a rating` is by how much the peak of the process's memory grew while it read.
"""

import statistics
import sys

import measure

N_USERS, N_ITEMS, N_RATINGS = 138_000, 27_000, 10_000_000
N_RUNS = 3


def generated(program, n_ratings):
    """The file, made on first use."""
    # The program's bytes are left out: a newer generator makes no other workload.
    options = ["--users", N_USERS, "--items", N_ITEMS, "--events", n_ratings, "--seed", 1]

    def make(folder):
        measure.call(program, "generate", *options, "--out", folder / "ratings.csv")

    return measure.made_once("bench-reading", repr(options).encode(), make) / "ratings.csv"


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


def medians(command, path, threads):
    """(median seconds, median bytes a rating) of some runs; the first warms the file cache."""
    runs = [measure.run(*command, path, threads=threads).json() for _ in range(N_RUNS + 1)][1:]
    seconds = statistics.median(run["seconds"] for run in runs)
    return seconds, statistics.median(run["bytes"] / run["n_ratings"] for run in runs)


def main():
    parser = measure.parser(__doc__)
    parser.add_argument("--ratings", type=int, default=N_RATINGS, help="rows; default 10 million")
    arguments = parser.parse_args()
    reader = measure.built(arguments.build / "bench" / "reading_bench")
    path = generated(measure.built(arguments.build / "coseno"), arguments.ratings)
    measure.print_environment(arguments)
    print(f"{arguments.ratings} ratings, {path.stat().st_size / 1e6:.0f} MB, {N_RUNS} runs each\n")

    figures = {}
    for name, command in [("coseno", [reader]), *rivals()]:
        figures[name] = medians(command, path, arguments.threads)
    measure.print_table(
        ["", "median s", "MB/s", "bytes a rating"],
        [
            [name, f"{seconds:.2f}", f"{path.stat().st_size / 1e6 / seconds:.0f}", f"{size:.1f}"]
            for name, (seconds, size) in figures.items()
        ],
    )
    seconds, size = figures["coseno"]
    measure.print_target("reading", seconds, 3 * arguments.ratings / N_RATINGS, " s")
    measure.print_target("memory", size, 24, " bytes a rating")


if __name__ == "__main__":
    main()
