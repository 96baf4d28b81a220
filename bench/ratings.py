#!/usr/bin/env python3
"""How well are ratings predicted, how fast, and against whom?

MovieLens 100K, the publisher's folds u1 to u5. Everybody reads u?.base, predicts the pairs of
u?.test and writes what they predict; RMSE is computed here, from those files, in the same way for
all.

Times are means over the folds, in seconds. `fit` and `predict` are measured inside the rivals, with
reading and imports left out. coseno's `fit` is what `coseno evaluate` tells; its `predict` is a
whole process that loads the fitted model from a file, predicts, and writes. `process` is
everybody's whole process, from files to predictions (`coseno predict`), and `peak` the most memory
that it had.
"""

import math
import os
import pathlib
import statistics
import sys
import tempfile

import measure

# The quick way of biased_mf, and one between it and the default (120 rounds).
QUICK_ROUNDS = 8
MIDDLE_ROUNDS = 24

# Those whom the targets name.
COSENO = "coseno biased_mf"
COSENO_PROPERTIES = "coseno biased_mf, properties"
SVD_TUNED = "Surprise SVD, tuned"
SVDPP = "Surprise SVD++"
MYFM = "myFM"
MYFM_IMPLICIT = "myFM, implicit"
MYFM_PROPERTIES = "myFM, properties"
MYFM_IMPLICIT_PROPERTIES = "myFM, implicit, properties"


class Fold:
    def __init__(self, data, number):
        self.number = number
        self.train = data / f"u{number}.base"
        self.test = data / f"u{number}.test"


class Entry:
    """Somebody who predicts ratings: measure(fold, out) writes predictions to the file `out`, and
    gives (fit seconds, predict seconds, the measure.Run of the whole process)."""

    def __init__(self, name, measure_fold, knows_properties=False, is_coseno=False):
        self.name = name
        self.measure = measure_fold
        self.knows_properties = knows_properties
        self.is_coseno = is_coseno


class Row:
    """An entry with what came out of it: a figure a fold."""

    def __init__(self, entry):
        self.entry = entry
        self.rmse, self.fit_s, self.predict_s, self.process_s, self.peak_mb = [], [], [], [], []

    def add(self, rmse, fit_s, predict_s, run):
        self.rmse.append(rmse)
        self.fit_s.append(fit_s)
        self.predict_s.append(predict_s)
        self.process_s.append(run.seconds)
        self.peak_mb.append(run.peak_mb)

    def mean(self, figure):
        return statistics.mean(getattr(self, figure))

    def cells(self):
        return [
            self.entry.name,
            f"{self.mean('rmse'):.4f}",
            f"{self.rmse[0]:.4f}",
            *(f"{self.mean(figure):.3f}" for figure in ("fit_s", "predict_s", "process_s")),
            f"{max(self.peak_mb):.0f}",
        ]


# --- entries --------------------------------------------------------------------------------------


def coseno(program, threads, name, *options):
    """biased_mf with these options, which all commands take."""
    knows_properties = "--items" in options
    options = [*options, "--threads", threads]
    chosen = ["--model", "biased_mf", *options]

    def run(*command):
        return measure.run(program, *command, threads=threads)

    def measure_fold(fold, out):
        model = out.with_suffix(".safetensors")
        pairs = ["--pairs", fold.test, "--out"]
        whole = run("predict", fold.train, *pairs, out, *chosen)
        evaluated = ["--test", fold.test, "--models", "biased_mf", "--json"]
        judged = run("evaluate", fold.train, *evaluated, *options)
        run("fit", fold.train, "--out", model, *chosen)
        predicted = run("predict", model, *pairs, os.devnull, "--threads", threads)
        return judged.json()[0]["fit_s"], predicted.seconds, whole

    return Entry(name, measure_fold, knows_properties, is_coseno=True)


def rival(python, threads, name, script, argument, *properties):
    def measure_fold(fold, out):
        command = [python, measure.RIVALS / script, argument, fold.train, fold.test, out]
        run = measure.run(*command, *properties, threads=threads)
        told = run.json()
        return told["fit_s"], told["predict_s"], run

    return Entry(name, measure_fold, knows_properties=bool(properties))


def coseno_entries(arguments, data):
    program, threads = measure.built(arguments.build / "coseno"), arguments.threads
    properties = ["--items", data / "u.item", "--user-properties", data / "u.user"]
    entries = []
    for name, known in ((COSENO, []), (COSENO_PROPERTIES, properties)):
        entries.append(coseno(program, threads, name, *known))
        for rounds in (MIDDLE_ROUNDS, QUICK_ROUNDS):
            setting = f"rounds={rounds}"
            entries.append(coseno(program, threads, f"{name}, {setting}", "--set", setting, *known))
    return entries


