#!/usr/bin/env python3
"""How good are lists of recommendations, how fast, and against whom?

MovieLens 100K, the publisher's ua.base and ua.test: lists of 10 without what the user had in
training, judged for users with a held-out rating of 4 or more. Everybody writes lists in the same
form, and tests/check_metrics.py judges them all.

`cosine` is the order of the tutorial that coseno began from: cosine between user and item vectors.
`fit` is measured inside everybody, p50 and p99 are one user's list on one thread, `peak` is the
memory of the whole process, files included.
"""

import re
import sys

import measure
from lists import Entry, check_metrics, judged

K = 10
RELEVANT_FROM = 4


def coseno(program, threads, data, model, by):
    files = [data / "ua.base", "--test", data / "ua.test", "--items", data / "u.item"]
    judging = ["--relevant-from", RELEVANT_FROM, "-k", K, "--threads", threads, "--json"]
    command = [program, "evaluate", *files, *judging, "--models", model, "--by", by]

    def lists(out):
        run = measure.run(*command, "--out", out, threads=threads)
        return run.json()[0], run

    name = f"coseno {model}" + (", cosine" if by == "cosine" else "")
    return Entry(name, lists, is_coseno=True)


def coseno_entries(arguments, data):
    """Every model by score, and by cosine where it has vectors."""
    program = measure.built(arguments.build / "coseno")
    entries = []
    for model, description in measure.coseno_models(program).items():
        entries.append(coseno(program, arguments.threads, data, model, "score"))
        if "--by cosine" in description:
            entries.append(coseno(program, arguments.threads, data, model, "cosine"))
    return entries


def collaborative_filter(arguments, data, users):
    """The npm package; nobody where it cannot be had."""
    try:
        modules = measure.node_modules_of_rivals()
    except measure.Failed as failed:
        print(f"no collaborative-filter: {failed}", file=sys.stderr)
        return []

    script = measure.RIVALS / "collaborative_filter_lists.js"

    def entry(name, liked_from):
        def lists(out):
            wanted = out.with_suffix(".users")
            wanted.write_text("".join(f"{user}\n" for user in users), encoding="utf-8")
            files = [modules, data / "ua.base", wanted, out]
            run = measure.run("node", script, *files, liked_from, K, threads=arguments.threads)
            return run.json(), run

        return Entry(name, lists)

    return [
        entry("npm collaborative-filter, rated is liked", 1),
        entry("npm collaborative-filter, liked from 4", 4),
    ]


def relevant_items(test):
    """{user: their relevant items}, of the users who have any."""
    relevant_of = {}
    for user, ratings in test.items():
        relevant = {item for item, rating in ratings.items() if rating >= RELEVANT_FROM}
        if relevant:
            relevant_of[user] = relevant
    return relevant_of


def default_model(build):
    """The model that `coseno recommend` uses when none is named; its --help tells."""
    told = measure.run(build / "coseno", "recommend", "--help", threads=1).output
    return re.search(r"Model to fit; default (\w+)", " ".join(told.split())).group(1)


def main():
    arguments = measure.parser(__doc__).parse_args()
    data = measure.movielens_100k()
    train = check_metrics.read_ratings(data / "ua.base")
    relevant_of = relevant_items(check_metrics.read_ratings(data / "ua.test"))
    measure.print_environment(arguments)
    entries = coseno_entries(arguments, data)
    entries += collaborative_filter(arguments, data, list(relevant_of))
    rows = [row for row in (judged(entry, train, relevant_of, K) for entry in entries) if row]
    measure.print_table(list(rows[0]), [list(row.values()) for row in rows])

    name = default_model(arguments.build)
    default = next(row for row in rows if row[""] == f"coseno {name}")
    measure.print_target(
        f"NDCG@{K} of the default model, {name}", float(default[f"NDCG@{K}"]), 0.25, at_least=True
    )


if __name__ == "__main__":
    main()
