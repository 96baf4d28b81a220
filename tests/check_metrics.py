#!/usr/bin/env python3
"""Judges lists of recommendations without coseno: a second opinion on `coseno evaluate`.

    check_metrics.py TRAIN TEST LISTS -k K [--relevant-from X] [--n-items N]
    check_metrics.py ... --compare EVALUATE_JSON --model NAME

TRAIN and TEST hold a rating a line, "user item rating ...", separated by tabs, commas or "::"; a
first line whose third field is no number is a header. LISTS is what `coseno evaluate --out` writes:
"user item item ...", best first. Prints the metrics as JSON. With --compare, exits 1 and says what
differs where a metric is further than 1e-9 from what coseno printed.

Written from the definitions (docs/evaluation.md), and to be checked against them by reading: plain
loops, no library, nothing shared with the C++ code.
"""

import argparse
import json
import math
import re
import sys

TOLERANCE = 1e-9


def read_ratings(path):
    """{user: {item: rating}}; of a repeated pair the last line counts."""
    ratings = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file):
            fields = re.split(r"\t|,|::", line.strip())
            if fields == [""]:
                continue
            user, item = fields[0], fields[1]
            try:
                rating = float(fields[2]) if len(fields) > 2 else 1.0
            except ValueError:
                if number == 0:
                    continue
                raise
            ratings.setdefault(user, {})[item] = rating
    return ratings


def read_lists(path):
    """{user: [item, ...]}, best first."""
    with open(path, encoding="utf-8") as file:
        lines = [line.split() for line in file if line.strip()]
    return {words[0]: words[1:] for words in lines}


def judge(recommended, relevant, k):
    """The metrics of one user's list; `relevant` is a set with at least one item."""
    hits = [item in relevant for item in recommended[:k]]
    hit_ranks = [rank for rank, hit in enumerate(hits, start=1) if hit]
    reachable = min(k, len(relevant))
    dcg = sum(1 / math.log2(rank + 1) for rank in hit_ranks)
    ideal_dcg = sum(1 / math.log2(rank + 1) for rank in range(1, reachable + 1))
    return {
        "precision": len(hit_ranks) / k,
        "recall": len(hit_ranks) / len(relevant),
        "recall_min": len(hit_ranks) / reachable,
        "ndcg": dcg / ideal_dcg,
        "mrr": 1 / hit_ranks[0] if hit_ranks else 0.0,
        "map": sum(sum(hits[:rank]) / rank for rank in hit_ranks) / reachable,
        "hit_rate": 1.0 if hit_ranks else 0.0,
    }


def check_lists(train, lists, k):
    """Lists that no honest evaluation can have end the program."""
    for user, items in lists.items():
        if len(items) > k:
            sys.exit(f"user {user} has a list of {len(items)} items, k is {k}")
        if len(set(items)) < len(items):
            sys.exit(f"user {user} has an item twice in the list")
        seen = set(items) & set(train.get(user, {}))
        if seen:
            sys.exit(f"user {user} has training items in the list: {sorted(seen)}")


def measure(train, test, lists, k, relevant_from, n_items):
    relevant_of = {}
    for user, ratings in test.items():
        relevant = {item for item, rating in ratings.items() if rating >= relevant_from}
        if relevant:
            relevant_of[user] = relevant
    if not relevant_of:
        sys.exit("no user has a relevant item in the test")
    strangers = set(lists) - set(relevant_of)
    if strangers:
        sys.exit(f"lists of users who cannot be judged: {sorted(strangers)[:5]}")

    judged = [judge(lists.get(user, []), relevant_of[user], k) for user in relevant_of]
    metrics = {name: math.fsum(one[name] for one in judged) / len(judged) for name in judged[0]}

    users_with = {}
    for ratings in train.values():
        for item in ratings:
            users_with[item] = users_with.get(item, 0) + 1
    listed = [item for items in lists.values() for item in items]
    metrics["coverage"] = len(set(listed)) / (n_items or len(users_with))
    surprise = [-math.log2(users_with.get(item, 1) / len(train)) for item in listed]
    metrics["novelty"] = math.fsum(surprise) / len(listed) if listed else 0.0
    metrics["n_users"] = len(judged)
    return metrics


def differences(ours, theirs):
    """A sentence for each metric that coseno has otherwise, or not at all."""
    for name, value in ours.items():
        if name not in theirs:
            yield f"{name}: coseno has none"
        elif not abs(theirs[name] - value) <= TOLERANCE:
            yield f"{name}: here {value!r}, coseno {theirs[name]!r}"


def compare(metrics, path, model):
    with open(path, encoding="utf-8") as file:
        rows = [row for row in json.load(file) if row["model"] == model]
    if len(rows) != 1:
        sys.exit(f"{path} has {len(rows)} rows of model {model}")
    found = list(differences(metrics, rows[0]))
    if found:
        sys.exit(f"{model} differs:\n" + "\n".join(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("lists")
    parser.add_argument("-k", type=int, required=True)
    parser.add_argument("--relevant-from", type=float, default=-math.inf)
    parser.add_argument("--n-items", type=int, help="with those that no user of TRAIN has")
    parser.add_argument("--compare", metavar="EVALUATE_JSON")
    parser.add_argument("--model", metavar="NAME")
    arguments = parser.parse_args()
    if (arguments.compare is None) != (arguments.model is None):
        parser.error("--compare and --model go together")

    train = read_ratings(arguments.train)
    lists = read_lists(arguments.lists)
    check_lists(train, lists, arguments.k)
    metrics = measure(
        train,
        read_ratings(arguments.test),
        lists,
        arguments.k,
        arguments.relevant_from,
        arguments.n_items,
    )
    print(json.dumps(metrics, indent=2))
    if arguments.compare is not None:
        compare(metrics, arguments.compare, arguments.model)


if __name__ == "__main__":
    main()
