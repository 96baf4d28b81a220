#!/usr/bin/env python3
"""Vectors that NumPy trained, served live by coseno.

    publish_numpy.py RATINGS.csv DATA_DIR [COSENO]

RATINGS.csv has the columns user and item. The vectors are those of a truncated singular value
decomposition of who has had what; any other training that ends in vectors goes the same way. COSENO
is the program, "coseno" where it is not given.
"""

import csv
import json
import subprocess
import sys

import numpy
from safetensors.numpy import save_file

DIM = 16


def read(path):
    """Ids of users and items, and a matrix with 1 where a user has had an item."""
    with open(path, newline="", encoding="utf-8") as file:
        pairs = [(row["user"], row["item"]) for row in csv.DictReader(file)]
    users = sorted({user for user, _ in pairs})
    items = sorted({item for _, item in pairs})
    row_of = {user: row for row, user in enumerate(users)}
    column_of = {item: column for column, item in enumerate(items)}
    matrix = numpy.zeros((len(users), len(items)), dtype=numpy.float32)
    for user, item in pairs:
        matrix[row_of[user], column_of[item]] = 1
    return users, items, matrix


def train(matrix):
    """Vectors of users and items whose inner products come near the matrix."""
    left, lengths, right = numpy.linalg.svd(matrix, full_matrices=False)
    half = numpy.sqrt(lengths[:DIM])
    return left[:, :DIM] * half, right[:DIM].T * half


def main():
    ratings, data_dir, coseno = (*sys.argv[1:], "coseno")[:3]
    users, items, matrix = read(ratings)
    user_vectors, item_vectors = train(matrix)
    save_file(
        {
            "item_vectors": numpy.ascontiguousarray(item_vectors, dtype=numpy.float32),
            "user_vectors": numpy.ascontiguousarray(user_vectors, dtype=numpy.float32),
        },
        "vectors.safetensors",
        metadata={"item_ids": json.dumps(items), "user_ids": json.dumps(users)},
    )
    subprocess.run([coseno, "import", data_dir, ratings], check=True)
    subprocess.run(
        [coseno, "publish", data_dir, "vectors.safetensors", "--name", "numpy_svd"], check=True
    )


if __name__ == "__main__":
    sys.exit(__doc__) if len(sys.argv) not in (3, 4) else main()
