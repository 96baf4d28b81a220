#!/usr/bin/env python3
"""A transformer that PyTorch trained, served by coseno without PyTorch.

    sasrec_pytorch.py ACTS MODEL_FILE

ACTS has a line a user, "user item item ...", oldest first. The network below has the tensors that
docs/formats.md names ("sasrec from elsewhere"). Then

    coseno recommend MODEL_FILE ... or: coseno fit ACTS --model sasrec --set file=MODEL_FILE --out OUT
"""

import json
import math
import sys

DIM, LENGTH, HEADS, HIDDEN, BLOCKS, TEMPERATURE = 32, 20, 2, 64, 1, 0.1


def read(path):
    """Histories as lists of numbers of items, and the ids of the items."""
    numbers = {}
    with open(path, encoding="utf-8") as file:
        histories = [
            [numbers.setdefault(item, len(numbers)) for item in line.split()[1:]] for line in file
        ]
    return histories, list(numbers)


def save(state, item_ids, path):
    """`state`: arrays of NumPy by name, as those of a state_dict of the network below."""
    from safetensors.numpy import save_file

    save_file(
        {f"sasrec.{name}": array.astype("float32") for name, array in state.items()},
        path,
        metadata={"item_ids": json.dumps(item_ids), "sasrec.temperature": str(TEMPERATURE)},
    )


def network(n_items):
    """A torch.nn.Module from a batch of rows of items to scores of all items at every position."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention_norm = nn.LayerNorm(DIM)
            self.attention = nn.MultiheadAttention(DIM, HEADS, batch_first=True)
            self.distance_bias = nn.Parameter(torch.zeros(HEADS, LENGTH))
            self.feed_forward_norm = nn.LayerNorm(DIM)
            self.feed_forward = nn.Sequential(
                nn.Linear(DIM, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM)
            )

        def forward(self, x):
            n_rows, n = x.shape[:2]
            distance = torch.arange(n)[:, None] - torch.arange(n)[None, :]
            is_seen = (distance >= 0) & (distance < LENGTH)
            bias = self.distance_bias[:, distance.clamp(0, LENGTH - 1)]
            mask = bias.masked_fill(~is_seen, -math.inf).repeat(n_rows, 1, 1)
            normal = self.attention_norm(x)
            x = x + self.attention(normal, normal, normal, attn_mask=mask, need_weights=False)[0]
            return x + self.feed_forward(self.feed_forward_norm(x))

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.item_embedding = nn.Embedding(n_items, DIM)
            self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
            self.norm = nn.LayerNorm(DIM)

        def forward(self, items):
            embeddings = functional.normalize(self.item_embedding.weight, dim=1)
            x = embeddings[items] * math.sqrt(DIM)
            for block in self.blocks:
                x = block(x)
            return functional.normalize(self.norm(x), dim=2) @ embeddings.T / TEMPERATURE

    return Network()


def train(histories, n_items, epochs=30):
    """The state of a network that tells, at every position, which item comes next."""
    import torch

    torch.manual_seed(1)
    model = network(n_items)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(epochs):
        for history in histories:
            window = torch.tensor(history[-LENGTH - 1 :])
            if len(window) < 2:
                continue
            scores = model(window[None, :-1])[0]
            loss = torch.nn.functional.cross_entropy(scores, window[1:])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def main():
    histories, item_ids = read(sys.argv[1])
    save(train(histories, len(item_ids)), item_ids, sys.argv[2])


if __name__ == "__main__":
    sys.exit(__doc__) if len(sys.argv) != 3 else main()
