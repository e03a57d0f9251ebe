"""Trains and runs a workload's network with PyTorch: a line of JSON in, a line of JSON out.

Networks of convolutions are channels-last, with the loss weighted by picture and Adam in its fused form.
"""

import json
import sys
import time

import torch
from torch import nn


class Dense(nn.Sequential):
    """Sigmoid between the layers, linear at the end."""

    def __init__(self, layers):
        pairs = [(nn.Linear(layer["inputs"], layer["outputs"]), nn.Sigmoid()) for layer in layers]
        super().__init__(*[module for pair in pairs for module in pair][:-1])

    def forward(self, x, _level):
        return super().forward(x)


class Residual(nn.Module):
    """input − network(input, noise level): ReLU between the layers, linear at the end."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(layer["inputs"], layer["outputs"], 3, padding=layer["dilation"], dilation=layer["dilation"])
            for layer in layers
        )
        self.to(memory_format=torch.channels_last)

    def forward(self, x, level):
        h = torch.cat([x, level.view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])], 1)
        h = h.contiguous(memory_format=torch.channels_last)
        for layer in self.layers[:-1]:
            h = nn.functional.relu(layer(h), inplace=True)
        return x - self.layers[-1](h)


class Worker:
    def load(self, request):
        torch.set_num_threads(request["threads"])
        layers, optimizer = request["layers"], request["optimizer"]
        self.dense = layers[0]["type"] == "dense"
        self.model = (Dense if self.dense else Residual)(layers)
        self.batch, self.batches, self.next = request["batch"], request["batches"], 0
        count = self.batch * self.batches
        picture = (request["pixels"],) if self.dense else (1, request["height"], request["width"])
        shapes = [parameter.shape for parameter in self.model.parameters()] + [(count, *picture)] * 2 + [(count,)] * 2
        counts = [torch.Size(shape).numel() for shape in shapes]
        flat = torch.from_file(request["file"], size=sum(counts), dtype=torch.float32).clone()
        *initial, self.noisy, self.clean, self.level, self.weight = (
            part.view(shape) for part, shape in zip(flat.split(counts), shapes)
        )
        self.scale = request["scale"]
        for values in (self.noisy, self.clean, self.level):
            values *= self.scale
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), initial):
                parameter.copy_(value)
        parameters, rate, fused = self.model.parameters(), optimizer["learningRate"], request.get("fused", False)
        if optimizer["type"] == "adam":
            betas = optimizer["beta1"], optimizer["beta2"]
            self.optimizer = torch.optim.Adam(parameters, rate, betas, optimizer["epsilon"], fused=True)
        else:
            start = optimizer["initialAccumulator"]
            self.optimizer = torch.optim.Adagrad(
                parameters, rate, initial_accumulator_value=start, eps=0, foreach=not fused, fused=fused
            )
        return torch.__version__

    def step(self):
        start = self.next % self.batches * self.batch
        self.next += 1
        x, y, level, weight = (
            values[start : start + self.batch] for values in (self.noisy, self.clean, self.level, self.weight)
        )
        self.optimizer.zero_grad(set_to_none=True)
        if self.dense:
            loss = nn.functional.mse_loss(self.model(x, level), y)
        else:
            error = self.model(x, level) - y
            loss = (weight.view(-1, 1, 1, 1) * error * error).mean()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.inference_mode()
    def forward(self):
        return self.model(self.noisy, self.level)

    def losses(self, _):
        return [self.step() / self.scale**2 for _ in range(3)]

    def output(self, _):
        return (self.forward() / self.scale).flatten().tolist()

    def run(self, request):
        """Milliseconds of one piece of work, of as many as take `milliseconds` together."""
        work, count, start = getattr(self, request["what"]), 0, time.perf_counter()
        while True:
            work()
            count += 1
            spent = (time.perf_counter() - start) * 1000
            if spent >= request["milliseconds"]:
                return spent / count


if __name__ == "__main__":
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(worker, request["do"])(request)), flush=True)
