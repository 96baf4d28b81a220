#!/usr/bin/env python3
"""How long from a file of ratings to an answer, and is a fitted model the same on any threads?

`coseno recommend` with its default model on MovieLens 100K: the whole process, which reads the
file, fits, and prints a list. How good the list is, bench/ranking.py tells.

Then every model is fitted on one thread and on two, and the files are compared byte by byte.
"""

import pathlib
import statistics
import tempfile

import measure

N_RUNS = 10


def print_answer(program, data, threads):
    command = [program, "recommend", data / "u.data", "--user", "1", "--threads", threads]
    measure.run(*command, threads=threads)  # warms the file cache
    runs = [measure.run(*command, threads=threads) for _ in range(N_RUNS)]
    seconds = [run.seconds for run in runs]
    median = statistics.median(seconds)
    measure.print_table(
        [f"{N_RUNS} runs", "least s", "median s", "most s", "peak MB"],
        [
            [
                "coseno recommend",
                *(f"{s:.3f}" for s in (min(seconds), median, max(seconds))),
                f"{max(run.peak_mb for run in runs):.0f}",
            ]
        ],
    )
    return median


def is_same_on_two_threads(program, data, model):
    command = [program, "fit", data / "u.data", "--items", data / "u.item", "--model", model]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for threads in (1, 2):
            out = pathlib.Path(folder) / f"{threads}.safetensors"
            options = ["--seed", "7", "--threads", threads, "--out", out]
            measure.run(*command, *options, threads=threads)
            files.append(out.read_bytes())
    return files[0] == files[1]


def main():
    arguments = measure.parser(__doc__).parse_args()
    data = measure.movielens_100k()
    program = measure.built(arguments.build / "coseno")
    measure.print_environment(arguments)
    median = print_answer(program, data, arguments.threads)
    measure.print_target("from file to answer", median, 1, " s")
    for model in measure.coseno_models(program):
        verdict = "reached    " if is_same_on_two_threads(program, data, model) else "NOT reached"
        print(f"{verdict}  {model}: the same bytes on 1 and 2 threads")


if __name__ == "__main__":
    main()
