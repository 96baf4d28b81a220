"""EASE (Steck 2019) as a rival, in NumPy: ease_lists.py TRAIN USERS OUT K L2.

The matrix of items by items is inverted where it stands, a panel after the other: numpy.linalg.inv
would need three of them, 20 GB for 41,000 items. Prints {"fit_s", "latency_p50_s",
"latency_p99_s"}.
"""

import json
import sys
import time

import numpy as np
import scipy.sparse
from implicit_lists import HISTORY, N_TIMED, matrix_of, read_lists

PANEL = 1024
ROWS = 4096  # of the product that is in memory at once


def invert(a):
    """Gauss-Jordan by panels, in place; `a` symmetric and positive definite."""
    n = len(a)
    for begin in range(0, n, PANEL):
        panel = slice(begin, min(begin + PANEL, n))
        pivot = np.linalg.inv(a[panel, panel])
        rows = pivot @ a[panel]
        columns = a[:, panel].copy()
        columns[panel] = 0
        for top in range(0, n, ROWS):
            part = slice(top, top + ROWS)
            a[part] -= columns[part] @ rows
        a[:, panel] = -columns @ pivot
        a[panel] = rows
        a[panel, panel] = pivot


def weights_of(matrix, l2):
    b = np.zeros((matrix.shape[1], matrix.shape[1]), np.float32)
    transposed = matrix.T.tocsr()
    for top in range(0, len(b), ROWS):
        b[top : top + ROWS] = (transposed[top : top + ROWS] @ matrix).toarray()
    b[np.diag_indices_from(b)] += l2
    invert(b)
    b /= -np.diag(b)
    np.fill_diagonal(b, 0)
    return b


def main():
    train_path, users_path, out, k, l2 = sys.argv[1:]
    train = read_lists(train_path)
    ids = sorted({item for history in train.values() for item in history})
    items = {item: number for number, item in enumerate(ids)}
    matrix = matrix_of(list(train.values()), items)
    start = time.perf_counter()
    b = weights_of(matrix, float(l2))
    fit_s = time.perf_counter() - start

    def best(row, k):
        scores = b[row].sum(axis=0)
        scores[row] = -np.inf
        first = np.argpartition(-scores, k)[:k]
        return first[np.argsort(-scores[first])]

    users = [user for user in read_lists(users_path) if user in train]
    with open(out, "w", encoding="utf-8") as file:
        for user in users:
            row = [items[item] for item in train[user]]
            print(user, *(ids[number] for number in best(row, int(k))), file=file)
    seconds = []
    for history in [h[:HISTORY] for h in train.values() if len(h) >= HISTORY][:N_TIMED]:
        row = [items[item] for item in history]
        start = time.perf_counter()
        best(row, 10)
        seconds.append(time.perf_counter() - start)
    p50, p99 = np.quantile(seconds or [0], [0.5, 0.99])
    print(json.dumps({"fit_s": fit_s, "latency_p50_s": p50, "latency_p99_s": p99}))


if __name__ == "__main__":
    main()
