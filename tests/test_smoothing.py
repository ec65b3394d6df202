"""Smoothed networks: they compute what they did, and lose less of it in 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from index.compile import export, to_int8
from index.network import Network, Row
from index.smoothing import smoothed

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
