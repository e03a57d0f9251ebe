"""Trains and runs a workload's network with PyTorch: a line of JSON in, a line of JSON out."""

import json
import sys
import time

import torch
from torch import nn


class Network(nn.Module):
    """Dense layers with sigmoids between them, or channels-last: input − layers(input, noise level), with ReLUs."""

    def __init__(self, layers):
        super().__init__()
        self.dense = layers[0]["type"] == "dense"
        self.shapes = layers
        self.layers = nn.ModuleList(self.layer(**layer) for layer in layers)
        self.to(memory_format=torch.channels_last)

    def layer(self, type, inputs, outputs, dilation=1, bias=True, **_):
        if type == "dense":
            return nn.Linear(inputs, outputs)
        if type == "conv3x3":
            return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=bias)
        if type == "conv1x1":
            return nn.Conv2d(inputs, outputs, 1, bias=bias)
        return {"pixel-unshuffle": nn.PixelUnshuffle(2), "pixel-shuffle": nn.PixelShuffle(2), "add": nn.Identity()}[type]

    def forward(self, x, level):
        if self.dense:
            for layer in self.layers[:-1]:
                x = torch.sigmoid(layer(x))
            return self.layers[-1](x)
        h = torch.cat([x, level.view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])], 1)
        h = h.contiguous(memory_format=torch.channels_last)
        values = {}
        for shape, layer in zip(self.shapes, self.layers):
            h = h + values[shape["from"]] if shape["type"] == "add" else layer(h)
            if shape.get("activation") == "relu":
                h = torch.relu_(h)
            values[shape["name"]] = h
        return x - h


class Worker:
    def load(self, request):
        torch.set_num_threads(request["threads"])
        self.model = Network(request["layers"])
        self.batch, self.batches, self.next = request["batch"], request["batches"], 0
        size = (request["height"], request["width"], request["channels"])
        picture = (request["pixels"],) if self.model.dense else size
        pictures = (self.batch * self.batches, *picture)
        shapes = [*[p.shape for p in self.model.parameters()], pictures, pictures, pictures[:1], pictures[:1]]
        counts = [torch.Size(shape).numel() for shape in shapes]
        flat = torch.from_file(request["file"], size=sum(counts), dtype=torch.float32).clone()
        *initial, self.noisy, self.clean, self.level, self.weight = (
            part.view(shape) for part, shape in zip(flat.split(counts), shapes)
        )
        if not self.model.dense:
            # Channels lie side by side, which is what channels-last is.
            self.noisy, self.clean = (values.permute(0, 3, 1, 2) for values in (self.noisy, self.clean))
        self.scale = request["scale"]
        self.power = 1 if request.get("loss") == "l1" else 2
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
            errors = (output - y).abs() if self.power == 1 else (output - y) ** 2
            loss = (weight.view(-1, 1, 1, 1) * errors).mean()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.inference_mode()
    def forward(self):
        return self.model(self.noisy, self.level)

    def losses(self, _):
        return [self.step() / self.scale**self.power for _ in range(3)]

    def output(self, _):
        output = self.forward() / self.scale
        return (output if self.model.dense else output.permute(0, 2, 3, 1)).flatten().tolist()

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
