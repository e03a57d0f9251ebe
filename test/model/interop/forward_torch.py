"""python3 forward_torch.py MODEL IO…: for each pair of files what forward.py prints, by examples/pytorch/denoise_wasm.py in float64.

Each model is saved anew before, and read from there.
"""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "examples/pytorch"))
from denoise_wasm import load, save
from safetensors.torch import load_file

for path, io_path in zip(sys.argv[1::2], sys.argv[2::2]):
    save(load(path), f"{path}.again")
    network, io = load(f"{path}.again").double(), load_file(io_path)
    size = network.spec["input"]
    noisy = io["input"].double().reshape(-1, size["height"], size["width"], size["channels"]).permute(0, 3, 1, 2)
    output = network(noisy, io["sigma"].double()).permute(0, 2, 3, 1).reshape(io["output"].shape)
    print((output - io["output"]).abs().max().item())
