"""
What other programs' filters make of the noisy photographs that `denoise-wasm evaluate` measures on:

    denoise-wasm evaluate MODEL --set KODAK --save-noisy NOISY
    python3 bench/peers/photo_filters.py TRAIN NOISY > kodak.json

    python3 bench/peers/photo_filters.py TRAIN PAIRS > pairs.json

Needs numpy, Pillow, scikit-image and OpenCV. NOISY holds the very values that the model was given, float32 and not
clipped, or bytes where they went through JPEG files; each is checked against its SHA-256 in NOISY/set.json. PAIRS is a
folder of real noise, with files NAME_noisy.png and NAME_clean.png.

The parameters of a filter are those that are best, for each level and each JPEG quality, on crops of photographs in
TRAIN, which has to be another folder than the set. OpenCV's filters take bytes only, so what they are given is clipped
and rounded. For real noise, the level is found for each picture by Donoho and Johnstone's estimate (1994), from the
median of the finest diagonal Haar wavelets, and the parameters are those for the nearest level of Gaussian noise.
`bestOfSet` is what the one level brings that is best for the whole set, chosen with its clean pictures.

What a filter puts out is clipped to 0..255 and rounded. PSNR and SSIM (Wang et al. 2004) are of each picture, and the
figures are means over the pictures. The time is that of one thread, without the search for parameters.
"""

import hashlib
import io
import itertools
import json
import pathlib
import sys
import time

import cv2
import numpy as np
import skimage
from PIL import Image
from skimage.metrics import structural_similarity
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

cv2.setNumThreads(1)
CROPS, SIDE = 8, 160
REAL_LEVELS = [2, 3, 4, 5, 6, 8, 10, 12, 15, 20]


def axis_of(picture):
    return None if picture.ndim == 2 else -1


def as_bytes(picture):
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def nl_means(picture, sigma, patch, distance, h):
    return 255 * denoise_nl_means(
        picture / 255, patch, distance, h=h * sigma / 255, sigma=sigma / 255, fast_mode=True, channel_axis=axis_of(picture)
    )


def total_variation(picture, sigma, weight):
    return 255 * denoise_tv_chambolle(
        picture / 255, weight=weight * sigma / 255, eps=2e-4, max_num_iter=100, channel_axis=axis_of(picture)
    )


def opencv_nl_means(picture, sigma, h, template):
    if picture.ndim == 2:
        return cv2.fastNlMeansDenoising(as_bytes(picture), None, h * sigma, template, 21)
    return cv2.fastNlMeansDenoisingColored(as_bytes(picture), None, h * sigma, h * sigma, template, 21)


FILTERS = {
    "scikit-image denoise_nl_means": (
        nl_means,
        {"patch": [3, 5, 7], "distance": [7, 11], "h": [0.4, 0.6, 0.8, 1.0]},
    ),
    "scikit-image denoise_tv_chambolle": (total_variation, {"weight": [0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5]}),
    "OpenCV fastNlMeansDenoising": (opencv_nl_means, {"h": [0.4, 0.6, 0.8, 1.0, 1.2], "template": [3, 5, 7]}),
}


def quality(picture, clean):
    error = np.mean((np.asarray(picture, np.float64) - clean) ** 2)
    similarity = structural_similarity(
        np.asarray(picture, np.float64), clean.astype(np.float64), data_range=255, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, channel_axis=axis_of(clean),
    )
    return 10 * np.log10(255**2 / error), similarity


def means(qualities):
    psnr, ssim = np.mean(list(qualities), axis=0)
    return {"psnr": round(float(psnr), 3), "ssim": round(float(ssim), 4)}


def megapixels(pictures):
    return sum(clean.shape[0] * clean.shape[1] for _, clean in pictures) / 1e6


