#!/usr/bin/env python3
"""How good is a transformer that reads histories in order, how fast, and against whom?

Amazon Beauty as S3-Rec has it: 22,363 users, 12,101 items. The last item of each user is judged, all
items are ranked, those of the history left out. `like the published` holds the last but one item of every
user out of the training, as papers do; the other learns those of all but 2,000 users. With --trained FILE
that network is judged instead of ones trained here, which takes minutes and coseno-train-deep
(./dev build --deep). Latency: one thread, a
history of 50, all items scored and the best 10 taken; `one more` where what was read before the last event
is kept.
"""

import pathlib
import statistics
import sys
import tempfile

import measure

DATA = measure.ROOT.parent / "shared" / "data" / "s3rec-beauty" / "Beauty.txt"
HISTORY, K = 50, 10
EVERYBODY = 100_000  # more than there are users
RIVALS = ["popularity", "item_knn", "rp3beta", "ease", "ials"]
# By their papers, on the same split.
PUBLISHED = [
    ("eSASRec (published)", 0.0928, 0.0523),
    ("SASRec, sampled softmax (published)", 0.0921, 0.0531),
    ("TIGER (published)", 0.0648, 0.0384),
    ("SASRec (published)", 0.0605, 0.0318),
]


def judged(program, threads, model, settings):
    """The row of a model, in all that `coseno evaluate --json` tells of it."""
    command = [program, "evaluate", DATA, "--protocol", "leave-last-out", "--models", model, "-k", K]
    for name, value in settings.items():
        command += ["--set", f"{name}={value}"]
    run = measure.run(*command, "--json", "--threads", threads, threads=threads)
    return next(row for row in run.json() if row["model"] == model), run.peak_mb


def main():
    parser = measure.parser(__doc__)
    parser.add_argument("--trained", type=pathlib.Path, help="a network to judge")
    arguments = parser.parse_args()
    program = measure.built(arguments.build / "coseno")
    timer = measure.built(arguments.build / "bench" / "sasrec_bench")
    if not DATA.is_file():
        print(f"skipped: there is no {DATA}")
        return 0
    if arguments.trained is None and not (arguments.build / "coseno-train-deep").is_file():
        print("skipped: coseno-train-deep is not built (./dev build --deep), and no --trained FILE")
        return 0
    measure.print_environment(arguments)
    with tempfile.TemporaryDirectory() as folder:
        network = arguments.trained
        rows = []
        sasrec = {} if network is None else {"file": network}
        contenders = [(model, model, {}) for model in RIVALS] + [("sasrec", "sasrec", sasrec)]
        judge = "sasrec"  # what is held against the targets
        if network is None:
            judge = "sasrec, like the published"
            contenders.append((judge, "sasrec", {"validation_users": EVERYBODY}))
        else:
            blend = {"models": "rp3beta,sasrec", "weights": "equal", "sasrec.file": network}
            contenders.append(("blend of rp3beta and sasrec", "blend", blend))
        best = {}
        for name, model, settings in contenders:
            row, peak_mb = judged(program, arguments.threads, model, settings)
            best[name] = row
            shown = [name, f"{row['recall']:.4f}", f"{row['ndcg']:.4f}", f"{row['fit_s'] or 0:.1f}"]
            rows.append([*shown, f"{1e3 * row['latency_p50_s']:.3f}", f"{peak_mb:.0f}"])
        for name, recall, ndcg in PUBLISHED:
            rows.append([name, f"{recall:.4f}", f"{ndcg:.4f}", "", "", ""])
        measure.print_table(["", "recall@10", "NDCG@10", "fit s", "p50 ms", "peak MB"], rows)
        model = pathlib.Path(folder) / "model.safetensors"
        command = [program, "fit", DATA, "--model", "sasrec", "--out", model]
        quick = {"epochs": 1, "validation_users": 0} if network is None else sasrec
        for name, value in quick.items():
            command += ["--set", f"{name}={value}"]
        measure.call(*command)
        run = measure.run(timer, model, HISTORY, K, threads=1)
        told = run.json()
        anew, one_more = (statistics.median(told[name]) for name in ("anew", "one_more"))
        print(f"{told['state_bytes']} bytes kept of a history")
        measure.print_target(f"{judge}, recall@10", best[judge]["recall"], 0.085, at_least=True)
        measure.print_target(f"{judge}, NDCG@10", best[judge]["ndcg"], 0.047, at_least=True)
        measure.print_target("sasrec, a history of 50, median", anew, 0.25, " ms")
        measure.print_target("sasrec, one event more, median", one_more, 0.1, " ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
