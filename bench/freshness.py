#!/usr/bin/env python3
"""What is it worth that an answer reflects the last event, and what becomes of items that are new?

  replay     MovieLens 100K and the small latest MovieLens in the order of time, the first half to learn from:
             `coseno replay` ranks for each event, looks where the item stands, and takes the event in.
             Then blends by rank of models without and with those of order
  new items  every tenth film of the latter is taken away, a model trained without it, and all films put as
             items with their genres. Then users whom we know to have had one of the new films are asked
             for 10 new ones. The rival is chance: the mean of lists drawn at random
"""

import csv
import itertools
import json
import pathlib
import random
import sys
import tempfile

import measure
from lists import check_metrics

DATA = measure.ROOT.parent / "shared" / "data"
K = 10
NEW_EVERY = 10
MAX_JUDGES = 150
LIVE = ["live", "live, retrained"]
WITHOUT_ORDER, WITH_ORDER = "ease,item_knn", "ease,markov,session_knn"


def replayed(program, path, model, *options):
    return measure.run(program, "replay", path, "--model", model, *options, "--json", threads=2).json()["results"]


def print_replay(program, path, model):
    results = replayed(program, path, model)
    columns = [f"{path.parent.name}, {model}", "NDCG@10", "recall@10", "MRR", "rank p50 ms", "observe p50 us"]
    rows = []
    for told in results:
        quality = [f"{told[name]:.4f}" for name in ("ndcg", "recall", "mrr")]
        rows.append([told["name"], *quality, f"{1e3 * told['rank_p50_s']:.2f}", f"{1e6 * told['observe_p50_s']:.1f}"])
    measure.print_table(columns, rows)
    ndcg = {told["name"]: told["ndcg"] for told in results}
    for rival in ("frozen", "retrained"):
        measure.print_target(f"live / {rival}, NDCG@10", ndcg["live"] / ndcg[rival], 1, " times", at_least=True)
    print(flush=True)


def print_blends(program, path):
    rows, found = [], {}
    for models in (WITHOUT_ORDER, WITH_ORDER):
        options = ("--set", f"models={models}", "--set", "scale=rank", "--set", "weights=equal")
        told = {one["name"]: one["ndcg"] for one in replayed(program, path, "blend", *options)}
        found[models] = told
        rows.append([models, *(f"{told[name]:.4f}" for name in LIVE)])
    measure.print_table([f"{path.parent.name}, blend, NDCG@10", *LIVE], rows)
    for name in LIVE:
        gain = found[WITH_ORDER][name] / found[WITHOUT_ORDER][name]
        measure.print_target(f"with order / without, {name}", gain, 1, " times", at_least=True)
    print(flush=True)


def ndcg(items, relevant):
    return check_metrics.judge(items, relevant, K)["ndcg"]


def recommended(program, data, user, k, *options):
    command = [program, "recommend", data, "--user", user, "-k", k, *options, "--json"]
    return [one["item"] for one in measure.run(*command, threads=1).json()["items"]]


def write_new_items(folder):
    """Files without the new films, and of all as items; the new films that each user has had."""
    source = DATA / "ml-latest-small"
    with open(source / "movies.csv", encoding="utf-8", newline="") as file:
        films = list(csv.DictReader(file))
    new = {film["movieId"] for film in itertools.islice(films, 0, None, NEW_EVERY)}
    with open(folder / "items.jsonl", "w", encoding="utf-8") as file:
        for film in films:
            genres = [] if film["genres"] == "(no genres listed)" else film["genres"].split("|")
            record = {"id": film["movieId"], "title": film["title"], "genres": genres, "new": film["movieId"] in new}
            file.write(json.dumps(record) + "\n")
    relevant = {}
    with open(source / "ratings.csv", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        kept = [next(rows)]
        for row in rows:
            if row[1] in new:
                relevant.setdefault(row[0], set()).add(row[1])
            else:
                kept.append(row)
    with open(folder / "ratings.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(kept)
    return new, relevant


def print_new_items(program, folder, model):
    new, relevant = write_new_items(folder)
    data = folder / "data"
    for command in (
        ["import", data, folder / "ratings.csv"],
        ["train", data, "--model", model],
        ["import", data, "--items", folder / "items.jsonl"],
    ):
        measure.call(program, *command)
    judges = sorted(relevant)[:: -(-len(relevant) // MAX_JUDGES)]
    only_new = json.dumps({"equals": {"new": True}})
    found = chance = among_all = 0
    generator = random.Random(1)
    for user in judges:
        found += ndcg(recommended(program, data, user, K, "--filter", only_new), relevant[user])
        draws = [generator.sample(sorted(new), K) for _ in range(20)]
        chance += sum(ndcg(items, relevant[user]) for items in draws) / len(draws)
        among_all += sum(item in new for item in recommended(program, data, user, 100))
    n = len(judges)
    title = f"ml-latest-small, {model}, {len(new)} new films, {n} users"
    rows = [["coseno", f"{found / n:.4f}"], ["chance", f"{chance / n:.4f}"]]
    measure.print_table([title, "NDCG@10"], rows)
    print(f"of 100 films of a list without a filter {among_all / n:.1f} are new")
    measure.print_target("new films, NDCG@10 against chance", found / chance, 1.5, " times", at_least=True)


def main():
    parser = measure.parser(__doc__)
    parser.set_defaults(threads=2)
    parser.add_argument("--model", default="ease", help="model; default ease")
    arguments = parser.parse_args()
    program = measure.built(arguments.build / "coseno")
    paths = [DATA / "ml-100k" / "u.data", DATA / "ml-latest-small" / "ratings.csv"]
    for path in paths:
        if not path.is_file():
            print(f"skipped: {path} is not there")
            return 0
    measure.print_environment(arguments)
    for path in paths:
        print_replay(program, path, arguments.model)
        print_blends(program, path)
    with tempfile.TemporaryDirectory(prefix="coseno-freshness-") as name:
        print_new_items(program, pathlib.Path(name), arguments.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
