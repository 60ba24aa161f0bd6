"""Muon: momentum, made orthogonal by five Newton-Schulz steps.

Source: K. Jordan et al., "Muon: an optimizer for hidden layers" (2024).
"""

from __future__ import annotations

import torch
from torch import Tensor


class Muon:
    """The optimizer of the blocks' matrices; those of one shape are handled as one batch."""

    COEFFICIENTS = (3.4445, -4.7750, 2.0315)

    def __init__(self, parameters: list[Tensor], momentum: float, decay: float) -> None:
        self.momentum, self.decay = momentum, decay
        self.groups: dict[tuple[int, ...], list[Tensor]] = {}
        for p in parameters:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.velocity = {shape: torch.zeros(len(ps), *shape, device=ps[0].device) for shape, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every matrix by at most `rate` in spectral norm, up to its shape's factor."""
        for shape, ps in self.groups.items():
            g = torch.stack([p.grad for p in ps])
            v = self.velocity[shape]
            v.lerp_(g, 1 - self.momentum)
            update = self.orthogonal(g.lerp(v, self.momentum))
            scale = rate * max(1.0, shape[0] / shape[1]) ** 0.5
            for p, u in zip(ps, update):
                p.mul_(1 - rate * self.decay).add_(u, alpha=-scale)

    def orthogonal(self, g: Tensor) -> Tensor:
        """About U Vᵀ of every matrix of the batch [n, rows, columns]."""
        a, b, c = self.COEFFICIENTS
        x = g.bfloat16()
        tall = x.shape[1] > x.shape[2]
        x = x.mT if tall else x
        x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
        for _ in range(5):
            s = x @ x.mT
            x = a * x + (b * s + c * s @ s) @ x
        return (x.mT if tall else x).float()

    def state(self) -> dict:
        """What a checkpoint keeps."""
        return {str(k): v for k, v in self.velocity.items()}

    def load(self, state: dict) -> None:
        """The inverse of `state`."""
        for k, v in self.velocity.items():
            v.copy_(state[str(k)])
