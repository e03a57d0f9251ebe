"""Trains a model file further in PyTorch, and writes a model file that denoise-wasm runs.

    python3 fine_tune.py photo.safetensors PHOTOS -o tuned.safetensors --test OTHERS
    torchrun --nproc-per-node 4 fine_tune.py photo.safetensors PHOTOS -o tuned.safetensors

PHOTOS and OTHERS are folders of clean pictures, of at least the size of a patch. Gaussian noise is added to random patches, as the
package's own training does it. `--batch` counts the patches of a step over all processes, and each patch has random
numbers of its own, so that a training takes the same steps on any number of processes and machines. Every 500 steps, all that it
needs to go on is written beside the model file, as FILE.checkpoint; the same command with --resume goes on from there.
"""
import argparse
import hashlib
import json
import math
import os
from pathlib import Path

import numpy
import torch
import torch.distributed as dist
from PIL import Image
from torch.nn.parallel import DistributedDataParallel

from denoise_wasm import Network, denoise, load, multiple_of, save

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"}


def pictures_of(folder: str, channels: int) -> list[torch.Tensor]:
    """All pictures of a folder as bytes, [channels, height, width]."""
    paths = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in ENDINGS)
    if not paths:
        raise SystemExit(f"{folder} has no pictures.")
    mode = "L" if channels == 1 else "RGB"
    arrays = [numpy.atleast_3d(numpy.array(Image.open(path).convert(mode))) for path in paths]
    return [torch.from_numpy(values).permute(2, 0, 1).contiguous() for values in arrays]


def digest_of(pictures: list[torch.Tensor]) -> str:
    """A SHA-256 that identifies the pictures."""
    sums = [hashlib.sha256(picture.numpy().tobytes()).hexdigest() for picture in pictures]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()


