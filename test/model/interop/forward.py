"""python3 forward.py MODEL IO: runs a model file in NumPy and prints the largest difference to what wasm put out.

MODEL is a model.safetensors; IO a safetensors file with `input` and `output`, both [pictures, pixels], and, for a network of
convolutions that is told the noise level, `sigma`, [pictures].
"""
import json, sys
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

weights, io = load_file(sys.argv[1]), load_file(sys.argv[2])
spec = json.loads(safe_open(sys.argv[1], "np").metadata()["denoise-wasm.spec"])
f = {"linear": lambda z: z, "relu": lambda z: np.maximum(z, 0), "sigmoid": lambda z: 0.5 + 0.5 * np.tanh(z / 2)}


def dense(x):
    for i, layer in enumerate(spec["layers"], start=1):
        x = f[layer["activation"]](x @ weights[f"layer{i}.weight"].astype(np.float64).T + weights[f"layer{i}.bias"])
    return x


def convolutions(x):
    """For pictures of one channel and borders of zeros."""
    height, width = spec["input"]["height"], spec["input"]["width"]
    picture = x.reshape(-1, 1, height, width) * (spec["white"] / 255)
    x, outputs, level = picture, {}, spec["noiseLevel"]
    for i, layer in enumerate(spec["layers"], start=1):
        n, c, h, w = x.shape
        if layer["type"] == "pixel-unshuffle":
            x = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 3, 5, 2, 4).reshape(n, 4 * c, h // 2, w // 2)
        elif layer["type"] == "pixel-shuffle":
            x = x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w)
        elif layer["type"] == "add":
            x = x + outputs[layer["from"]]
        else:
            if level:
                plane = io["sigma"].astype(np.float64).reshape(-1, 1, 1, 1) * (spec["white"] / 255)
                x, level = np.concatenate([x, np.broadcast_to(plane, (n, 1, h, w))], axis=1), False
            weight, d = weights[f"layer{i}.weight"].astype(np.float64), layer.get("dilation", 1)
            side = weight.shape[2]
            by = d * (side // 2)
            padded = np.pad(x, ((0, 0), (0, 0), (by, by), (by, by)))
            taps = [(ky, kx) for ky in range(side) for kx in range(side)]
            windows = [padded[:, :, ky * d : ky * d + h, kx * d : kx * d + w] for ky, kx in taps]
            x = sum(np.einsum("oi,nihw->nohw", weight[:, :, ky, kx], v) for (ky, kx), v in zip(taps, windows))
            x = f[layer["activation"]](x + weights.get(f"layer{i}.bias", np.zeros(1)).reshape(1, -1, 1, 1))
        outputs[f"layer{i}"] = x
    out = picture - x if spec["residual"] else x
    return out.reshape(len(out), -1) / (spec["white"] / 255)


run = dense if spec["layers"][0]["type"] == "dense" else convolutions
print(np.abs(run(io["input"].astype(np.float64)) - io["output"]).max())
