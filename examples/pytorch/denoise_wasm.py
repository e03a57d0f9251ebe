"""Model files of denoise-wasm in PyTorch: networks of convolutions and of dense layers, as they were trained.

    network = load("model.safetensors")
    clean = denoise(network, noisy, sigma)  # grey levels of 0 to 255, [pictures, channels, height, width]; sigma is [pictures]

The network has the parameters of the file, so it can be trained on (fine_tune.py does), and `save` writes them back.
"""
import hashlib
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file

SPEC, DESCRIPTION = "denoise-wasm.spec", "denoise-wasm.description"
FORMAT = {"format": "pt", "denoise-wasm.format": "denoise-wasm 1"}


class Network(torch.nn.Module):
    """The network of a spec: the keys are documented in src/network/spec.ts."""

    def __init__(self, spec: dict):
        super().__init__()
        self.spec = spec
        self.scale = spec.get("white", 255) / 255
        channels, level = spec["input"]["channels"], spec.get("noiseLevel", False)
        values = channels * spec["input"]["height"] * spec["input"]["width"]
        for i, layer in enumerate(spec["layers"], start=1):
            kind = layer["type"]
            if kind == "dense":
                made = torch.nn.Linear(values, layer["units"])
                values = layer["units"]
            elif kind in ("conv3x3", "conv1x1"):
                made = self._convolution(layer, channels + level)
                channels, level = layer["channels"], False
            else:
                channels = {"pixel-unshuffle": 4 * channels, "pixel-shuffle": channels // 4}.get(kind, channels)
                continue
            self.add_module(f"layer{i}", made)

    def _convolution(self, layer: dict, channels: int) -> torch.nn.Conv2d:
        side, dilation = (3, layer.get("dilation", 1)) if layer["type"] == "conv3x3" else (1, 1)
        return torch.nn.Conv2d(
            channels,
            layer["channels"],
            side,
            padding=dilation * (side // 2),
            dilation=dilation,
            padding_mode=self.spec.get("padding", "zeros"),
            bias=layer.get("bias", True),
        )

    def forward(self, noisy: torch.Tensor, sigma: torch.Tensor | None = None) -> torch.Tensor:
        """Height and width have to be multiples of 2 for each time that the network halves a picture."""
        dense = self.spec["layers"][0]["type"] == "dense"
        # Dense layers have the channels of each pixel side by side.
        picture = noisy.permute(0, 2, 3, 1).flatten(1) if dense else noisy * self.scale
        x, outputs, level = picture, {}, self.spec.get("noiseLevel", False)
        for i, layer in enumerate(self.spec["layers"], start=1):
            kind = layer["type"]
            if kind == "pixel-unshuffle":
                x = F.pixel_unshuffle(x, 2)
            elif kind == "pixel-shuffle":
                x = F.pixel_shuffle(x, 2)
            elif kind == "add":
                x = x + outputs[layer["from"]]
            else:
                if level and not dense:
                    plane = (sigma * self.scale).reshape(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])
                    x, level = torch.cat([x, plane.to(x)], dim=1), False
                x = getattr(self, f"layer{i}")(x)
                x = {"linear": lambda z: z, "relu": F.relu, "sigmoid": torch.sigmoid}[layer["activation"]](x)
            outputs[f"layer{i}"] = x
        x = picture - x if self.spec.get("residual", False) else x
        if not dense:
            return x / self.scale
        pictures, channels, height, width = noisy.shape
        return x.reshape(pictures, height, width, channels).permute(0, 3, 1, 2)


def multiple_of(spec: dict) -> int:
    """What height and width have to be multiples of."""
    steps = [{"pixel-unshuffle": 1, "pixel-shuffle": -1}.get(layer["type"], 0) for layer in spec["layers"]]
    return 2 ** max(sum(steps[: i + 1]) for i in range(len(steps)))


def denoise(network: Network, noisy: torch.Tensor, sigma: torch.Tensor | None = None) -> torch.Tensor:
    """What a network of convolutions makes of pictures of any size: as `createDenoiser` does, it continues them by their mirror image."""
    multiple = multiple_of(network.spec)
    margin = 4 if multiple > 2 and network.spec.get("padding", "zeros") == "zeros" else 0
    x = F.pad(noisy, [margin] * 4, mode="reflect")
    x = F.pad(x, [0, -x.shape[3] % multiple, 0, -x.shape[2] % multiple], mode="reflect")
    with torch.inference_mode():
        return network(x, sigma)[:, :, margin : margin + noisy.shape[2], margin : margin + noisy.shape[3]]


def expanded(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights as float32: those of 8 bits are multiplied by the scale of each output, which is a tensor of its own."""
    weights = {}
    for name, values in tensors.items():
        if name.removesuffix(".scale") in tensors and name.endswith(".scale"):
            continue
        scale = tensors.get(f"{name}.scale", torch.ones(()))
        weights[name] = values.float() * scale.reshape(-1, *[1] * (values.dim() - 1))
    return weights


def load(path: str) -> Network:
    """Reads a model file of any format of weights."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    network = Network(json.loads(metadata[SPEC]))
    network.load_state_dict(expanded(tensors))
    network.metadata = metadata
    # What a model that goes on from this one says of where it came from, which is defined for weights of float32.
    if all(values.dtype == torch.float32 for values in tensors.values()):
        network.digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return network


def save(network: Network, path: str, noise: dict | None = None, **provenance) -> None:
    """
    Writes the weights with what the file that they came from says of the network. After a training, give what it was: the
    noise, and keys of `Provenance` in src/model/model.ts (recipe, dataset, dataSha256, trainingImages, seed, epochs); for a
    network that came from no file, all of these.
    """
    metadata = getattr(network, "metadata", {**FORMAT, SPEC: json.dumps(network.spec)})
    if provenance or DESCRIPTION not in metadata:
        new = {"range": [0, 255], "noise": None, "provenance": {"packageVersion": "none"}}
        description = json.loads(metadata.get(DESCRIPTION, json.dumps(new)))
        digest = {"from": network.digest} if hasattr(network, "digest") else {}
        description["provenance"] = {**description["provenance"], **digest, **provenance, "variant": "pytorch"}
        description["noise"] = noise or description["noise"]
        keys = {"recipe", "dataset", "dataSha256", "trainingImages", "seed", "epochs"}
        missing = sorted(keys - description["provenance"].keys()) + ([] if description["noise"] else ["noise"])
        if missing:
            raise ValueError(f"The network came from no file; give save() also {', '.join(missing)}.")
        network.metadata = {**metadata, DESCRIPTION: json.dumps(description)}
    weights = {name: values.detach().cpu().float().contiguous() for name, values in network.state_dict().items()}
    save_file(weights, path, network.metadata)
