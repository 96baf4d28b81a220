"""Lists from one set of factors, by coseno and by implicit (PyPI implicit).

    python_lists.py coseno|implicit MODULE TRAIN FOLDER USERS DIM

MODULE is the folder of the module coseno; TRAIN a file of a user a line, or MovieLens's u.data.
coseno fits, and leaves matrix, factors and lists in FOLDER for implicit. Prints {"lists_s", "one_us"},
coseno also "overhead_us", implicit also "same": the share of lists that are coseno's, place by place,
where items whose scores are the same to a millionth may change places.
"""

import json
import os
import pathlib
import statistics
import sys
import time

import numpy as np
import scipy.sparse

K = 10
RUNS = 5
CALLS = 2000


def read_matrix(path):
    if path.name == "u.data":
        users, items = np.loadtxt(path, dtype=np.int64, usecols=(0, 1), unpack=True) - 1
    else:
        rows = [list(map(int, line.split())) for line in path.read_text().splitlines()]
        users = np.repeat([row[0] for row in rows], [len(row) - 1 for row in rows])
        items = np.concatenate([np.array(row[1:], np.int64) for row in rows])
    shape = (int(users.max()) + 1, int(items.max()) + 1)
    matrix = scipy.sparse.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape)
    matrix.data[:] = 1
    return matrix


def seconds_of(call):
    call()
    runs = []
    for _ in range(RUNS):
        start = time.perf_counter()
        found = call()
        runs.append(time.perf_counter() - start)
    return statistics.median(runs), found


def microseconds_a_call(call):
    call()
    runs = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        runs.append(time.perf_counter() - start)
    return 1e6 * statistics.median(runs)


def by_coseno(matrix, folder, users, dim):
    import coseno

    model = coseno.Ials(dim=dim).fit(matrix)
    lists_s, (ids, scores) = seconds_of(lambda: model.recommend(users, k=K))
    np.savez(
        folder / "lists.npz",
        ids=ids,
        scores=scores,
        user_factors=model.user_factors,
        item_factors=model.item_factors,
    )
    plain = coseno.Popularity().fit(np.ones((2, 10)))
    return {
        "lists_s": lists_s,
        "one_us": microseconds_a_call(lambda: model.recommend(7, k=K)),
        "overhead_us": microseconds_a_call(
            lambda: plain.recommend(0, k=K, filter_already_liked_items=False)
        ),
    }


def by_implicit(matrix, folder, users, dim):
    from implicit.cpu.als import AlternatingLeastSquares

    made = np.load(folder / "lists.npz")
    model = AlternatingLeastSquares(factors=dim, num_threads=int(os.environ["OMP_NUM_THREADS"]))
    model.user_factors = np.ascontiguousarray(made["user_factors"])
    model.item_factors = np.ascontiguousarray(made["item_factors"])
    rows = matrix[users]
    lists_s, (ids, scores) = seconds_of(lambda: model.recommend(users, rows, N=K))
    row = matrix[7]
    return {
        "lists_s": lists_s,
        "one_us": microseconds_a_call(lambda: model.recommend(7, row, N=K)),
        "same": same(ids, scores, made["ids"], made["scores"]),
    }


def same(ids, scores, expected_ids, expected_scores):
    """Where an item differs, its score must not."""
    near = np.isclose(scores, expected_scores, rtol=1e-6, atol=1e-6)
    return float(((ids == expected_ids) | near).all(axis=1).mean())


def main():
    who, module, train, folder, n_users, dim = sys.argv[1:]
    sys.path.insert(0, module)
    matrix = read_matrix(pathlib.Path(train))
    users = np.resize(np.arange(matrix.shape[0]), int(n_users))
    made = by_coseno if who == "coseno" else by_implicit
    print(json.dumps(made(matrix, pathlib.Path(folder), users, int(dim))))


if __name__ == "__main__":
    main()
