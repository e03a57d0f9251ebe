"""
What classical filters make of Gaussian noise, for the reference rows of `denoise-wasm evaluate`:

    python3 bench/peers/skimage_reference.py FASHION_MNIST_FOLDER [NAME TRAIN_FOLDER TEST_FOLDER]... \
        > src/quality/classical-filters.json

Folders other than Fashion-MNIST's hold PNG files. Needs numpy, scipy and scikit-image. The noise is white and not
clipped, what a filter puts out is clipped to 0..255. For each level the best parameters on training pictures are taken
to all test pictures. `psnr` is that of the mean squared error over the set; `meanPsnr` the mean of the pictures' own.
"""

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


def nl_means(picture, sigma, patch, distance, h):
    return denoise_nl_means(picture, patch, distance, h=h * sigma, sigma=sigma, fast_mode=True)


def total_variation(picture, sigma, weight):
    return denoise_tv_chambolle(picture / 255, weight=weight * sigma / 255, eps=2e-4, max_num_iter=100) * 255


FILTERS = {
    "gaussian": (
        lambda picture, sigma, width: gaussian_filter(picture, width),
        {"width": [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0]},
    ),
    "median": (lambda picture, sigma, size: median_filter(picture, size), {"size": [2, 3, 4, 5, 7]}),
    "nonLocalMeans": (nl_means, {"patch": [3, 5, 7], "distance": [5, 9], "h": [0.4, 0.6, 0.8, 1.0, 1.2, 1.5]}),
    "totalVariation": (total_variation, {"weight": [0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.1, 1.3, 1.6, 2.0]}),
}


def psnr(mse):
    return 10 * np.log10(255**2 / np.asarray(mse))


def measure(name, tuning, test):
    levels = []
    for sigma in [5, 10, 15, 25, 50, 75]:
        filters = {}
        levels.append({"sigma": sigma, "filters": filters})

        def errors(name, parameters, pictures, seed):
            for index, clean in enumerate(pictures):
                noise = np.random.default_rng([seed, sigma, index]).standard_normal(clean.shape)
                output = FILTERS[name][0](clean + sigma * noise, sigma, **parameters)
                yield np.mean((np.clip(output, 0, 255) - clean) ** 2)

        for filter_name, (_, grid) in FILTERS.items():
            choices = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
            best = min(choices, key=lambda choice: np.mean(list(errors(filter_name, choice, tuning, 1))))
            mse = list(errors(filter_name, best, test, 2))
            results = {"psnr": psnr(np.mean(mse)), "meanPsnr": np.mean(psnr(mse))}
            filters[filter_name] = {key: round(float(value), 3) for key, value in results.items()} | {"parameters": best}
            print(name, sigma, filter_name, filters[filter_name], file=sys.stderr, flush=True)
    return {"name": name, "images": len(test), "tunedOn": len(tuning), "levels": levels}


def fashion_mnist(folder, part):
    data = gzip.open(pathlib.Path(folder) / f"{part}-images-idx3-ubyte.gz").read()
    return list(np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28).astype(np.float64))


def photos(folder, count=None):
    paths = sorted(pathlib.Path(folder).glob("*.png"))
    paths = paths[:: max(1, len(paths) // count)][:count] if count else paths
    return [imread(path, as_gray=True).astype(np.float64) * (1 if imread(path).ndim == 2 else 255) for path in paths]


fashion, *others = sys.argv[1:]
sets = [measure("Fashion-MNIST", fashion_mnist(fashion, "train")[:200], fashion_mnist(fashion, "t10k"))]
for name, train, test in zip(others[::3], others[1::3], others[2::3]):
    sets.append(measure(name, photos(train, 8), photos(test)))
results = {
    "script": "bench/peers/skimage_reference.py",
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-image": skimage.__version__},
    "noise": "white Gaussian, not clipped; output clipped to 0..255",
    "sets": sets,
}
json.dump(results, sys.stdout, indent=1)
print()
