"""notebook.py FOLDER: runs the notebook in FOLDER by Jupyter's protocol, as jupyter would, and writes what comes out into it.

JUPYTER_PATH names the folder that says how kernels are started.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

(path,) = Path(sys.argv[1]).glob("*.ipynb")
notebook = nbformat.read(path, as_version=4)
client = NotebookClient(
    notebook, timeout=1700, record_timing=False, resources={"metadata": {"path": sys.argv[1]}}
)
client.execute()
notebook.metadata.language_info = {"name": "typescript"}
nbformat.write(notebook, path)