def rivals(arguments, data):
    """Everybody else; nobody where their packages cannot be had."""
    try:
        python = measure.python_of_rivals()
    except measure.Failed as failed:
        print(f"no rivals: {failed}", file=sys.stderr)
        return []

    def surprise(name, algorithm):
        return rival(python, arguments.threads, name, "surprise_ratings.py", algorithm)

    def myfm(name, features, *properties):
        return rival(python, arguments.threads, name, "myfm_ratings.py", features, *properties)

    properties = [data / "u.item", data / "u.user"]
    return [
        surprise("Surprise BaselineOnly (biases)", "baseline"),
        surprise("Surprise SVD", "svd"),
        surprise(SVD_TUNED, "svd_tuned"),
        surprise(SVDPP, "svdpp"),
        surprise("Surprise KNNBaseline, items", "item_knn"),
        myfm(MYFM, "ids"),
        myfm(MYFM_IMPLICIT, "implicit"),
        myfm(MYFM_PROPERTIES, "ids", *properties),
        myfm(MYFM_IMPLICIT_PROPERTIES, "implicit", *properties),
    ]


# --- measuring ------------------------------------------------------------------------------------


def rmse(test, predicted):
    """Of a file of predictions against a file of ratings: the same pairs in the same order."""
    errors = []
    with open(test, encoding="utf-8") as ratings, open(predicted, encoding="utf-8") as answers:
        for rating, answer in zip(ratings, answers, strict=True):
            rating, answer = rating.split("\t"), answer.split("\t")
            if rating[:2] != answer[:2]:
                raise measure.Failed(f"{predicted}: expected {rating[:2]}, found {answer[:2]}")
            errors.append(float(answer[2]) - float(rating[2]))
    return math.sqrt(math.fsum(error * error for error in errors) / len(errors))


def measured(entry, folds):
    """The entry's row, or nothing where a rival failed."""
    row = Row(entry)
    with tempfile.TemporaryDirectory() as folder:
        for fold in folds:
            out = pathlib.Path(folder) / f"u{fold.number}.txt"
            try:
                fit_s, predict_s, run = entry.measure(fold, out)
                row.add(rmse(fold.test, out), fit_s, predict_s, run)
            except measure.Failed as failed:
                if entry.is_coseno:
                    sys.exit(str(failed))
                print(f"{entry.name} failed: {failed}", file=sys.stderr)
                return None
    return row


# --- targets --------------------------------------------------------------------------------------


def coseno_as_good_as(rival_row, rows):
    """The fastest row of coseno that knows as much as the rival and errs no more, or nothing."""
    return min(
        (
            row
            for row in rows
            if row.entry.is_coseno
            and row.entry.knows_properties == rival_row.entry.knows_properties
            and row.mean("rmse") <= rival_row.mean("rmse")
        ),
        key=lambda row: row.mean("fit_s"),
        default=None,
    )


def print_errors(rows):
    by_name = {row.entry.name: row for row in rows}
    alone, informed = by_name[COSENO], by_name[COSENO_PROPERTIES]
    for what, value, limit in (
        ("mean RMSE, ratings alone, floor", alone.mean("rmse"), 0.900),
        ("mean RMSE, ratings alone, aim", alone.mean("rmse"), 0.8975),
        ("mean RMSE, properties, floor", informed.mean("rmse"), 0.893),
        ("mean RMSE, properties, aim", informed.mean("rmse"), 0.8911),
        ("RMSE on u1, ratings alone", alone.rmse[0], 0.910),
        ("RMSE on u1, properties", informed.rmse[0], 0.900),
    ):
        measure.print_target(what, value, limit)


def print_speed(rows, rival_name, at_least, what, seconds):
    """`seconds` maps a row to what is compared: as many times fewer as is aimed at, or not."""
    rival_row = next((row for row in rows if row.entry.name == rival_name), None)
    if rival_row is None:
        print(f"not measured  {what} against {rival_name}")
        return
    ours = coseno_as_good_as(rival_row, rows)
    if ours is None:
        print(f"NOT reached  {what} against {rival_name}: no row of coseno errs as little")
        return
    measure.print_target(
        f"{what} against {rival_name}, by {ours.entry.name}",
        seconds(rival_row) / seconds(ours),
        at_least,
        " times",
        at_least=True,
    )


def fit_and_predict_s(row):
    """For coseno the whole process: reading and writing are counted against it alone."""
    if row.entry.is_coseno:
        return row.mean("process_s")
    return row.mean("fit_s") + row.mean("predict_s")


def print_targets(rows):
    print_errors(rows)
    for myfm in (MYFM, MYFM_IMPLICIT, MYFM_PROPERTIES, MYFM_IMPLICIT_PROPERTIES):
        print_speed(rows, myfm, 5, "fit and predict", fit_and_predict_s)
    print_speed(rows, SVD_TUNED, 10, "fit", lambda row: row.mean("fit_s"))
    print_speed(rows, SVDPP, 100, "fit", lambda row: row.mean("fit_s"))


def main():
    parser = measure.parser(__doc__)
    parser.add_argument("--folds", type=int, default=5, help="only the first N of the five folds")
    arguments = parser.parse_args()
    data = measure.movielens_100k()
    folds = [Fold(data, number) for number in range(1, arguments.folds + 1)]
    measure.print_environment(arguments)
    entries = coseno_entries(arguments, data) + rivals(arguments, data)
    rows = [row for row in (measured(entry, folds) for entry in entries) if row]
    columns = ["", "mean RMSE", "RMSE u1", "fit s", "predict s", "process s", "peak MB"]
    measure.print_table(columns, [row.cells() for row in rows])
    print_targets(rows)


if __name__ == "__main__":
    main()
