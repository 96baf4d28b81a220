#!/usr/bin/env python3
"""How long does it take to find the 10 vectors with the largest inner product with one?

Among 1,000,000 and among 41,000 vectors (as many as Gowalla has items) of 128 numbers, one query at
a time, every vector looked at. Twice each: *even* vectors are drawn from one normal distribution, which
leaves nothing to tell the best from the rest early; *uneven* ones have lengths and axes of different
weight, as fitted factors have.

Recall is judged by a scan in double precision, which shares nothing with what it judges. `bytes a
vector` is all that is kept to answer.
"""

import json
import sys

import measure

DIM, K = 128, 10
# Vectors and queries.
SIZES = [(1_000_000, 200), (41_000, 1000)]
KINDS = ["even", "uneven"]


def generated(program, kind, n_vectors, n_queries):
    """The folder with vectors, queries and true lists, made on first use."""
    # A newer program need not make other vectors: it is no part of the recipe.
    options = [kind, n_vectors, n_queries]

    def make(folder):
        measure.call(program, "make", *options, folder)
        truth = measure.run(program, "truth", folder, threads=1).json()
        (folder / "truth.json").write_text(json.dumps(truth["lists"]))

    return measure.made_once("bench-scan", repr(options).encode(), make)


def percentile(values, percent):
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


class Row:
    """What one engine took, and how many of the true rows its lists have."""

    def __init__(self, name, command, truth, threads):
        run = measure.run(*command, threads=threads).json()
        found = sum(len(set(a) & set(b)) for a, b in zip(run["lists"], truth, strict=True))
        self.name = name
        self.p50, self.p99 = percentile(run["ms"], 50), percentile(run["ms"], 99)
        self.recall = found / sum(map(len, truth))
        self.bytes = run["bytes"]

    def cells(self):
        return [
            self.name,
            f"{self.p50:.3f}",
            f"{self.p99:.3f}",
            f"{self.recall:.4f}",
            f"{self.bytes:.0f}",
        ]


def rival(folder, truth, threads):
    """FAISS's row; nothing where it cannot be had."""
    try:
        command = [measure.python_of_rivals(), measure.RIVALS / "faiss_scan.py", folder, DIM, K]
        return [Row("FAISS IndexFlatIP", command, truth, threads)]
    except measure.Failed as failed:
        print(f"no rival: {failed}", file=sys.stderr)
        return []


def print_scan(program, kind, n_vectors, n_queries, threads):
    folder = generated(program, kind, n_vectors, n_queries)
    truth = json.loads((folder / "truth.json").read_text())
    ours = Row("coseno ExactRetriever", [program, "codes", folder], truth, threads)
    plain = Row("coseno, float32 alone", [program, "float32", folder], truth, threads)
    flat = rival(folder, truth, threads)
    print(f"{n_vectors} x {DIM}, {kind}, {n_queries} queries\n")
    columns = ["", "p50 ms", "p99 ms", f"recall@{K}", "bytes a vector"]
    measure.print_table(columns, [row.cells() for row in [ours, plain, *flat]])
    what = f"{n_vectors} {kind} vectors"
    measure.print_target(f"recall, {what}", ours.recall, 0.999, at_least=True)
    for row in flat if n_vectors == SIZES[0][0] else []:
        times = row.p50 / ours.p50
        measure.print_target(f"FAISS against coseno, {what}", times, 4, " times", at_least=True)
    print(flush=True)


def main():
    arguments = measure.parser(__doc__).parse_args()
    program = measure.built(arguments.build / "bench" / "scan_bench")
    measure.print_environment(arguments)
    for n_vectors, n_queries in SIZES:
        for kind in KINDS:
            print_scan(program, kind, n_vectors, n_queries, arguments.threads)


if __name__ == "__main__":
    main()