def training_crops(folder, channels):
    paths = sorted(pathlib.Path(folder).glob("*.png"))
    for path in paths[:: len(paths) // CROPS][:CROPS]:
        picture = Image.open(path).convert("L" if channels == 1 else "RGB")
        left, top = (picture.width - SIDE) // 2, (picture.height - SIDE) // 2
        yield np.array(picture.crop((left, top, left + SIDE, top + SIDE)))


def degraded(clean, sigma, jpeg, index):
    noisy = clean + sigma * np.random.default_rng([1, index]).standard_normal(clean.shape)
    if jpeg is None:
        return noisy
    file = io.BytesIO()
    Image.fromarray(as_bytes(noisy)).save(file, "JPEG", quality=jpeg, subsampling=0)
    return np.array(Image.open(file))


def estimated_level(picture):
    """The mean over the channels of the median |HH| / 0.6745, HH being the diagonal Haar coefficients of 2×2 squares."""
    p = np.atleast_3d(picture).astype(float)
    height, width = p.shape[0] // 2 * 2, p.shape[1] // 2 * 2
    a, b, c, d = (p[y:height:2, x:width:2] for y in (0, 1) for x in (0, 1))
    return float(np.mean(np.median(np.abs(a - b - c + d) / 2, axis=(0, 1)) / 0.6745))


class Tuning:
    """The best parameters on the training crops."""

    def __init__(self, folder, channels):
        self.crops = list(training_crops(folder, channels))
        self.found = {}

    def best(self, name, sigma, jpeg):
        key = (name, sigma, jpeg)
        if key not in self.found:
            filtered, grid = FILTERS[name]
            noisy = [degraded(clean, sigma, jpeg, index) for index, clean in enumerate(self.crops)]

            def mean_psnr(choice):
                outputs = (as_bytes(filtered(picture, sigma, **choice)).astype(float) for picture in noisy)
                return np.mean([10 * np.log10(255**2 / np.mean((o - c) ** 2)) for o, c in zip(outputs, self.crops)])

            choices = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
            self.found[key] = max(choices, key=mean_psnr)
        return self.found[key]


def verified(folder, entry):
    data = (folder / entry["file"]).read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        sys.exit(f"{folder / entry['file']} is not the file that set.json was written for; save the set again")
    return np.load(io.BytesIO(data))


def measure_saved(folder, train):
    listed = json.loads((folder / "set.json").read_text())
    groups = {}
    for entry in listed["noisy"]:
        groups.setdefault((entry["sigma"], entry.get("jpeg")), []).append(entry)
    tuning = None
    for (sigma, jpeg), entries in groups.items():
        pictures = [(verified(folder, entry), verified(folder, entry["clean"])) for entry in entries]
        tuning = tuning or Tuning(train, 1 if pictures[0][1].ndim == 2 else 3)
        row = {"sigma": sigma, "jpeg": jpeg, "pictures": len(pictures)}
        row["noisy"] = means(quality(noisy, clean) for noisy, clean in pictures)
        row["filters"] = {}
        for name, (filtered, _) in FILTERS.items():
            best = tuning.best(name, sigma, jpeg)
            start = time.process_time()
            outputs = [as_bytes(filtered(noisy, sigma, **best)) for noisy, _ in pictures]
            seconds = (time.process_time() - start) / megapixels(pictures)
            result = means(quality(output, clean) for output, (_, clean) in zip(outputs, pictures))
            row["filters"][name] = result | {"parameters": best, "secondsPerMegapixel": round(seconds, 3)}
            print(listed["name"], sigma, jpeg, name, row["filters"][name], file=sys.stderr, flush=True)
        yield row


def measure_pairs(folder, train):
    names = sorted(path.name[: -len("_noisy.png")] for path in folder.glob("*_noisy.png"))
    read = lambda name: np.array(Image.open(folder / f"{name}.png").convert("RGB"))
    pictures = [(read(f"{name}_noisy"), read(f"{name}_clean")) for name in names]
    tuning = Tuning(train, 3)
    levels = [estimated_level(noisy) for noisy, _ in pictures]
    row = {"pictures": len(pictures), "noisy": means(quality(noisy, clean) for noisy, clean in pictures), "filters": {}}
    for name, (filtered, _) in FILTERS.items():

        def parameters_at(level):
            return tuning.best(name, min(REAL_LEVELS, key=lambda one: abs(one - level)), None)

        def denoised(noisy, level):
            return as_bytes(filtered(noisy, level, **parameters_at(level)))

        for level in levels:
            parameters_at(level)
        start = time.process_time()
        outputs = [denoised(noisy, level) for (noisy, _), level in zip(pictures, levels)]
        seconds = (time.process_time() - start) / megapixels(pictures)
        found = means(quality(output, clean) for output, (_, clean) in zip(outputs, pictures))
        tried = {
            level: means(quality(denoised(noisy, level), clean) for noisy, clean in pictures) for level in REAL_LEVELS
        }
        best = max(tried, key=lambda level: tried[level]["psnr"])
        row["filters"][name] = found | {
            "meanLevel": round(float(np.mean(levels)), 2),
            "secondsPerMegapixel": round(seconds, 3),
        }
        row["filters"][name]["bestOfSet"] = tried[best] | {"level": best}
        print(folder.name, name, row["filters"][name], file=sys.stderr, flush=True)
    yield row


train, source = sys.argv[1], pathlib.Path(sys.argv[2])
saved = (source / "set.json").exists()
results = {
    "script": "bench/peers/photo_filters.py",
    "versions": {"numpy": np.__version__, "scikit-image": skimage.__version__, "opencv": cv2.__version__},
    "set": json.loads((source / "set.json").read_text())["name"] if saved else source.name,
    "conditions": list((measure_saved if saved else measure_pairs)(source, train)),
}
json.dump(results, sys.stdout, indent=1)
print()
