"""notebook.py FOLDER: runs the notebook in FOLDER by Jupyter's protocol, as jupyter would, and writes what comes out into it.

JUPYTER_PATH names the folder that says how kernels are started.
"""

import sys
from pathlib import Path
from queue import Empty

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete

# Deno's kernel sometimes says that a cell is done before it sends what the cell shows. Jupyter shows that too; nbclient
# hears no more of it. So many seconds are left for it.
LATE = 1


async def hear_late(cell, cell_index, execute_reply):
    while True:
        try:
            message = await client.kc.get_iopub_msg(timeout=LATE)
            if message["parent_header"].get("msg_id") == execute_reply["parent_header"]["msg_id"]:
                client.process_message(message, cell, cell_index)
        except CellExecutionComplete:
            pass
        except Empty:
            return


(path,) = Path(sys.argv[1]).glob("*.ipynb")
notebook = nbformat.read(path, as_version=4)
client = NotebookClient(
    notebook,
    timeout=1700,
    record_timing=False,
    resources={"metadata": {"path": sys.argv[1]}},
    on_cell_executed=hear_late,
)
client.execute()
notebook.metadata.language_info = {"name": "typescript"}
nbformat.write(notebook, path)
