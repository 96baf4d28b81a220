"""myFM (PyPI myfm) as a rival: myfm_ratings.py FEATURES TRAIN TEST OUT [ITEMS USERS].

A Bayesian factorisation machine by Gibbs sampling, of rank 10. Its features, each a group:

    ids         user, item
    implicit    and all items that the user rated, all users who rated the item

With ITEMS (u.item) and USERS (u.user) their properties too. Its authors' example for MovieLens 100K
(examples/ml-100k-regression.py) is `implicit` with the day of the rating, which nobody else here is
told. Features stand in relation blocks, its quick way.
"""

import sys

import numpy as np
from myfm import MyFMRegressor, RelationBlock
from ratings_file import answer, read_ratings
from scipy import sparse

RANK = 10
SEED = 1
N_ITERATIONS = 200


class Features:
    """One group: the values of each row become columns that hold 1 / sqrt(values of the row)."""

    def __init__(self, values_of):
        self.values_of = values_of  # {id: [value, ...]}
        values = sorted({value for values in values_of.values() for value in values})
        self.column = {value: i for i, value in enumerate(values)}

    def rows(self, ids):
        rows, columns, data = [], [], []
        for row, one in enumerate(ids):
            known = self.values_of.get(one, [])
            rows += [row] * len(known)
            columns += [self.column[value] for value in known]
            data += [max(len(known), 1) ** -0.5] * len(known)
        return sparse.csr_matrix((data, (rows, columns)), shape=(len(ids), len(self.column)))


def item_properties(path):
    """Groups for genres and year of release; u.item is "id|title|date|..|url|19 genres"."""
    genres, years = {}, {}
    with open(path, encoding="latin-1") as file:
        for line in file:
            fields = line.rstrip("\n").split("|")
            genres[fields[0]] = [i for i, flag in enumerate(fields[5:]) if flag == "1"]
            years[fields[0]] = [fields[2][-4:]]
    return [genres, years]


def user_properties(path):
    """Groups for age in steps of 5, gender, occupation, first of the zip code; u.user has them."""
    ages, genders, occupations, zips = {}, {}, {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            user, age, gender, occupation, zip_code = line.rstrip("\n").split("|")
            ages[user] = [int(age) // 5]
            genders[user] = [gender]
            occupations[user] = [occupation]
            zips[user] = [zip_code[0]]
    return [ages, genders, occupations, zips]


def groups(train, side, is_implicit, properties):
    """The groups of users (side 0) or items (side 1): who they are, whom they met, properties."""
    selves, met = {}, {}
    for row in train:
        selves[row[side]] = [row[side]]
        met.setdefault(row[side], []).append(row[1 - side])
    chosen = [selves, met] if is_implicit else [selves]
    return [Features(values) for values in chosen + properties]


def blocks(ratings, groups_of_side):
    """One for the users and one for the items of the ratings."""
    result = []
    for side, groups_here in enumerate(groups_of_side):
        ids, index = np.unique([row[side] for row in ratings], return_inverse=True)
        rows = [group.rows([str(one) for one in ids]) for group in groups_here]
        result.append(RelationBlock(index, sparse.hstack(rows, format="csr")))
    return result


def main():
    features, train_path, test_path, out = sys.argv[1:5]
    properties = [[], []]
    if len(sys.argv) > 5:
        properties = [user_properties(sys.argv[6]), item_properties(sys.argv[5])]
    train, test = read_ratings(train_path), read_ratings(test_path)
    is_implicit = features == "implicit"
    groups_of_side = [groups(train, side, is_implicit, properties[side]) for side in (0, 1)]
    sizes = [len(group.column) for groups_here in groups_of_side for group in groups_here]
    known, wanted = blocks(train, groups_of_side), blocks(test, groups_of_side)
    ratings = np.array([rating for _, _, rating in train])
    machine = MyFMRegressor(rank=RANK, random_seed=SEED)

    def fit():
        machine.fit(None, ratings, X_rel=known, group_shapes=sizes, n_iter=N_ITERATIONS)

    def predict():
        return np.clip(machine.predict(None, wanted), ratings.min(), ratings.max())

    answer(fit, predict, test, out)


main()
