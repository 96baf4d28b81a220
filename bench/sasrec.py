#!/usr/bin/env python3
"""How good is a transformer that reads histories in order, how fast, and against whom?

Amazon Beauty as S3-Rec has it: 22,363 users, 12,101 items. The last item of each user is judged, all
items are ranked, those of the history left out. Options are chosen by the item before it: those of
markov and rp3beta, `tuned`, here by `coseno tune`. sasrec stands twice: `like the published`, whose training holds
the last but one item of every user out to choose its epoch, as papers do, with all items as negatives and
the temperature that they chose; and at its defaults, which learn those of all but 2,000 users, as the other
models do, with 2,048 negatives a step. Blends are of a network and what is tuned, count their models alike, and go by rank.

Networks are trained by coseno-train-deep (./dev build --deep), 20 and 5 minutes; with --networks FOLDER they are
taken from there where they are there, and kept there where not. Latency: one thread, a history of 50, all
items scored and the best 10 taken; `one event more` where what was read before it is kept. It and the time of
an epoch are also told of a network of 64 numbers and 256 negatives a step. --variants compares losses, negatives
and sizes, of last items and of those before, from networks that hold the latter out.
"""

import hashlib
import pathlib
import statistics
import sys
import tempfile

import measure

DATA = measure.ROOT.parent / "shared" / "data" / "s3rec-beauty" / "Beauty.txt"
HISTORY, K = 50, 10
EVERYBODY = 100_000  # more than there are users
WITHOUT_TRAINER = ["popularity", "item_knn", "rp3beta", "ease", "ials", "markov", "session_knn"]
TUNED = ["rp3beta", "markov"]
TRIALS = 60
WITHOUT_NETWORK = "markov, tuned"
LIKE_PUBLISHED = "sasrec, like the published"
AT_DEFAULTS = "sasrec"
# How networks are trained.
NETWORKS = {
    LIKE_PUBLISHED: {"validation_users": EVERYBODY, "negatives": 0, "temperature": 0.07},
    AT_DEFAULTS: {},
}
# What --variants compares, each with the validation items of all users held out.
SMALLER = {"validation_users": EVERYBODY, "dim": 64, "hidden": 64}
GBCE = {**SMALLER, "loss": "gbce"}
VARIANTS = {
    LIKE_PUBLISHED: NETWORKS[LIKE_PUBLISHED],
    "64 numbers": {**SMALLER, "negatives": 0, "temperature": 0.07},
    "64 numbers, temperature 0.05": {**SMALLER, "negatives": 0},
    "A: 64 numbers, temperature 0.05, 2,048 negatives": SMALLER,
    "A, gbce": GBCE,
    "A, gbce, temperature 0.07": {**GBCE, "temperature": 0.07},
    "A, gbce, temperature 0.07, all items": {**GBCE, "temperature": 0.07, "negatives": 0},
    "A, gbce, 256 negatives": {**GBCE, "negatives": 256},
    "A, gbce, 256 negatives, vectors as long as they are": {**GBCE, "negatives": 256, "temperature": 0},
}
# One epoch of it tells its speed.
SMALL = {"dim": 64, "hidden": 64, "negatives": 256, "epochs": 1, "validation_users": 0}
# By their papers, on the same split.
PUBLISHED = [
    ("eSASRec (published)", 0.0928, 0.0523),
    ("SASRec, sampled softmax (published)", 0.0921, 0.0531),
    ("TIGER (published)", 0.0648, 0.0384),
    ("SASRec (published)", 0.0605, 0.0318),
]


def judged(program, threads, model, settings, data=DATA):
    """The row of a model, in all that `coseno evaluate --json` tells of it, and the peak memory."""
    command = [program, "evaluate", data, "--protocol", "leave-last-out", "--models", model, "-k", K]
    run = measure.run(*command, *set_all(settings), "--json", "--threads", threads, threads=threads)
    return next(row for row in run.json() if row["model"] == model), run.peak_mb


def set_all(settings):
    return [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]


def tuned(program, threads, model, training_part):
    """The options of a model that are best at the last items of what is learnt from."""
    command = [program, "tune", training_part, "--protocol", "leave-last-out", "--model", model, "-k", K]
    told = measure.run(*command, "--trials", TRIALS, "--json", "--threads", threads, threads=threads).json()
    return told["best"]["settings"]


def blended(settings_of, network):
    settings = {"models": ",".join([*settings_of, "sasrec"]), "scale": "rank", "weights": "equal"}
    for model, own in settings_of.items():
        settings |= {f"{model}.{name}": value for name, value in own.items()}
    return settings | {"sasrec.file": network}


