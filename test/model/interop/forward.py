"""python3 forward.py MODEL IO: runs a model file in NumPy and prints the largest difference to what wasm put out.

MODEL is a model.safetensors; IO a safetensors file with `input` and `output`, both [pictures, pixels].
"""
import json, sys
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

weights, io = load_file(sys.argv[1]), load_file(sys.argv[2])
layers = json.loads(safe_open(sys.argv[1], "np").metadata()["denoise-wasm.spec"])["layers"]
f = {"linear": lambda z: z, "relu": lambda z: np.maximum(z, 0), "sigmoid": lambda z: 0.5 + 0.5 * np.tanh(z / 2)}

x = io["input"].astype(np.float64)
for i, layer in enumerate(layers, start=1):
    x = f[layer["activation"]](x @ weights[f"layer{i}.weight"].astype(np.float64).T + weights[f"layer{i}.bias"])
print(np.abs(x - io["output"]).max())
