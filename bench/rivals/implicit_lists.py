"""implicit (PyPI implicit) as a rival: implicit_lists.py MODEL TRAIN USERS OUT K [NAME=VALUE ...].

MODEL is als, bm25, tfidf or cosine; TRAIN and USERS are lists of a user a line, of which USERS
names those to make lists for. OMP_NUM_THREADS says how many threads it may have. Prints
{"fit_s", "latency_p50_s", "latency_p99_s"}: latencies of users of 50 interactions, fold-in
included, as bench/serving.cc measures them.
"""

import json
import os
import sys
import time

import numpy as np
import scipy.sparse
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    TFIDFRecommender,
)

N_THREADS = int(os.environ["OMP_NUM_THREADS"])
HISTORY = 50
N_TIMED = 500
SEED = 1
NEIGHBOURS = {"bm25": BM25Recommender, "tfidf": TFIDFRecommender, "cosine": CosineRecommender}


def read_lists(path):
    with open(path, encoding="utf-8") as file:
        return {words[0]: words[1:] for words in map(str.split, file) if words}


def matrix_of(histories, items):
    columns = [items[item] for history in histories for item in history]
    begins = np.cumsum([0, *map(len, histories)])
    ones = np.ones(len(columns), np.float32)
    return scipy.sparse.csr_matrix((ones, columns, begins), (len(histories), len(items)))


def model_of(name, options):
    if name == "als":
        return AlternatingLeastSquares(random_state=SEED, num_threads=N_THREADS, **options)
    return NEIGHBOURS[name](num_threads=N_THREADS, **options)


def latencies(model, histories, items, k):
    seconds = []
    for history in [h[:HISTORY] for h in histories if len(h) >= HISTORY][:N_TIMED]:
        row = matrix_of([history], items)
        start = time.perf_counter()
        model.recommend(0, row, N=k, recalculate_user=True)
        seconds.append(time.perf_counter() - start)
    return seconds or [0]


def main():
    name, train_path, users_path, out, k = sys.argv[1:6]
    options = dict(word.split("=") for word in sys.argv[6:])
    options = {key: float(value) if "." in value else int(value) for key, value in options.items()}
    train = read_lists(train_path)
    ids = sorted({item for history in train.values() for item in history})
    items = {item: number for number, item in enumerate(ids)}
    matrix = matrix_of(list(train.values()), items)
    model = model_of(name, options)
    start = time.perf_counter()
    model.fit(matrix, show_progress=False)
    fit_s = time.perf_counter() - start

    rows = {user: row for row, user in enumerate(train)}
    users = [user for user in read_lists(users_path) if user in rows]
    numbers = np.array([rows[user] for user in users])
    best, _ = model.recommend(numbers, matrix[numbers], N=int(k), filter_already_liked_items=True)
    with open(out, "w", encoding="utf-8") as file:
        for user, row in zip(users, best):
            print(user, *(ids[number] for number in row if number >= 0), file=file)
    seconds = latencies(model, list(train.values()), items, 10)
    p50, p99 = np.quantile(seconds, [0.5, 0.99])
    print(json.dumps({"fit_s": fit_s, "latency_p50_s": p50, "latency_p99_s": p99}))


if __name__ == "__main__":
    main()
