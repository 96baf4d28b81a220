#!/usr/bin/env python3
"""How good are lists made from acts (views, check-ins, purchases), how fast, and against whom?

  gowalla   29,858 users, 40,981 places: the split of the LightGCN papers, lists of 20, every
            held-out place is relevant
  ml-1m     the ge3 files: films rated 3 and above, lists of 20
  ml-100k   the publisher's seven splits, lists of 10, relevant from 4 stars; means over the splits

Options were tuned on parts of the training data, never on the test files (docs/benchmarks.md).
`fit` is measured inside everybody. p50 and p99 are for users of 50 interactions on one thread:
fold-in, scoring all items and the ten best. `peak` is the memory of the whole process.

--dense adds EASE on gowalla, which takes minutes and 8 GB for everybody.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

import measure
from lists import Entry, check_metrics, judged

HISTORY = 50
SHARED = measure.ROOT.parent / "shared" / "data"


class Data:
    """A train and a test file, for coseno as they are and for rivals as a line a user."""

    def __init__(self, name, train, test, k, relevant_from=None):
        self.name = name
        self.train = train
        self.test = test
        self.k = k
        self.judging = [] if relevant_from is None else ["--relevant-from", relevant_from]
        self.acts = read_acts(train)
        self.relevant_of = {
            user: {item for item, value in items.items() if value >= (relevant_from or 0)}
            for user, items in read_acts(test).items()
        }
        self.relevant_of = {user: items for user, items in self.relevant_of.items() if items}

    def write_lists(self, path):
        """The training data as rivals read them."""
        lines = (" ".join([user, *items]) for user, items in self.acts.items() if items)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def write_users(self, path):
        path.write_text("".join(f"{user}\n" for user in self.relevant_of), encoding="utf-8")


def read_acts(path):
    """{user: {item: value}} of ratings, or of a line a user."""
    if path.suffix != ".txt":
        return check_metrics.read_ratings(path)
    lists = check_metrics.read_lists(path)
    return {user: dict.fromkeys(items, 1.0) for user, items in lists.items()}


def splits(name):
    """The splits of a data set, or nothing where it is not there."""
    if name == "gowalla":
        folder = SHARED / "gowalla"
        named = [("train.txt", "test.txt", 20, None)]
    elif name == "ml-1m":
        folder = SHARED / "ml-1m"
        named = [("ge3-train.txt", "ge3-test.txt", 20, None)]
    else:
        folder = SHARED / "ml-100k"
        parts = ["u1", "u2", "u3", "u4", "u5", "ua", "ub"]
        named = [(f"{part}.base", f"{part}.test", 10, 4) for part in parts]
    if not (folder / named[0][0]).is_file():
        print(f"skipped {name}: {named[0][0]} is not in {folder}")
        return []
    return [Data(name, folder / train, folder / test, k, least) for train, test, k, least in named]


# --- who makes lists ------------------------------------------------------------------------------


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def served(arguments, model):
    """Latencies of a model file."""
    program = measure.built(arguments.build / "bench" / "serving_bench")
    ms = measure.run(program, model, HISTORY, 10, threads=1).json()["ms"]
    return {
        "latency_p50_s": quantile(ms, 0.5) / 1000,
        "latency_p99_s": quantile(ms, 0.99) / 1000,
    }


def coseno(arguments, data, model, settings):
    """Fits twice, to a file for serving and to be judged; a model that takes minutes only once, and
    then reading and writing count as fitting."""
    program = measure.built(arguments.build / "coseno")
    words = settings.split()
    options = [word for setting in words for word in ("--set", setting)]
    common = ["--threads", arguments.threads]

    def lists(out):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "model"
            fit = ["fit", data.train, "--model", model, *options, "--out", file, *common]
            fitted = measure.run(program, *fit, threads=arguments.threads)
            told = served(arguments, file)
            is_slow = fitted.seconds > 60
            source = [file] if is_slow else [data.train, "--models", model, *options]
            judging = ["--test", data.test, *data.judging, "-k", data.k, "--json", "--out", out]
            run = measure.run(
                program, "evaluate", *source, *judging, *common, threads=arguments.threads
            )
        rows = run.json()
        fit_s = next(row for row in rows if row["model"] == model)["fit_s"]
        told["fit_s"] = fitted.seconds if is_slow else fit_s
        run.peak_mb = max(run.peak_mb, fitted.peak_mb) if is_slow else run.peak_mb
        return told, run

    name = ", ".join([f"coseno {model}", *words])
    return Entry(name, lists, is_coseno=True)


def rival(arguments, data, name, script, *words):
    def lists(out):
        train, users = out.with_suffix(".train"), out.with_suffix(".users")
        data.write_lists(train)
        data.write_users(users)
        model, *options = words
        before = [] if model is None else [model]
        command = [script, *before, train, users, out, data.k, *options]
        run = measure.run(measure.python_of_rivals(), *command, threads=arguments.threads)
        return run.json(), run

    return Entry(name, lists)


def implicit(arguments, data, model, options):
    name = ", ".join([f"implicit {model}", *options.split()])
    script = measure.RIVALS / "implicit_lists.py"
    return rival(arguments, data, name, script, model, *options.split())


def entries(arguments, data):
    """Everybody, with the options for this data set."""
    chosen = json.loads((measure.ROOT / "bench" / "acts.json").read_text())[data.name]
    found = [
        coseno(arguments, data, model, settings)
        for model, settings in chosen["coseno"]
        + (chosen.get("coseno dense", []) if arguments.dense else [])
    ]
    found += [implicit(arguments, data, model, options) for model, options in chosen["implicit"]]
    if arguments.dense and "ease" in chosen:
        l2 = chosen["ease"]
        script = measure.RIVALS / "ease_lists.py"
        found.append(rival(arguments, data, f"NumPy EASE, l2={l2}", script, None, l2))
    return found


# --- targets --------------------------------------------------------------------------------------


def number(row, column):
    return float(row[column])


def of(rows, start):
    return [row for row in rows if row[""].startswith(start)]


def best(rows, column):
    return max((number(row, column) for row in rows), default=0)


def print_gowalla_targets(rows):
    for model, recall, ndcg in (
        ("item_knn", 0.157, 0.121),
        ("rp3beta", 0.183, 0.152),
        ("ease", 0.183, 0.154),
        ("", 0.186, 0.155),
    ):
        mine = of(rows, f"coseno {model}")
        if not mine:
            continue
        what = model or "the best model or blend"
        measure.print_target(f"{what}, recall@20", best(mine, "recall@20"), recall, at_least=True)
        measure.print_target(f"{what}, NDCG@20", best(mine, "NDCG@20"), ndcg, at_least=True)
    for dim in (64, 128, 256):
        print_ials_targets(rows, dim)
    knn = [row for row in of(rows, "coseno item_knn") if "neighbours=200" in row[""]]
    rivals = of(rows, "implicit tfidf")
    if knn and rivals:
        ratio = number(rivals[0], "fit s") / min(number(row, "fit s") for row in knn)
        measure.print_target("item_knn fit, K = 200, against implicit", ratio, 4, " times", True)
    answers = {"coseno ials, dim=128": 0.4, "coseno ease": 0.2, "coseno item_knn": 0.2}
    for start, limit in answers.items():
        for row in of(rows, start)[:1]:
            measure.print_target(f"{row['']}: one answer", number(row, "p50 ms"), limit, " ms")


def print_ials_targets(rows, dim):
    mine = of(rows, f"coseno ials, dim={dim},")
    rivals = of(rows, f"implicit als, factors={dim},")
    if not mine or not rivals:
        return
    for column in ("recall@20", "NDCG@20"):
        ratio = best(mine, column) / best(rivals, column)
        measure.print_target(f"ials {dim}, {column} against implicit", ratio, 1.05, " times", True)
    good = [row for row in mine if number(row, "NDCG@20") >= best(rivals, "NDCG@20")]
    if good:
        ratio = min(number(row, "fit s") for row in rivals) / min(number(row, "fit s") for row in good)
        measure.print_target(f"ials {dim}, fit to equal NDCG@20", ratio, 4, " times", True)


def print_rival_targets(name, rows, k):
    rivals = of(rows, "implicit")
    if not rivals:
        return
    column = f"NDCG@{k}"
    measure.print_target(
        f"{name}, {column} against the best of implicit",
        best(of(rows, "coseno"), column) / best(rivals, column),
        1,
        " times",
        at_least=True,
    )


# --- all together ---------------------------------------------------------------------------------


def mean_row(rows):
    """The rows of one entry on several splits."""
    result = {"": rows[0][""]}
    for column in list(rows[0])[1:]:
        digits = len(rows[0][column].partition(".")[2])
        result[column] = f"{statistics.mean(number(row, column) for row in rows):.{digits}f}"
    return result


def judge_all(arguments, name):
    rows_of = {}
    k = 0
    for data in splits(name):
        k = data.k
        for entry in entries(arguments, data):
            row = judged(entry, data.acts, data.relevant_of, data.k)
            if row:
                rows_of.setdefault(entry.name, []).append(row)
                print(f"{data.train.name}: {entry.name} done", file=sys.stderr)
    if not rows_of:
        return
    rows = [mean_row(rows) for rows in rows_of.values()]
    print(f"{name}\n")
    measure.print_table(list(rows[0]), [list(row.values()) for row in rows])
    print_rival_targets(name, rows, k)
    if name == "gowalla":
        print_gowalla_targets(rows)
    print()


def main():
    parser = measure.parser(__doc__)
    parser.add_argument("--data", default="ml-100k,ml-1m,gowalla", help="which; default all")
    parser.add_argument("--dense", action=argparse.BooleanOptionalAction, help="EASE on gowalla too")
    parser.set_defaults(threads=2)
    arguments = parser.parse_args()
    measure.print_environment(arguments)
    for name in arguments.data.split(","):
        judge_all(arguments, name)


if __name__ == "__main__":
    main()
