#!/usr/bin/env python3
"""Clicks of a shop: which comes next?

YooChoose, the sample of 100,000 clicks with which session-rec is tested: models are fitted to `train_full` at
their defaults and told, at every click of `test` but the first of a session, all clicks before it. Of all
items, those of the session among them, the next click's must be in the list of 20; ties count against the
model. The second table leaves out of lists what the session has had, and does not judge clicks that repeat:
what is left is discovery.

Options were chosen on `train_tr` and `train_valid` alone (--tuning judges by those).
"""

import sys

import measure

DATA = measure.ROOT.parent / "shared" / "data" / "yoochoose-100k"
MODELS = ["popularity", "item_knn", "ease", "markov", "session_knn"]
SEQUENCE_MODELS = ["markov", "session_knn"]
K = 20
LEAST_GAIN = 1.2  # of item_knn
MOST_MS = 0.2


def judged(program, train, test, model, *options):
    """The row of the model, and the peak memory of reading, fitting and judging."""
    command = [program, "evaluate", train, "--test", test, "--protocol", "next-item", "-k", K, *options]
    run = measure.run(*command, "--models", model, "--json", threads=1)
    return next(row for row in run.json() if row["model"] == model), run.peak_mb


def print_judged(program, train, test, title, *options):
    rows = {}
    cells = []
    for model in MODELS:
        row, peak_mb = judged(program, train, test, model, *options)
        rows[model] = row
        quality = [f"{row[name]:.4f}" for name in ("recall", "mrr", "coverage")]
        speed = [f"{1e3 * row[f'latency_{name}_s']:.3f}" for name in ("p50", "p99")]
        cells.append([model, *quality, f"{row['fit_s'] or 0:.2f}", *speed, f"{peak_mb:.0f}"])
    columns = [title, f"recall@{K}", f"MRR@{K}", "coverage", "fit s", "p50 ms", "p99 ms", "peak MB"]
    measure.print_table(columns, cells)
    print(f"{rows['item_knn']['n_users']} clicks judged", flush=True)
    return rows


def main():
    parser = measure.parser(__doc__)
    parser.add_argument("--tuning", action="store_true", help="judge by train_tr and train_valid")
    arguments = parser.parse_args()
    program = measure.built(arguments.build / "coseno")
    names = ("train_tr", "train_valid") if arguments.tuning else ("train_full", "test")
    train, test = (DATA / f"yoochoose-clicks-100k_{name}.txt" for name in names)
    if not train.is_file():
        print(f"skipped: {train} is not there")
        return 0
    measure.print_environment(arguments)
    rows = print_judged(program, train, test, "every next click")
    for model in SEQUENCE_MODELS:
        for metric in ("recall", "mrr"):
            gain = rows[model][metric] / rows["item_knn"][metric]
            measure.print_target(f"{model} / item_knn, {metric}@{K}", gain, LEAST_GAIN, " times", at_least=True)
    measure.print_target("session_knn, a request", 1e3 * rows["session_knn"]["latency_p50_s"], MOST_MS, " ms")
    print()
    print_judged(program, train, test, "items new to the session", "--hide-seen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
