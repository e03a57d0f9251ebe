"""Trains and runs a workload's network with PyTorch: a line of JSON in, a line of JSON out."""

import json
import sys
import time

import torch
from torch import nn


class Network(nn.Module):
    """Dense layers with sigmoids between them, or channels-last: input − convolutions(input, noise level), with ReLUs."""

    def __init__(self, layers):
        super().__init__()
        self.dense = layers[0]["type"] == "dense"
        self.layers = nn.ModuleList(self.layer(**layer) for layer in layers)
        self.to(memory_format=torch.channels_last)

    def layer(self, inputs, outputs, dilation=1, **_):
        if self.dense:
            return nn.Linear(inputs, outputs)
        return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)

    def forward(self, x, level):
        h = x
        if not self.dense:
            h = torch.cat([x, level.view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])], 1)
            h = h.contiguous(memory_format=torch.channels_last)
        for layer in self.layers[:-1]:
            h = torch.sigmoid(layer(h)) if self.dense else torch.relu_(layer(h))
        h = self.layers[-1](h)
        return h if self.dense else x - h


class Worker:
    def load(self, request):
        torch.set_num_threads(request["threads"])
        self.model = Network(request["layers"])
        self.batch, self.batches, self.next = request["batch"], request["batches"], 0
        picture = (request["pixels"],) if self.model.dense else (1, request["height"], request["width"])
        pictures = (self.batch * self.batches, *picture)
        shapes = [*[p.shape for p in self.model.parameters()], pictures, pictures, pictures[:1], pictures[:1]]
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
        optimizer, fused = request["optimizer"], request.get("fused", False)
        parameters, rate = self.model.parameters(), optimizer["learningRate"]
        if optimizer["type"] == "adam":
            betas = optimizer["beta1"], optimizer["beta2"]
            self.optimizer = torch.optim.Adam(parameters, rate, betas, optimizer["epsilon"], fused=True)
        else:
            sums = {"initial_accumulator_value": optimizer["initialAccumulator"], "eps": 0}
            self.optimizer = torch.optim.Adagrad(parameters, rate, **sums, foreach=not fused, fused=fused)
        return torch.__version__

    def step(self):
        start = self.next % self.batches * self.batch
        self.next += 1
        batches = (self.noisy, self.clean, self.level, self.weight)
        x, y, level, weight = (values[start : start + self.batch] for values in batches)
        self.optimizer.zero_grad(set_to_none=True)
        output = self.model(x, level)
        if self.model.dense:
            loss = nn.functional.mse_loss(output, y)
        else:
            loss = (weight.view(-1, 1, 1, 1) * (output - y) ** 2).mean()
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


worker = Worker()
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(getattr(worker, request["do"])(request)), flush=True)
