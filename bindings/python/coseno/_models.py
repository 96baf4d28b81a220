"""The models, one a class. Written by generators/models.py from what the library says of them."""

from __future__ import annotations

from typing import Any, Literal

from ._recommender import PartsRecommender, Recommender


class Popularity(Recommender):
    """What most users have, for everybody: the yardstick.

    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "popularity"
    _defaults = {
    }

    def __init__(
        self,
        *,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.seed = seed
        self.n_threads = n_threads


class ItemKnn(Recommender):
    """Items that the users of your items have too.

    neighbours: how many items at most speak for an item (1..10000)
    shrink: users: how far similarities that few users tell of are drawn to 0 (0..1000)
    popularity: exponent: 0.5 is the cosine, above it popular items come sooner; unused by jaccard
        and dice (0..1)
    user_length: exponent: 0 lets all users count alike, above it those with many items count less;
        unused by tfidf and bm25 (0..1)
    rating_weight: how much a rating of one deviation above the user's mean adds to the weight 1
        (0..10)
    similarity: what makes items alike (cosine, jaccard, dice, tfidf or bm25)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "item_knn"
    _defaults = {
        "neighbours": 80,
        "shrink": 2.0,
        "popularity": 0.8,
        "user_length": 0.4,
        "rating_weight": 0.35,
        "similarity": "cosine",
    }

    def __init__(
        self,
        *,
        neighbours: int = 80,
        shrink: float = 2.0,
        popularity: float = 0.8,
        user_length: float = 0.4,
        rating_weight: float = 0.35,
        similarity: Literal["cosine", "jaccard", "dice", "tfidf", "bm25"] = "cosine",
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.shrink = shrink
        self.popularity = popularity
        self.user_length = user_length
        self.rating_weight = rating_weight
        self.similarity = similarity
        self.seed = seed
        self.n_threads = n_threads


class Rp3Beta(Recommender):
    """Items that a random walk from your items comes to.

    neighbours: how many items at most an item speaks for, and speak for an item (1..10000)
    alpha: exponent: 0 lets all users count alike, above it those with many items count less (0..2)
    beta: exponent: how far popular items are held back; 0: not at all (0..2)
    amplification: exponent: above 1 the nearest of the neighbours say more (0.1..10)
    rating_weight: how much a rating of one deviation above the user's mean adds to the weight 1
        (0..10)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "rp3beta"
    _defaults = {
        "neighbours": 100,
        "alpha": 0.45,
        "beta": 0.3,
        "amplification": 1.5,
        "rating_weight": 0.35,
    }

    def __init__(
        self,
        *,
        neighbours: int = 100,
        alpha: float = 0.45,
        beta: float = 0.3,
        amplification: float = 1.5,
        rating_weight: float = 0.35,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.alpha = alpha
        self.beta = beta
        self.amplification = amplification
        self.rating_weight = rating_weight
        self.seed = seed
        self.n_threads = n_threads


class Ease(Recommender):
    """Each item as a weighted sum of all others.

    l2: acts: how far all weights are drawn to 0 (0.01..1000000)
    dropout: share of acts to do without: the weights of popular items are drawn to 0 more (0..0.99)
    user_length: exponent: 0 lets all users count alike, above it those with many items count less
        (0..1)
    popularity: exponent: above 0 popular items speak louder and come later themselves (-1..1)
    rating_weight: how much a rating of one deviation above the user's mean adds to the weight 1
        (0..10)
    neighbours: how many items speak for an item: the mean (dense solver) or the most (sparse)
        (1..10000)
    solver: all weights at once, or each item's neighbours alone; auto goes by memory_gb (auto,
        dense or sparse)
    memory_gb: what the dense solver may take for auto to choose it, 2 n_items^2 bytes (0..1000000)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "ease"
    _defaults = {
        "l2": 20.0,
        "dropout": 0.5,
        "user_length": 0.3,
        "popularity": 0.0,
        "rating_weight": 0.35,
        "neighbours": 200,
        "solver": "auto",
        "memory_gb": 0.5,
    }

    def __init__(
        self,
        *,
        l2: float = 20.0,
        dropout: float = 0.5,
        user_length: float = 0.3,
        popularity: float = 0.0,
        rating_weight: float = 0.35,
        neighbours: int = 200,
        solver: Literal["auto", "dense", "sparse"] = "auto",
        memory_gb: float = 0.5,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.l2 = l2
        self.dropout = dropout
        self.user_length = user_length
        self.popularity = popularity
        self.rating_weight = rating_weight
        self.neighbours = neighbours
        self.solver = solver
        self.memory_gb = memory_gb
        self.seed = seed
        self.n_threads = n_threads


class Ials(Recommender):
    """Factors of users and items from what was chosen.

    dim: numbers in a vector (1..2048)
    rounds: how often all users and all items are fitted to the other side (1..10000)
    unobserved: weight of all that was not chosen, where all acts together weigh 1 (0..1000000)
    regularization: acts: how far vectors are drawn to 0, the mean over users, and over items
        (1e-06..1000000)
    item_exponent: 0 lets all items count alike, above it those of many users count less (0..1)
    user_exponent: 0 lets all users count alike, above it those of many items count less (0..1)
    rating_weight: how much a rating of one deviation above the user's mean adds to the weight 1
        (0..10)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "ials"
    _defaults = {
        "dim": 128,
        "rounds": 10,
        "unobserved": 80.0,
        "regularization": 4.0,
        "item_exponent": 0.5,
        "user_exponent": 0.5,
        "rating_weight": 0.35,
    }

    def __init__(
        self,
        *,
        dim: int = 128,
        rounds: int = 10,
        unobserved: float = 80.0,
        regularization: float = 4.0,
        item_exponent: float = 0.5,
        user_exponent: float = 0.5,
        rating_weight: float = 0.35,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.rounds = rounds
        self.unobserved = unobserved
        self.regularization = regularization
        self.item_exponent = item_exponent
        self.user_exponent = user_exponent
        self.rating_weight = rating_weight
        self.seed = seed
        self.n_threads = n_threads


class BiasedMf(Recommender):
    """Expected ratings by factors of users and items.

    dim: length of a vector; with the bias a multiple of 16 is fastest (15, 31) (1..255)
    rounds: rounds of Gibbs sampling, of which the first 30% are thrown away; 8 is the quick way
        (1..100000)
    draws: draws kept: each is another vector an item, in memory and on disk (1..1000)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "biased_mf"
    _defaults = {
        "dim": 15,
        "rounds": 120,
        "draws": 32,
    }

    def __init__(
        self,
        *,
        dim: int = 15,
        rounds: int = 120,
        draws: int = 32,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.rounds = rounds
        self.draws = draws
        self.seed = seed
        self.n_threads = n_threads


class Markov(Recommender):
    """Items that come after those you had last.

    neighbours: how many items at most an item speaks for (1..10000)
    steps: how many acts later an item still follows another (1..1000)
    recency: items of the history after which one counts 1/e (0.1..1000)
    backward: how much what came before an item counts, against what came after it (0..1)
    item_acts: exponent: 0 lets items that many have say more, 1 lets all say as much (0..1)
    repeat: how much an item speaks for itself, against how many acts it has; matters where seen
        items may be listed (0..10)
    session_gap_hours: pause that ends a session; 0: a user's history is one (0..100000)
    rating_weight: how much a rating of one deviation above the user's mean adds to the weight 1
        (0..10)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "markov"
    _defaults = {
        "neighbours": 100,
        "steps": 10,
        "recency": 1.0,
        "backward": 0.4,
        "item_acts": 0.7,
        "repeat": 1.5,
        "session_gap_hours": 0.0,
        "rating_weight": 0.1,
    }

    def __init__(
        self,
        *,
        neighbours: int = 100,
        steps: int = 10,
        recency: float = 1.0,
        backward: float = 0.4,
        item_acts: float = 0.7,
        repeat: float = 1.5,
        session_gap_hours: float = 0.0,
        rating_weight: float = 0.1,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.steps = steps
        self.recency = recency
        self.backward = backward
        self.item_acts = item_acts
        self.repeat = repeat
        self.session_gap_hours = session_gap_hours
        self.rating_weight = rating_weight
        self.seed = seed
        self.n_threads = n_threads


class SessionKnn(Recommender):
    """What sessions like yours went on with.

    neighbours: how many sessions at most speak (1..10000)
    sample: how many of the newest sessions that share an item they are chosen from (1..100000)
    weighting: how items of the history count less the longer ago they were (stan or vsknn)
    recency: items of the history after which one counts 1/e; unused by vsknn (0.1..1000)
    position: items between what a neighbour shares and what it recommends after which that counts
        1/e; 0: all its items count alike (0..1000)
    half_life_days: days after which a session counts half; 0: never less (0..10000)
    session_length: exponent: 0 lets all sessions count alike, above it long ones count less (0..1)
    idf: how much more an item counts that few sessions have (0..10)
    session_gap_hours: pause that ends a session; 0: a user's history is one (0..100000)
    rating_weight: how much a rating of one deviation above the user's mean adds to the weight 1
        (0..10)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "session_knn"
    _defaults = {
        "neighbours": 500,
        "sample": 1000,
        "weighting": "stan",
        "recency": 1.0,
        "position": 4.0,
        "half_life_days": 0.0,
        "session_length": 0.2,
        "idf": 1.5,
        "session_gap_hours": 0.0,
        "rating_weight": 0.1,
    }

    def __init__(
        self,
        *,
        neighbours: int = 500,
        sample: int = 1000,
        weighting: Literal["stan", "vsknn"] = "stan",
        recency: float = 1.0,
        position: float = 4.0,
        half_life_days: float = 0.0,
        session_length: float = 0.2,
        idf: float = 1.5,
        session_gap_hours: float = 0.0,
        rating_weight: float = 0.1,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.sample = sample
        self.weighting = weighting
        self.recency = recency
        self.position = position
        self.half_life_days = half_life_days
        self.session_length = session_length
        self.idf = idf
        self.session_gap_hours = session_gap_hours
        self.rating_weight = rating_weight
        self.seed = seed
        self.n_threads = n_threads


class Content(Recommender):
    """Items with the properties of those you liked.

    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "content"
    _defaults = {
    }

    def __init__(
        self,
        *,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.seed = seed
        self.n_threads = n_threads


class Sasrec(Recommender):
    """What comes next in a history, by a transformer trained apart.

    dim: numbers of a vector; a multiple of heads (1..512)
    length: newest events that a position sees, itself among them (1..1000)
    blocks: layers of attention and feed-forward network (1..8)
    heads: of the attention (1..16)
    hidden: width of the feed-forward network's inner layer (1..4096)
    gated: each layer is let through by a gate (LiGR) (true or false)
    intervals: the time between two events, and not only how many are between, says how much the
        earlier counts; of data with times (true or false)
    temperature: vectors have length 1, and scores are cosines divided by this; 0: vectors as they
        are (0..10)
    dropout: share of the network's numbers left out at each step (0..0.9)
    loss: softmax among the negatives, or calibrated binary cross-entropy (gSASRec) (softmax or
        gbce)
    negatives: items drawn for a step, against which what came next must stand; 0: all items
        (0..100000)
    calibration: gbce: t of the paper (0..1)
    learning_rate: of Adam at the beginning; falls along half a cosine (1e-06..1)
    batch: histories of a step (1..100000)
    epochs: times that all histories are gone through (1..100000)
    patience: epochs without a better NDCG@10 of the validation items after which it ends
        (1..100000)
    validation_users: users whose last item judges the epochs, and is not learnt; 0: the last epoch
        is taken (0..1000000000)
    threads: of the training; with more than one, runs differ in the last digits (1..256)
    checkpoint: a file to write when interrupted, and to go on from where it is there (text)
    file: a trained model to take instead of training one (text)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "sasrec"
    _defaults = {
        "dim": 128,
        "length": 50,
        "blocks": 1,
        "heads": 1,
        "hidden": 128,
        "gated": False,
        "intervals": False,
        "temperature": 0.05,
        "dropout": 0.4,
        "loss": "softmax",
        "negatives": 2048,
        "calibration": 0.75,
        "learning_rate": 0.001,
        "batch": 128,
        "epochs": 40,
        "patience": 10,
        "validation_users": 2000,
        "threads": 1,
        "checkpoint": "",
        "file": "",
    }

    def __init__(
        self,
        *,
        dim: int = 128,
        length: int = 50,
        blocks: int = 1,
        heads: int = 1,
        hidden: int = 128,
        gated: bool = False,
        intervals: bool = False,
        temperature: float = 0.05,
        dropout: float = 0.4,
        loss: Literal["softmax", "gbce"] = "softmax",
        negatives: int = 2048,
        calibration: float = 0.75,
        learning_rate: float = 0.001,
        batch: int = 128,
        epochs: int = 40,
        patience: int = 10,
        validation_users: int = 2000,
        threads: int = 1,
        checkpoint: str = "",
        file: str = "",
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.length = length
        self.blocks = blocks
        self.heads = heads
        self.hidden = hidden
        self.gated = gated
        self.intervals = intervals
        self.temperature = temperature
        self.dropout = dropout
        self.loss = loss
        self.negatives = negatives
        self.calibration = calibration
        self.learning_rate = learning_rate
        self.batch = batch
        self.epochs = epochs
        self.patience = patience
        self.validation_users = validation_users
        self.threads = threads
        self.checkpoint = checkpoint
        self.file = file
        self.seed = seed
        self.n_threads = n_threads


class Blend(PartsRecommender):
    """What several models say, weighed on held-out interactions.

    models: names, separated by commas; an option of one is set as ials.dim=64 (text)
    weights: how much each model counts: as held-out interactions tell, or all alike (fitted or
        equal)
    scale: scores are made comparable by their mean and deviation, or by ranks alone (deviation or
        rank)
    held_out: share of each user's interactions that the weights are fitted on (0.01..0.5)
    held_out_from: drawn from all of a history, or its end, which is how what comes next is judged
        (anywhere or end)
    max_users: how many users at most the weights are fitted on (1..1000000)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    An option of one of the models is named with two underscores: ials__dim=64
    """

    model_name = "blend"
    _defaults = {
        "models": "ease,item_knn,ials",
        "weights": "fitted",
        "scale": "deviation",
        "held_out": 0.1,
        "held_out_from": "anywhere",
        "max_users": 4000,
    }

    def __init__(
        self,
        *,
        models: str = "ease,item_knn,ials",
        weights: Literal["fitted", "equal"] = "fitted",
        scale: Literal["deviation", "rank"] = "deviation",
        held_out: float = 0.1,
        held_out_from: Literal["anywhere", "end"] = "anywhere",
        max_users: int = 4000,
        seed: int = 1,
        n_threads: int = 0,
        **options: Any,
    ) -> None:
        super().__init__()
        self.models = models
        self.weights = weights
        self.scale = scale
        self.held_out = held_out
        self.held_out_from = held_out_from
        self.max_users = max_users
        self.seed = seed
        self.n_threads = n_threads
        self._set_options(options)


class Auto(Recommender):
    """The best that tuning and blending find within some seconds.

    seconds: how long to look for the best model, its fit included; about (0..1000000)
    seed: of everything random; the same seed gives the same model
    n_threads: 0: one a core; the result does not depend on it
    """

    model_name = "auto"
    _defaults = {
        "seconds": 30.0,
    }

    def __init__(
        self,
        *,
        seconds: float = 30.0,
        seed: int = 1,
        n_threads: int = 0,
    ) -> None:
        super().__init__()
        self.seconds = seconds
        self.seed = seed
        self.n_threads = n_threads


__all__ = [
    "Auto",
    "BiasedMf",
    "Blend",
    "Content",
    "Ease",
    "Ials",
    "ItemKnn",
    "Markov",
    "Popularity",
    "Rp3Beta",
    "Sasrec",
    "SessionKnn",
]


BY_NAME: dict[str, type[Recommender]] = {
    "popularity": Popularity,
    "item_knn": ItemKnn,
    "rp3beta": Rp3Beta,
    "ease": Ease,
    "ials": Ials,
    "biased_mf": BiasedMf,
    "markov": Markov,
    "session_knn": SessionKnn,
    "content": Content,
    "sasrec": Sasrec,
    "blend": Blend,
    "auto": Auto,
}
