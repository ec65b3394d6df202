"""What goes through a network made even, so that 8 bits lose less of it.

A few channels of what a layer is given are ten times as large as the rest, and one scale for
all of them leaves the rest few of its 256 steps.  Here such a channel is divided by a factor
and its weights are multiplied by the same: the product is what it was (Xiao et al.,
"SmoothQuant", 2023).  Factors come from the channels alone, so that layers which are given
the same go on sharing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional

_UNEVEN = 4.0  # how far above the middle one the largest must be to do anything
_ALLOWED = 2.0  # how far above it a channel may be and stay as it is
_MIGRATION = 0.5  # what of the rest goes over to the weights, which have but so many steps too
_STRONGEST = 8.0  # factor; texts to come may fill a channel that those seen hardly did


@contextmanager
def smoothed(network: nn.Module, calibrate: Callable[[], object]) -> Iterator[None]:
    """Have a network's linear layers smoothed for a while; it computes what it did.

    ``calibrate`` runs it on texts like those to come.
    """
    factors = _factors(_channel_maxima(network, calibrate))
    originals = {name: network.get_submodule(name) for name in factors}
    try:
        for name, linear in originals.items():
            network.set_submodule(name, _Smoothed(linear, factors[name]))
        yield
    finally:
        for name, linear in originals.items():
            network.set_submodule(name, linear)


class _Smoothed(nn.Module):
    """A linear layer that divides its channels by factors first."""

    scales: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, linear: Any, factors: torch.Tensor) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.register_buffer("scales", 1 / factors)
        self.register_buffer("weight", linear.weight.detach() * factors)
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach())

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - as nn.Linear has it
        return functional.linear(input * self.scales, self.weight, self.bias)


def _channel_maxima(
    network: nn.Module, calibrate: Callable[[], object]
) -> Mapping[str, torch.Tensor]:
    """Return the largest absolute values that went into each linear layer, by channel."""
    maxima: dict[str, torch.Tensor] = {}

    def hook(name: str, given: torch.Tensor) -> None:
        if given.numel():
            seen = given.detach().abs().reshape(-1, given.shape[-1]).amax(0)
            maxima[name] = torch.maximum(seen, maxima[name]) if name in maxima else seen

    hooks = [
        layer.register_forward_pre_hook(
            lambda _, args, named, name=name: hook(name, args[0] if args else named["input"]),
            with_kwargs=True,
        )
        for name, layer in network.named_modules()
        if type(layer) is nn.Linear  # a subclass may compute anything
    ]
    try:
        calibrate()
    finally:
        for held in hooks:
            held.remove()
    return maxima


def _factors(maxima: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return what to divide the channels of each layer by that is given uneven values."""
    factors = {}
    for name, found in maxima.items():
        beyond = found / found[found > 0].median()  # nan where there is none
        if beyond.max() >= _UNEVEN:
            factors[name] = ((beyond / _ALLOWED).clamp(min=1) ** _MIGRATION).clamp(max=_STRONGEST)
    return factors
