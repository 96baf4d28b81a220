"""FAISS (PyPI faiss-cpu), the flat index that looks at every vector: faiss_scan.py FOLDER DIM K.

OMP_NUM_THREADS says how many threads it may have. Prints what bench/scan.cc prints.
"""

import json
import sys
import time

import faiss
import numpy as np

N_WARM_UPS = 10


def main():
    folder, dim, k = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    queries = np.fromfile(f"{folder}/queries.f32", np.float32).reshape(-1, 1, dim)
    index = faiss.IndexFlatIP(dim)
    index.add(np.fromfile(f"{folder}/vectors.f32", np.float32).reshape(-1, dim))
    for query in queries[:N_WARM_UPS]:
        index.search(query, k)
    ms, lists = [], []
    for query in queries:
        start = time.perf_counter()
        _, rows = index.search(query, k)
        ms.append(1000 * (time.perf_counter() - start))
        lists.append(rows[0].tolist())
    print(json.dumps({"ms": ms, "bytes": index.code_size, "lists": lists}))


main()
