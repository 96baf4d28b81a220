#!/usr/bin/env python3
"""A sasrec by the documented names of tensors, as examples/sasrec_pytorch.py saves it, is served as NumPy computes it.

    sasrec_file_test.py PROGRAM EXAMPLE

Where there is PyTorch, its own forward pass is compared too, and a training of the example.
"""

import importlib.util
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
    import safetensors  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing} (./dev test installs tests/requirements.txt)")
    sys.exit(77)

EXAMPLE = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 2 else sys.exit(__doc__)
PROGRAM = os.path.abspath(sys.argv.pop())

specification = importlib.util.spec_from_file_location("example", EXAMPLE)
sys.dont_write_bytecode = True
example = importlib.util.module_from_spec(specification)
specification.loader.exec_module(example)

N_ITEMS = 40
HAS_TORCH = importlib.util.find_spec("torch") is not None


def shapes():
    d = example.DIM
    yield "item_embedding.weight", (N_ITEMS, d)
    for b in range(example.BLOCKS):
        block = f"blocks.{b}."
        yield from {
            block + "attention_norm.weight": (d,),
            block + "attention_norm.bias": (d,),
            block + "attention.in_proj_weight": (3 * d, d),
            block + "attention.in_proj_bias": (3 * d,),
            block + "attention.out_proj.weight": (d, d),
            block + "attention.out_proj.bias": (d,),
            block + "distance_bias": (example.HEADS, example.LENGTH),
            block + "feed_forward_norm.weight": (d,),
            block + "feed_forward_norm.bias": (d,),
            block + "feed_forward.0.weight": (example.HIDDEN, d),
            block + "feed_forward.0.bias": (example.HIDDEN,),
            block + "feed_forward.2.weight": (d, example.HIDDEN),
            block + "feed_forward.2.bias": (d,),
        }.items()
    yield "norm.weight", (d,)
    yield "norm.bias", (d,)


def normalised(state, name, x):
    centred = x - x.mean(-1, keepdims=True)
    deviation = numpy.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return centred / deviation * state[name + ".weight"] + state[name + ".bias"]


def unit(x):
    return x / numpy.linalg.norm(x, axis=-1, keepdims=True)


def scores(state, history):
    """Of all items after the history, by docs/algorithms.md, in double."""
    d, head = example.DIM, example.DIM // example.HEADS
    embeddings = unit(state["item_embedding.weight"])
    x = embeddings[history] * math.sqrt(d)
    for b in range(example.BLOCKS):
        block = f"blocks.{b}."
        projected = (
            normalised(state, block + "attention_norm", x) @ state[block + "attention.in_proj_weight"].T
            + state[block + "attention.in_proj_bias"]
        )
        seen = numpy.zeros_like(x)
        for t in range(len(history)):
            first = max(0, t - example.LENGTH + 1)
            for h in range(example.HEADS):
                part = slice(h * head, (h + 1) * head)
                query = projected[t, :d][part]
                keys = projected[first : t + 1, d : 2 * d][:, part]
                distance = t - numpy.arange(first, t + 1)
                logits = keys @ query / math.sqrt(head) + state[block + "distance_bias"][h, distance]
                share = numpy.exp(logits - logits.max())
                values = projected[first : t + 1, 2 * d :][:, part]
                seen[t, part] = share @ values / share.sum()
        x = x + seen @ state[block + "attention.out_proj.weight"].T + state[block + "attention.out_proj.bias"]
        hidden = (
            normalised(state, block + "feed_forward_norm", x) @ state[block + "feed_forward.0.weight"].T
            + state[block + "feed_forward.0.bias"]
        )
        x = (
            x
            + numpy.maximum(hidden, 0) @ state[block + "feed_forward.2.weight"].T
            + state[block + "feed_forward.2.bias"]
        )
    return unit(normalised(state, "norm", x[-1])) @ embeddings.T / example.TEMPERATURE


class SasrecFileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="coseno_sasrec_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        random = numpy.random.default_rng(1)
        self.histories = [random.permutation(N_ITEMS)[: 2 + n].tolist() for n in range(30)]
        self.ids = [f"i{item}" for item in range(N_ITEMS)]
        self.acts = self.folder / "acts.txt"
        self.acts.write_text(
            "\n".join(
                " ".join([f"u{user}", *(self.ids[item] for item in history)])
                for user, history in enumerate(self.histories)
            )
            + "\n"
        )

    def served(self, network):
        """Lists of all users, (id, score) each, with the network in that file."""
        model = self.folder / "model.safetensors"
        subprocess.run(
            [PROGRAM, "fit", self.acts, "--model", "sasrec", "--set", f"file={network}", "--out", model],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for user in range(len(self.histories)):
            done = subprocess.run(
                [PROGRAM, "recommend", model, "--user", f"u{user}", "-k", "10", "--json"],
                check=True,
                capture_output=True,
                text=True,
            )
            yield [(one["item"], one["score"]) for one in json.loads(done.stdout)["items"]]

    def assert_served(self, network, all_scores):
        for history, found in zip(self.histories, self.served(network), strict=True):
            wanted = all_scores(history)
            wanted[history] = -math.inf
            order = numpy.argsort(-wanted)[: len(found)]
            self.assertEqual([item for item, _ in found], [self.ids[item] for item in order])
            for (_, score), item in zip(found, order, strict=True):
                self.assertAlmostEqual(score, wanted[item], delta=1e-3)

    def test_served_as_the_documented_formulas_say(self):
        random = numpy.random.default_rng(2)
        state = {name: random.normal(0, 0.5, shape) for name, shape in shapes()}
        network = self.folder / "network.safetensors"
        example.save(state, self.ids, network)
        self.assert_served(network, lambda history: scores(state, history))

    @unittest.skipUnless(HAS_TORCH, "there is no PyTorch")
    def test_a_training_of_the_example_is_served_as_pytorch_computes_it(self):
        import torch

        network = self.folder / "network.safetensors"
        state = example.train(self.histories, N_ITEMS, epochs=2)
        example.save(state, self.ids, network)
        model = example.network(N_ITEMS)
        model.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
        model.eval()

        def forward(history):
            with torch.no_grad():
                return model(torch.tensor(history[-example.LENGTH :])[None])[0, -1].numpy().copy()

        self.assert_served(network, forward)

    def test_a_file_without_a_tensor_is_refused_by_its_name(self):
        state = {name: numpy.ones(shape) for name, shape in shapes() if name != "norm.bias"}
        network = self.folder / "network.safetensors"
        example.save(state, self.ids, network)
        done = subprocess.run(
            [PROGRAM, "fit", self.acts, "--model", "sasrec", "--set", f"file={network}",
             "--out", self.folder / "model.safetensors"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("sasrec.norm.bias", done.stderr)


if __name__ == "__main__":
    unittest.main()