class Patches:
    """Random square patches of pictures, turned and mirrored, and the noise for each."""

    def __init__(self, pictures: list[torch.Tensor], size: int, sigma: tuple[float, float], seed: int):
        self.pictures, self.size, self.sigma, self.seed = pictures, size, sigma, seed
        counts = [max(0, p.shape[1] - size + 1) * max(0, p.shape[2] - size + 1) for p in pictures]
        self.counts = torch.tensor(counts, dtype=torch.float64)
        if self.counts.sum() == 0:
            raise SystemExit(f"No picture has {size}x{size} pixels.")

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Patch number `number` of the training: noisy, clean, and the level of its noise."""
        random = torch.Generator().manual_seed(self.seed * 2**40 + number)
        below = lambda count: int(torch.randint(count, (1,), generator=random))
        picture = self.pictures[int(torch.multinomial(self.counts, 1, generator=random))]
        top, left = below(picture.shape[1] - self.size + 1), below(picture.shape[2] - self.size + 1)
        clean = picture[:, top : top + self.size, left : left + self.size].float()
        clean = torch.rot90(clean, below(4), (1, 2))
        clean = clean.flip(2) if below(2) else clean
        low, high = self.sigma
        sigma = low + (high - low) * torch.rand((), generator=random)
        return clean + sigma * torch.randn(clean.shape, generator=random), clean, sigma


def learning_rate(rate: float, step: int, steps: int, warm_up: int) -> float:
    """Of step number `step`, from 0: up in a straight line, then down along half a cosine, as in src/training/schedule.ts."""
    if step < warm_up:
        return rate * (step + 1) / (warm_up + 1)
    return rate * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up))) / 2


def train_step(network, optimizer, noisy, clean, sigma, weight, loss: str, scale: float) -> torch.Tensor:
    """One step of the optimiser on a batch. Returns the loss before it, in grey levels ("l1") or their squares ("mse")."""
    error = (network(noisy, sigma) - clean) * scale
    error = error.abs() if loss == "l1" else error * error
    mean = (weight.reshape(-1, 1, 1, 1) * error).mean()
    optimizer.zero_grad(set_to_none=True)
    mean.backward()
    optimizer.step()
    return mean.detach() / (scale if loss == "l1" else scale * scale)


def psnr(network: Network, pictures: list[torch.Tensor], sigma: float) -> float:
    """The mean over pictures with Gaussian noise, which is not clipped; the output is, and rounded, as by `denoise-wasm evaluate`."""
    total, device = 0.0, next(network.parameters()).device
    for number, picture in enumerate(pictures):
        clean = picture.float()[None]
        noisy = clean + sigma * torch.randn(clean.shape, generator=torch.Generator().manual_seed(number))
        result = denoise(network, noisy.to(device), torch.tensor([sigma], device=device)).cpu()
        error = result.clamp(0, 255).round() - clean
        total += 10 * math.log10(255**2 / error.double().pow(2).mean().item())
    return total / len(pictures)


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a model file of convolutions")
    parser.add_argument("photos", help="a folder of clean pictures")
    parser.add_argument("-o", "--out", required=True, help="the model file to write")
    parser.add_argument("--test", help="a folder of other clean pictures, for the PSNR before and after")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=16, help="patches of a step, of all processes together")
    parser.add_argument("--patch", type=int, default=64, help="height and width of a patch")
    parser.add_argument("--sigma", type=float, nargs=2, default=(0.0, 55.0), help="the range of the noise's level")
    parser.add_argument("--loss", choices=("l1", "mse"), default="l1")
    parser.add_argument("--offset", type=float, default=15.0, help="losses are weighted by offset / (offset + level)")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--warm-up", type=int, default=100, help="steps in which the learning rate rises")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="what PyTorch calls it, such as cuda; of several processes, each takes its own")
    parser.add_argument("--every", type=int, default=500, help="steps from one checkpoint to the next")
    parser.add_argument("--resume", action="store_true", help="go on from FILE.checkpoint, if it is there")
    parser.add_argument("--losses", help="a file for the loss of each step, as JSON")
    return parser.parse_args()


def check(options: argparse.Namespace, spec: dict) -> None:
    """Ends with what is wrong, before anything takes long."""
    if spec["layers"][0]["type"] == "dense":
        raise SystemExit(f"{options.model} has dense layers; give a model of convolutions.")
    if options.patch < 1 or options.patch % multiple_of(spec) != 0:
        raise SystemExit(f"--patch has to be a multiple of {multiple_of(spec)} for this model.")
    folder = Path(options.out).parent
    if not folder.is_dir() or Path(options.out).is_dir() or not os.access(folder, os.W_OK):
        raise SystemExit(f"{options.out} cannot be written; name a file in a folder that is there.")


def main() -> None:
    options = options_of()
    rank, processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if options.batch % processes != 0:
        raise SystemExit(f"--batch has to be a multiple of the {processes} processes.")
    network = load(options.model)
    spec = network.spec
    check(options, spec)
    pictures = pictures_of(options.photos, spec["input"]["channels"])
    others = pictures_of(options.test, spec["input"]["channels"]) if options.test and rank == 0 else []
    patches = Patches(pictures, options.patch, options.sigma, options.seed)
    device = torch.device(options.device)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    network.to(device)
    if processes > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    if others:
        print(f"PSNR at 25: {psnr(network, others, 25.0):.3f} dB", flush=True)
    model = DistributedDataParallel(network) if processes > 1 else network
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate, betas=(0.9, 0.99))
    facts = {"dataset": Path(options.photos).name, "dataSha256": digest_of(pictures), "trainingImages": len(pictures)}
    # What has to be the same for a training to go on.
    ours = {"model", "steps", "batch", "patch", "sigma", "loss", "offset", "learning_rate", "warm_up", "seed"}
    settings = {**{key: value for key, value in vars(options).items() if key in ours}, **facts}
    settings["sigma"] = list(options.sigma)
    checkpoint, losses = Path(f"{options.out}.checkpoint"), []
    if options.resume and checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        if state["settings"] != settings:
            raise SystemExit(f"{checkpoint} is of a training with other settings or pictures; give the same, or leave out --resume.")
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        losses = state["losses"]
        if rank == 0:
            print(f"goes on after step {len(losses)}", flush=True)
    for step in range(len(losses), options.steps):
        optimizer.param_groups[0]["lr"] = learning_rate(options.learning_rate, step, options.steps, options.warm_up)
        numbers = range(step * options.batch + rank, (step + 1) * options.batch, processes)
        noisy, clean, sigma = (torch.stack(parts).to(device) for parts in zip(*(patches[number] for number in numbers)))
        weight = options.offset / (options.offset + sigma)
        loss = train_step(model, optimizer, noisy, clean, sigma, weight, options.loss, network.scale)
        if processes > 1:
            dist.all_reduce(loss)
            loss /= processes
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise SystemExit(f"The loss of step {step + 1} is {losses[-1]}. Use a smaller learning rate.")
        if rank == 0 and (step + 1) % 100 == 0:
            print(f"step {step + 1}, loss {sum(losses[-100:]) / 100:.4f}", flush=True)
        if rank == 0 and (step + 1) % options.every == 0:
            state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "losses": losses, "settings": settings}
            torch.save(state, f"{checkpoint}.part")
            os.replace(f"{checkpoint}.part", checkpoint)
    if rank == 0:
        recipe = json.loads(network.metadata["denoise-wasm.description"])["provenance"]["recipe"].removesuffix("-tuned")
        noise = {"model": "gaussian", "sigma": list(options.sigma), "drawn": "fresh"}
        shown = options.steps * options.batch
        save(network, options.out, noise, recipe=f"{recipe}-tuned", seed=options.seed, epochs=shown // len(pictures), **facts)
        checkpoint.unlink(missing_ok=True)
        if others:
            print(f"PSNR at 25: {psnr(network, others, 25.0):.3f} dB", flush=True)
        if options.losses:
            Path(options.losses).write_text(json.dumps(losses))
    if processes > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
