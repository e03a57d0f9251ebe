"""python3 train_torch.py CASE…: what examples/pytorch makes of each case, a safetensors file that test/examples/pytorch.test.ts has written.

Metadata: `model`, the path of a model file; with `optimizer`, the settings of Adam as JSON, and `loss`, it is a training,
else a picture to denoise. Prints one line of JSON for each case.
"""
import json, sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

sys.path.append(str(Path(__file__).parents[3] / "examples/pytorch"))
from denoise_wasm import denoise, load
from fine_tune import train_step


def trained(path, metadata, io, dtype):
    """The weights after the steps, less those before, as one vector in float64; and the losses."""
    network = load(metadata["model"]).to(dtype)
    before = [values.detach().double().clone() for values in network.parameters()]
    settings = json.loads(metadata["optimizer"])
    betas = (settings["beta1"], settings["beta2"])
    optimizer = torch.optim.Adam(network.parameters(), settings["learningRate"], betas, settings["epsilon"])
    losses = []
    for noisy, clean, sigma, weight in zip(*(io[name].to(dtype) for name in ("noisy", "clean", "sigma", "weight"))):
        loss = train_step(network, optimizer, noisy, clean, sigma, weight, metadata["loss"], network.scale)
        losses.append(loss.item())
    return torch.cat([(now.detach().double() - then).flatten() for now, then in zip(network.parameters(), before)]), losses


for path in sys.argv[1:]:
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    io = load_file(path)
    if "optimizer" in metadata:
        exact, losses = trained(path, metadata, io, torch.float64)
        single, _ = trained(path, metadata, io, torch.float32)
        apart = lambda change: ((change - exact).norm() / exact.norm()).item()
        print(json.dumps({"ours": apart(io["change"].double()), "torch": apart(single), "losses": losses}))
    else:
        network = load(metadata["model"])
        if network.spec["layers"][0]["type"] == "dense":
            with torch.inference_mode():
                clean = network(io["noisy"])
        else:
            clean = denoise(network, io["noisy"], io["sigma"])
        print(json.dumps({"difference": (clean - io["clean"]).abs().max().item()}))
