"""Small data whose answers one can see, and larger data made by chance."""

import numpy as np
import scipy.sparse

# Tea people and coffee people. Each of the first six has left out one of their own kind.
TWO_TASTES = {
    "ann": {"green": 5, "black": 5, "latte": 1},
    "bob": {"green": 5, "white": 5, "mocha": 1},
    "cat": {"black": 5, "white": 5, "espresso": 1},
    "dan": {"latte": 5, "mocha": 5, "green": 1},
    "eve": {"latte": 5, "espresso": 5, "black": 1},
    "fay": {"mocha": 5, "espresso": 5, "white": 1},
    "gus": {"green": 5, "black": 5, "white": 5},
    "hal": {"latte": 5, "espresso": 5, "mocha": 5},
}

# Of models whose defaults are for real data.
FAST = {
    "BiasedMf": {"dim": 2, "rounds": 30, "draws": 5},
    "Ials": {"dim": 3, "unobserved": 1, "regularization": 0.2},
    "Blend": {"ials__dim": 3, "ials__unobserved": 1, "ials__regularization": 0.2},
    "Markov": {"recency": 5, "rating_weight": 0.5},
    "SessionKnn": {"recency": 5, "rating_weight": 0.5},
    "Auto": {"seconds": 0.5},
}


def two_groups(n_users=200, n_items=60, seed=1):
    """Acts of users who choose of one half of the items by far more often than of the other."""
    generator = np.random.default_rng(seed)
    group = generator.integers(0, 2, n_users)[:, None]
    likes = (np.arange(n_items)[None, :] >= n_items // 2) == (group == 1)
    chance = np.where(likes, 0.3, 0.02)
    return scipy.sparse.csr_matrix((generator.random((n_users, n_items)) < chance).astype(np.float32))
