"""
What classical filters make of Gaussian noise, for the reference rows of `denoise-wasm evaluate`:

    python3 bench/peers/skimage_reference.py FASHION_MNIST_FOLDER [--pictures NAME TRAIN_FOLDER TEST_FOLDER] \
        > src/quality/classical-filters.json

Needs numpy, scipy and scikit-image. The noise is white and not clipped, what a filter puts out is clipped to
0..255. For each level the best parameters on training pictures are taken to all test pictures. `psnr` is that of the
mean squared error over the set; `meanPsnr` the mean of the pictures' own.
"""

import argparse
import gzip
import itertools
import json
import pathlib
import sys

import numpy as np
import scipy
import skimage
from scipy.ndimage import gaussian_filter, median_filter
from skimage.io import imread
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

LEVELS = [5, 10, 15, 25, 50, 75]
TUNING_PICTURES = 200
TUNING_PHOTOS = 8


def gaussian(picture, sigma, width):
    return gaussian_filter(picture, width)


def median(picture, sigma, size):
    return median_filter(picture, size)


def nl_means(picture, sigma, patch, distance, h):
    return denoise_nl_means(picture, patch, distance, h=h * sigma, sigma=sigma, fast_mode=True)


def total_variation(picture, sigma, weight):
    return denoise_tv_chambolle(picture / 255, weight=weight * sigma / 255, eps=2e-4, max_num_iter=100) * 255


FILTERS = {
    "gaussian": (gaussian, {"width": [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0]}),
    "median": (median, {"size": [2, 3, 4, 5, 7]}),
    "nonLocalMeans": (nl_means, {"patch": [3, 5, 7], "distance": [5, 9], "h": [0.4, 0.6, 0.8, 1.0, 1.2, 1.5]}),
    "totalVariation": (total_variation, {"weight": [0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.1, 1.3, 1.6, 2.0]}),
}


def squared_errors(name, parameters, clean, noisy, sigma):
    function = FILTERS[name][0]
    return [
        float(np.mean((np.clip(function(n, sigma, **parameters), 0, 255) - c) ** 2)) for c, n in zip(clean, noisy)
    ]


def psnr(mse):
    return 10 * np.log10(255**2 / np.asarray(mse))


def with_noise(pictures, sigma, seed):
    return [p + sigma * np.random.default_rng([seed, sigma, i]).standard_normal(p.shape) for i, p in enumerate(pictures)]


def measure(name, tuning, test):
    levels = []
    for sigma in LEVELS:
        noisy_tuning, noisy_test = with_noise(tuning, sigma, 1), with_noise(test, sigma, 2)
        level = {"sigma": sigma, "filters": {}}
        for filter_name, (_, grid) in FILTERS.items():
            choices = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
            best = min(choices, key=lambda c: np.mean(squared_errors(filter_name, c, tuning, noisy_tuning, sigma)))
            errors = squared_errors(filter_name, best, test, noisy_test, sigma)
            level["filters"][filter_name] = {
                "psnr": round(float(psnr(np.mean(errors))), 3),
                "meanPsnr": round(float(np.mean(psnr(errors))), 3),
                "parameters": best,
            }
            print(name, sigma, filter_name, level["filters"][filter_name], file=sys.stderr, flush=True)
        levels.append(level)
    return {"name": name, "images": len(test), "tunedOn": len(tuning), "levels": levels}


def fashion_mnist(folder, part):
    data = gzip.open(pathlib.Path(folder) / f"{part}-images-idx3-ubyte.gz").read()
    return list(np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28).astype(np.float64))


def photos(folder, count=None):
    paths = sorted(pathlib.Path(folder).glob("*.png"))
    if count:
        paths = paths[:: max(1, len(paths) // count)][:count]
    return [imread(path, as_gray=True).astype(np.float64) * (1 if imread(path).ndim == 2 else 255) for path in paths]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fashion_mnist")
    parser.add_argument("--pictures", nargs=3, action="append", default=[], metavar=("NAME", "TRAIN", "TEST"))
    options = parser.parse_args()
    sets = [
        measure(
            "Fashion-MNIST",
            fashion_mnist(options.fashion_mnist, "train")[:TUNING_PICTURES],
            fashion_mnist(options.fashion_mnist, "t10k"),
        )
    ]
    for name, train, test in options.pictures:
        sets.append(measure(name, photos(train, TUNING_PHOTOS), photos(test)))
    json.dump(
        {
            "script": "bench/peers/skimage_reference.py",
            "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-image": skimage.__version__},
            "noise": "white Gaussian, not clipped; output clipped to 0..255",
            "sets": sets,
        },
        sys.stdout,
        indent=1,
    )
    print()


if __name__ == "__main__":
    main()
