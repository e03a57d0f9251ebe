"""The training of the recipe fashion-conv in PyTorch: same network, steps, noise, schedule and loss.

    node build/esm/cli.js inspect --recipe fashion-conv > recipe.json   # the recipe as JSON
    python3 bench/peers/train_fashion_conv.py recipe.json DATA --threads 2 --out torch-fashion-conv.json

DATA is the folder with Fashion-MNIST's IDX files. Random numbers are PyTorch's own, so the runs agree in quality,
not in bytes. Prints the PSNR over the 10,000 test images: noise not clipped, output clipped to 0..255.
"""

import argparse
import copy
import gzip
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch_worker import Residual

LEVELS = (5, 10, 15, 25, 50, 75)


def images(folder, name):
    path = Path(folder) / name
    data = gzip.open(f"{path}.gz").read() if Path(f"{path}.gz").exists() else path.read_bytes()
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=16).reshape(-1, 1, 28, 28).copy())


def network(spec):
    inputs, layers = 2, []
    for layer in spec["layers"]:
        layers.append({"inputs": inputs, "outputs": layer["channels"], "dilation": layer["dilation"]})
        inputs = layer["channels"]
    model = Residual(layers)
    for convolution in model.layers:
        torch.nn.init.normal_(convolution.weight, 0, math.sqrt(2 / (9 * convolution.in_channels)))
        torch.nn.init.zeros_(convolution.bias)
    with torch.no_grad():
        model.layers[-1].weight *= spec["initialization"].get("lastLayer", 1)
    return model


def rate(recipe, step, steps):
    """Of step `step`, from 0: as src/training/schedule.ts."""
    base = recipe["optimizer"]["learningRate"]
    schedule = recipe.get("schedule", {"type": "constant", "warmUp": 0})
    warm_up = schedule["warmUp"]
    if step < warm_up:
        return base * (step + 1) / (warm_up + 1)
    progress = (step - warm_up) / max(1, steps - warm_up)
    falls = {"constant": 1, "linear": 1 - progress, "cosine": (1 + math.cos(math.pi * progress)) / 2}
    return base * falls[schedule["type"]]


@torch.inference_mode()
def psnr(model, test):
    noise = torch.randn(test.shape, generator=torch.Generator().manual_seed(1))
    clean = test.float()
    result = {}
    for sigma in LEVELS:
        error = 0.0
        for part in range(0, len(test), 1000):
            x, n = clean[part : part + 1000], noise[part : part + 1000]
            out = model((x + sigma * n) / 255, torch.full((len(x),), sigma / 255)) * 255
            error += ((out.clamp(0, 255) - x).double() ** 2).sum().item()
        result[sigma] = 10 * math.log10(255**2 / (error / test.numel()))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="torch-fashion-conv.json")
    options = parser.parse_args()
    recipe = json.loads(Path(options.recipe).read_text())
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    train = images(options.data, "train-images-idx3-ubyte")
    test = images(options.data, "t10k-images-idx3-ubyte")
    model = network(recipe["spec"])
    averaged = copy.deepcopy(model)
    decay = recipe.get("averaging", {}).get("decay", 0)
    settings = recipe["optimizer"]
    betas = (settings["beta1"], settings["beta2"])
    optimizer = torch.optim.Adam(
        model.parameters(), lr=settings["learningRate"], betas=betas, eps=settings["epsilon"], fused=True
    )
    low, high = recipe["noise"]["sigma"]
    weighting = recipe.get("lossWeight", {"offset": 1, "power": 0})
    batch = recipe["batch"]
    steps = recipe["epochs"] * math.ceil(len(train) / batch)
    start, step = time.time(), 0
    for epoch in range(1, recipe["epochs"] + 1):
        order = torch.randperm(len(train))
        total = 0.0
        for first in range(0, len(train), batch):
            x = train[order[first : first + batch]].float() / 255
            if recipe.get("flips"):
                flip = torch.rand(len(x)) < 0.5
                x[flip] = x[flip].flip(3)
            sigma = low + (high - low) * torch.rand(len(x))
            weight = (weighting["offset"] / (weighting["offset"] + sigma)) ** weighting["power"]
            noisy = x + (sigma / 255).view(-1, 1, 1, 1) * torch.randn(x.shape)
            for group in optimizer.param_groups:
                group["lr"] = rate(recipe, step, steps)
            error = model(noisy, sigma / 255) - x
            loss = (weight.view(-1, 1, 1, 1) * error * error).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
            if decay:
                with torch.no_grad():
                    share = 1 - min(decay, step / (step + 9))
                    for average, value in zip(averaged.parameters(), model.parameters()):
                        average.lerp_(value, share)
            total += loss.item() * 255**2 * len(x)
        print(f"epoch {epoch}, loss {total / len(train):.3f}, {time.time() - start:.0f} s", flush=True)
    result = {
        "torch": torch.__version__,
        "threads": options.threads,
        "seed": options.seed,
        "steps": steps,
        "seconds": round(time.time() - start),
        "psnr": psnr(averaged if decay else model, test),
    }
    print(json.dumps(result, indent=2))
    Path(options.out).write_text(json.dumps(result, indent=2) + "\n")


main()
