"""What goes through a network made even, so that 8 bits lose less of it.

A few channels of what a layer is given are ten times as large as the rest, and one scale for
all of them leaves the rest few of its 256 steps.  Here such a channel is divided by a factor
and its weights are multiplied by the same: the product is what it was (Xiao et al.,
"SmoothQuant", 2023).  Factors come from the channels' peaks alone, so that layers which are
given the same go on sharing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional

_UNEVEN = 4.0  # how far above the middle one the highest peak must be to do anything
_ALLOWED = 2.0  # how far above it a peak may be and stay as it is
_POWER = 0.5  # what of the rest is taken from the channel; weights have but so many steps too


@contextmanager
def smoothed(network: nn.Module, use: Callable[[], object]) -> Iterator[None]:
    """Have a network's linear layers smoothed for a while; it computes what it did.

    ``use`` runs it on texts like those to come.
    """
    originals = {}
    for name, factors in _factors(_peaks(network, use)).items():
        originals[name] = network.get_submodule(name)
        network.set_submodule(name, _Smoothed(originals[name], factors))
    try:
        yield
    finally:
        for name, linear in originals.items():
            network.set_submodule(name, linear)


class _Smoothed(nn.Module):
    """A linear layer that divides its channels by factors first."""

    shares: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, linear: Any, factors: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("shares", 1 / factors)
        self.register_buffer("weight", linear.weight.detach() * factors)
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach())

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return functional.linear(given * self.shares, self.weight, self.bias)


def _peaks(network: nn.Module, use: Callable[[], object]) -> Mapping[str, torch.Tensor]:
    """Return the largest values that went into each linear layer, channel by channel."""
    peaks: dict[str, torch.Tensor] = {}

    def look(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        def hook(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            seen = given[0].detach().abs().reshape(-1, given[0].shape[-1]).amax(0)
            peaks[name] = torch.maximum(seen, peaks[name]) if name in peaks else seen

        return hook

    hooks = [
        layer.register_forward_pre_hook(look(name))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear)
    ]
    try:
        use()
    finally:
        for hook in hooks:
            hook.remove()
    return peaks


def _factors(peaks: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return what to divide the channels of each layer by that is given uneven values."""
    factors = {}
    for name, found in peaks.items():
        beyond = found / found.median().clamp(min=1e-6)
        if beyond.max() >= _UNEVEN:
            factors[name] = (beyond / _ALLOWED).clamp(min=1) ** _POWER
    return factors