def write_training_part(path):
    """What `evaluate` learns from: all but the last item of each user."""
    with open(DATA, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as out:
        for line in source:
            out.write(" ".join(line.split()[:-1]) + "\n")


def train(program, settings, training_part, out):
    command = [program, "fit", training_part, "--model", "sasrec", "--out", out]
    return measure.run(*command, *set_all(settings), threads=1)


def network_files(program, folder, networks):
    """Where each network is or will be: named by how it is trained, defaults of today among that."""
    told = measure.run(program, "models", "sasrec", threads=1).output
    defaults = [line.split()[:2] for line in told.splitlines()]
    files = {}
    for title, settings in networks.items():
        digest = hashlib.sha256(f"{defaults}{settings}".encode()).hexdigest()
        files[title] = folder / f"sasrec-{digest[:12]}.safetensors"
    return files


def train_missing(program, files, networks, training_part):
    """How long each network that was not there took, and the peak memory of it."""
    told = {}
    for title, file in files.items():
        if not file.is_file():
            run = train(program, networks[title], training_part, file)
            told[title] = (run.seconds, run.peak_mb)
    return told


def print_variants(program, threads, files, training_part):
    rows = []
    for title, file in files.items():
        test, validation = (
            judged(program, threads, "sasrec", {"file": file}, data)[0] for data in (DATA, training_part)
        )
        rows.append([title, *(f"{value:.4f}" for value in (test["recall"], test["ndcg"], validation["ndcg"]))])
    measure.print_table(["", "recall@10", "NDCG@10", "validation, NDCG@10"], rows)


def main():
    parser = measure.parser(__doc__)
    parser.add_argument("--networks", type=pathlib.Path, help="folder of trained networks")
    parser.add_argument("--variants", action="store_true", help="other losses and sizes instead, for hours")
    arguments = parser.parse_args()
    program = measure.built(arguments.build / "coseno")
    timer = measure.built(arguments.build / "bench" / "sasrec_bench")
    if not DATA.is_file():
        print(f"skipped: there is no {DATA}")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.networks or pathlib.Path(temporary)
        networks = VARIANTS if arguments.variants else NETWORKS
        files = network_files(program, folder, networks)
        is_there = all(file.is_file() for file in files.values())
        has_trainer = (arguments.build / "coseno-train-deep").is_file()
        if not is_there and not has_trainer:
            print("skipped: coseno-train-deep is not built (./dev build --deep)")
            return 0
        measure.print_environment(arguments)
        training_part = pathlib.Path(temporary) / "train.txt"
        write_training_part(training_part)
        folder.mkdir(parents=True, exist_ok=True)
        trained = train_missing(program, files, networks, training_part)
        if arguments.variants:
            print_variants(program, arguments.threads, files, training_part)
            return 0
        contenders = [(model, model, {}) for model in WITHOUT_TRAINER]
        settings_of = {model: tuned(program, arguments.threads, model, training_part) for model in TUNED}
        contenders += [(f"{model}, tuned", model, settings) for model, settings in settings_of.items()]
        for title, file in files.items():
            contenders.append((title, "sasrec", {"file": file}))
            contenders.append((f"blend with {title}", "blend", blended(settings_of, file)))
        rows, best = [], {}
        for title, model, settings in contenders:
            row, peak_mb = judged(program, arguments.threads, model, settings)
            if settings.get("file") is None:
                fit_s = f"{row['fit_s'] or 0:.1f}"
            elif title in trained:
                fit_s, peak_mb = f"{trained[title][0]:.1f}", trained[title][1]
            else:
                fit_s = "before"
            best[title] = row
            cells = [title, f"{row['recall']:.4f}", f"{row['ndcg']:.4f}", fit_s]
            rows.append([*cells, f"{1e3 * row['latency_p50_s']:.3f}", f"{peak_mb:.0f}"])
        for title, recall, ndcg in PUBLISHED:
            rows.append([title, f"{recall:.4f}", f"{ndcg:.4f}", "", "", ""])
        measure.print_table(["", "recall@10", "NDCG@10", "fit s", "p50 ms", "peak MB"], rows)
        for model, settings in settings_of.items():
            print(f"{model}, tuned: {' '.join(map(str, set_all(settings)))}")
        print_targets(best, trained)
        print_speed(timer, files[AT_DEFAULTS], "sasrec")
        if has_trainer:
            small = pathlib.Path(temporary) / "small.safetensors"
            seconds = train(program, SMALL, training_part, small).seconds
            measure.print_target("sasrec of 64, one epoch of 256 negatives a step", seconds, 30, " s")
            print_speed(timer, small, "sasrec of 64")
    return 0


def print_speed(timer, network, title):
    told = measure.run(timer, network, HISTORY, K, threads=1).json()
    for name, what, most in (("anew", "a history of 50", 0.25), ("one_more", "one event more", 0.1)):
        measure.print_target(f"{title}, {what}, median", statistics.median(told[name]), most, " ms")
    print(f"{title}: {told['state_bytes']} bytes kept of a history")


def print_targets(best, trained):
    for metric, floor, aim in (("recall", 0.085, 0.0928), ("ndcg", 0.047, 0.0531)):
        name = {"recall": "recall@10", "ndcg": "NDCG@10"}[metric]
        for title in (LIKE_PUBLISHED, AT_DEFAULTS, WITHOUT_NETWORK):
            found = best[title][metric]
            measure.print_target(f"{title}, {name}, floor", found, floor, at_least=True)
            measure.print_target(f"{title}, {name}, aim", found, aim, at_least=True)
        for title in (LIKE_PUBLISHED, AT_DEFAULTS):
            found = best[title][metric]
            either = max(best[WITHOUT_NETWORK][metric], found)
            gain = best[f"blend with {title}"][metric] / either
            measure.print_target(f"blend / the better of {title} and {WITHOUT_NETWORK}, {name}", gain, 1, at_least=True)
    for title, (seconds, _) in trained.items():
        measure.print_target(f"{title}, training", seconds / 60, 60, " minutes")


if __name__ == "__main__":
    sys.exit(main())
