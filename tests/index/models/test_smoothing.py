"""Smoothed networks: they compute what they did, and lose less of it in 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from index.models.network import Network, Row
from index.models.recipe import Precision
from index.models.torch.compile import (
    Judged,
    compile_smallest,
    export,
    to_int8,
)
from index.models.torch.smoothing import smoothed

pytestmark = pytest.mark.slow

LOUD = 3  # the channel that is far larger than the rest


class Net(nn.Module):
    """As in a transformer one channel may come out of the norm far louder than the rest."""

    def __init__(self, loudness: float) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.words = nn.Embedding(60, 32)
        self.norm = nn.LayerNorm(32)
        self.first = nn.Linear(32, 48)
        self.last = nn.Linear(48, 16)
        with torch.no_grad():
            self.norm.weight[LOUD] *= loudness
            self.first.weight[:, LOUD] /= loudness

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        inner = torch.nn.functional.gelu(self.first(self.norm(self.words(given[0]))))
        result: torch.Tensor = self.last(inner).sum(dim=1)
        return result


IDS = torch.arange(60).reshape(4, 15)


def used(net: Net) -> Callable[[], object]:
    return lambda: net(IDS)


def test_a_smoothed_network_computes_what_it_did_and_is_whole_again_afterwards() -> None:
    net = Net(loudness=40)
    first, before = net.first, net(IDS).detach()
    with smoothed(net, used(net)):
        assert net.first is not first
        assert torch.allclose(net(IDS), before, rtol=1e-4, atol=1e-4)
    assert net.first is first
    assert torch.equal(net(IDS), before)


def test_even_layers_are_left_alone() -> None:
    net = Net(loudness=1)
    first = net.first
    with smoothed(net, used(net)):
        assert net.first is first


class Odd(Net):
    """A layer that is called by keyword, one that is given nothing, and one of another kind."""

    def __init__(self) -> None:
        super().__init__(loudness=40)
        self.idle = nn.Linear(32, 4)
        self.thrice = Thrice(32, 48)

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        words = self.norm(self.words(given[0]))
        result: torch.Tensor = self.last(self.first(input=words) + self.thrice(words)).sum(dim=1)
        return result + self.idle(words[:0, :0]).sum()


class Thrice(nn.Linear):
    """Three times what a linear layer computes."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - as nn.Linear has it
        return 3 * super().forward(input)


def test_layers_that_are_used_oddly_compute_what_they_did() -> None:
    net = Odd()
    first, thrice, before = net.first, net.thrice, net(IDS).detach()
    with smoothed(net, used(net)):
        assert net.first is not first
        assert net.thrice is thrice
        assert torch.allclose(net(IDS), before, rtol=1e-4, atol=1e-3)


class Borrowed(Net):
    """A network that uses a layer's weights past the layer too, so it can't be smoothed."""

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        words = self.norm(self.words(given[0]))
        inner = self.first(words) + torch.nn.functional.linear(words, self.first.weight)
        result: torch.Tensor = self.last(torch.nn.functional.gelu(inner)).sum(dim=1)
        return result


def test_a_network_that_cant_be_smoothed_is_compiled_without(tmp_path: Path) -> None:
    net = Borrowed(loudness=40)
    right = net(IDS).detach().numpy()
    seen = []

    def judge(precision: Precision) -> Judged:
        network = Network(tmp_path / "model.onnx")
        rows = [Row(ids.tolist(), [0] * len(ids)) for ids in IDS]
        off = np.abs(np.stack([out[0] for out in network.run(rows)]) - right).max()
        seen.append(precision)
        return Judged(bool(off < 2), {"precision": precision}, f"off by {off}")

    facts = compile_smallest(net, ["input_ids"], ["sums"], tmp_path, "int8", used(net), judge)
    assert facts == {"precision": "int8"}
    assert seen == ["int8", "int8"]
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_network_is_whole_again_where_its_export_fails() -> None:
    net = Net(loudness=40)
    first = net.first
    with pytest.raises(OSError, match="full"), smoothed(net, used(net)):
        raise OSError("full")
    assert net.first is first


@pytest.mark.parametrize("loudness", [10, 40])
def test_less_is_lost_in_8_bits(tmp_path: Path, loudness: float) -> None:
    net = Net(loudness)
    right = net(IDS).detach().numpy()
    off = {}
    for name, state in (("plain", nullcontext()), ("smoothed", smoothed(net, used(net)))):
        with state:
            export(net, ["input_ids"], ["sums"], tmp_path / "float32.onnx")
        to_int8(tmp_path / "float32.onnx", tmp_path / f"{name}.onnx")
        network = Network(tmp_path / f"{name}.onnx")
        rows = [Row(ids.tolist(), [0] * len(ids)) for ids in IDS]
        off[name] = np.abs(np.stack([out[0] for out in network.run(rows)]) - right).mean()
    assert off["smoothed"] < off["plain"] / 1.5
