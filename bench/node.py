#!/usr/bin/env python3
"""What does a call from Node cost, and what of the tutorial's program in TensorFlow.js?

  calls     a list of 10 and an event from Node (recommendSync, observeSync, and who awaits a promise)
            against the same calls from C++, in the same data folder: MovieLens 100K with `ials`; in
            turns, since a machine is not as fast at all times: medians of what each took
  tutorial  MovieLens 100K, ua.base and ua.test: the RMSE of ratings, lists of 10 by score and by
            cosine (relevant from 4 stars), the time of a fit, and from a new rating to a list that
            reflects it. TensorFlow.js fits anew for that
"""

import math
import pathlib
import shutil
import statistics
import sys
import tempfile

import measure
from lists import check_metrics

NODE = measure.ROOT / "bench" / "node"
K = 10
RELEVANT_FROM = 4
CALL_ROUNDS = 20
TURNS = 5
TENSORFLOW = "TensorFlow.js, wasm, Adam"


def node(arguments):
    """The Node that the build found."""
    for line in (arguments.build / "CMakeCache.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("COSENO_NODE_PROGRAM:"):
            return line.split("=", maxsplit=1)[1]
    sys.exit(f"{arguments.build} was built without the addon: ./dev bench node")


# --- calls ----------------------------------------------------------------------------------------


def print_calls(arguments, data, package, folder):
    program = measure.built(arguments.build / "coseno")
    made = folder / "data"
    measure.run(program, "import", made, data / "u.data", threads=1)
    measure.run(program, "train", made, "--model", "ials", threads=1)

    def call(*command):
        copy = folder / "copy"
        shutil.copytree(made, copy)
        told = measure.run(*command, copy, CALL_ROUNDS, threads=arguments.threads).json()
        shutil.rmtree(copy)
        return told

    from_cxx, from_node = [], []
    for _ in range(TURNS):
        from_cxx.append(call(measure.built(arguments.build / "bench" / "calls_bench")))
        from_node.append(call(node(arguments), NODE / "calls.mjs", package))
    names = ("recommend", "observe")

    def row(title, turns, suffix):
        return [title, *(f"{statistics.median(turn[name + suffix] for turn in turns):.2f}" for name in names)]

    rows = [
        row("C++", from_cxx, "_us"),
        row("Node, sync", from_node, "_us"),
        row("Node, promise", from_node, "_async_us"),
    ]
    measure.print_table(["microseconds a call", *names], rows)
    for name, limit in (("recommend", 5), ("observe", 2)):
        pairs = zip(from_node, from_cxx, strict=True)
        more = statistics.median(by_node[f"{name}_us"] - by_cxx[f"{name}_us"] for by_node, by_cxx in pairs)
        measure.print_target(f"{name}Sync, more than C++", more, limit, " microseconds")
    print(flush=True)


# --- tutorial -------------------------------------------------------------------------------------


def rmse(test, predicted):
    """Of a file of predictions, or nothing where there is none."""
    if not predicted.is_file():
        return None
    known = check_metrics.read_ratings(test)
    errors = []
    for user, items in check_metrics.read_ratings(predicted).items():
        errors += [rating - known[user][item] for item, rating in items.items()]
    if len(errors) != sum(map(len, known.values())):
        raise measure.Failed(f"{predicted}: {len(errors)} predictions")
    return math.sqrt(math.fsum(error * error for error in errors) / len(errors))


def ndcg(data, path):
    """Mean over the users with something relevant, or nothing where there are no such lists."""
    if not path.is_file():
        return None
    train = check_metrics.read_ratings(data / "ua.base")
    lists = check_metrics.read_lists(path)
    check_metrics.check_lists(train, lists, K)
    test = check_metrics.read_ratings(data / "ua.test")
    relevant_of = {
        user: {item for item, rating in items.items() if rating >= RELEVANT_FROM}
        for user, items in test.items()
    }
    return statistics.mean(
        check_metrics.judge(lists.get(user, []), relevant, K)["ndcg"]
        for user, relevant in relevant_of.items()
        if relevant
    )


def judged(arguments, data, command, *more):
    """{figure: value} of a program that writes ratings and lists: command TRAIN TEST OUT K more."""
    with tempfile.TemporaryDirectory(prefix="coseno-node-") as folder:
        out = pathlib.Path(folder) / "out"
        files = [data / "ua.base", data / "ua.test", out, K]
        told = measure.run(*command, *files, *more, threads=arguments.threads).json()
        return told | {
            "rmse": rmse(data / "ua.test", out.with_suffix(".ratings")),
            "ndcg": ndcg(data, out.with_suffix(".score")),
            "ndcg_cosine": ndcg(data, out.with_suffix(".cosine")),
        }


def tensorflow(arguments, data):
    """Nothing where its packages cannot be had, or it failed."""
    try:
        modules = measure.node_modules_of_rivals()
        script = measure.RIVALS / "tensorflow_ratings.mjs"
        return judged(arguments, data, [node(arguments), script, modules])
    except measure.Failed as failed:
        print(f"no {TENSORFLOW}: {failed}", file=sys.stderr)
        return None


def number(value, digits):
    return None if value is None else f"{value:.{digits}f}"


def print_tutorial(arguments, data, package):
    def coseno(model, settings):
        command = [node(arguments), NODE / "ratings.mjs", package]
        return judged(arguments, data, command, model, settings)

    measured = {
        TENSORFLOW: tensorflow(arguments, data),
        "coseno biased_mf": coseno("biased_mf", "{}"),
        "coseno biased_mf, rounds=8": coseno("biased_mf", '{"rounds": 8}'),
        "coseno item_knn": coseno("item_knn", "{}"),
        "coseno popularity": coseno("popularity", "{}"),
    }
    rows = [
        [
            name,
            number(told["rmse"], 4),
            number(told["ndcg"], 4),
            number(told["ndcg_cosine"], 4),
            number(told["fit_s"], 4),
            number(told["visible_s"], 6),
        ]
        for name, told in measured.items()
        if told
    ]
    columns = ["", "RMSE", f"NDCG@{K}", f"NDCG@{K}, cosine", "fit s", "new rating visible, s"]
    measure.print_table(columns, rows)
    rival = measured[TENSORFLOW]
    ours, lists = measured["coseno biased_mf"], measured["coseno item_knn"]
    measure.print_target("RMSE, biased_mf", ours["rmse"], 0.937)
    measure.print_target(f"NDCG@{K}, item_knn", lists["ndcg"], 0.081, at_least=True)
    measure.print_target(f"NDCG@{K} by cosine, biased_mf", ours["ndcg_cosine"], 0.038, at_least=True)
    if rival is None:
        return
    for name, told in measured.items():
        if name.startswith("coseno") and name != "coseno popularity":
            sooner = rival["fit_s"] / told["fit_s"]
            measure.print_target(f"fit, {name}", sooner, 100, " times faster", at_least=True)
            sooner = rival["visible_s"] / told["visible_s"]
            measure.print_target(f"new rating, {name}", sooner, 1000, " times sooner", at_least=True)


def main():
    arguments = measure.parser(__doc__).parse_args()
    data = measure.movielens_100k()
    package = arguments.build / "bindings" / "node" / "package"
    measure.built(package / "lib" / "index.js")
    measure.print_environment(arguments)
    with tempfile.TemporaryDirectory(prefix="coseno-node-") as name:
        print_calls(arguments, data, package, pathlib.Path(name))
    print_tutorial(arguments, data, package)
    return 0


if __name__ == "__main__":
    sys.exit(main())
