"""Trains and runs a residual network of 3×3 convolutions with PyTorch: a line of JSON in, a line of JSON out.

Channels-last, Adam in its fused form, the loss weighted by picture: what bench/conv.ts times this package against.
"""

import json
import sys
import time

import torch
from torch import nn


class Residual(nn.Module):
    """input − network(input, noise level): ReLU between the layers, linear at the end."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(i, o, 3, padding=dilation, dilation=dilation) for i, o, dilation in layers
        )

    def forward(self, x, level):
        h = torch.cat([x, level.view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])], 1)
        h = h.contiguous(memory_format=torch.channels_last)
        for layer in self.layers[:-1]:
            h = nn.functional.relu(layer(h), inplace=True)
        return x - self.layers[-1](h)


class Worker:
    def load(self, request):
        self.request = request
        torch.set_num_threads(request["threads"])
        self.model = Residual(request["layers"]).to(memory_format=torch.channels_last)
        shapes = [parameter.shape for parameter in self.model.parameters()]
        n, height, width = request["batch"], request["height"], request["width"]
        shapes += [(n, 1, height, width)] * 2 + [(n,)] * 2
        counts = [torch.Size(shape).numel() for shape in shapes]
        flat = torch.from_file(request["file"], size=sum(counts), dtype=torch.float32).clone()
        *self.initial, self.noisy, self.clean, self.level, self.weight = (
            part.view(shape) for part, shape in zip(flat.split(counts), shapes)
        )
        self.reset()
        return {"version": torch.__version__}

    def reset(self):
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), self.initial):
                parameter.copy_(value)
        rate, betas = self.request["learningRate"], self.request["betas"]
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=rate, betas=betas, fused=True)

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        error = self.model(self.noisy, self.level) - self.clean
        loss = (self.weight.view(-1, 1, 1, 1) * error * error).mean()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.inference_mode()
    def pass_forward(self):
        return self.model(self.noisy, self.level)

    def losses(self, request):
        self.reset()
        return [self.step() for _ in range(request["count"])]

    def train(self, request):
        return milliseconds(self.step, request["count"])

    def forward(self, request):
        return milliseconds(self.pass_forward, request["count"])

    def output(self, _):
        return self.pass_forward().flatten().tolist()


def milliseconds(work, count):
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) * 1000


worker = Worker()
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(getattr(worker, request["do"])(request)), flush=True)
