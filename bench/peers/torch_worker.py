"""Trains and runs the benchmarks' network with PyTorch: a line of JSON in, a line of JSON out."""

import json
import sys
import time

import torch
from torch import nn


class Worker:
    def load(self, request):
        self.request = request
        torch.set_num_threads(request["threads"])
        sizes = request["sizes"]
        shapes = [shape for i, o in zip(sizes, sizes[1:]) for shape in ((o, i), (o,))]
        shapes += [(request["batches"] * request["batch"], sizes[0])] * 2
        counts = [torch.Size(shape).numel() for shape in shapes]
        flat = torch.from_file(request["file"], size=sum(counts), dtype=torch.float32).clone()
        *self.initial, self.noisy, self.clean = (
            part.view(shape) for part, shape in zip(flat.split(counts), shapes)
        )
        layers = [layer for i, o in zip(sizes, sizes[1:]) for layer in (nn.Linear(i, o), nn.Sigmoid())]
        self.model = nn.Sequential(*layers[:-1])
        self.reset()
        return {"version": torch.__version__}

    def reset(self):
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), self.initial):
                parameter.copy_(value)
        fused = self.request.get("fused", False)
        self.optimizer = torch.optim.Adagrad(
            self.model.parameters(),
            lr=self.request["learningRate"],
            initial_accumulator_value=self.request["initialAccumulator"],
            eps=0,
            foreach=not fused,
            fused=fused,
        )
        self.next = 0

    def step(self):
        batch = self.request["batch"]
        start = self.next % self.request["batches"] * batch
        self.next += 1
        x, y = self.noisy[start : start + batch], self.clean[start : start + batch]
        self.optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.mse_loss(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.inference_mode()
    def pass_forward(self):
        return self.model(self.noisy[: self.request["pictures"]])

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
