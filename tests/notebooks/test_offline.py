"""Kernels under test reach this machine only."""

import pytest
from nbformat import v4

from labs_lib.course import run


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    notebook = v4.new_notebook(
        cells=[
            v4.new_code_cell(
                "import socket\n"
                "try:\n"
                "    socket.create_connection(('192.0.2.1', 80), timeout=5)\n"
                "    print('connected')\n"
                "except OSError as error:\n"
                "    print(error)"
            ),
            v4.new_code_cell(
                "server = socket.create_server(('127.0.0.1', 0))\n"
                "socket.create_connection(server.getsockname(), timeout=5).close()\n"
                "print('loopback works')"
            ),
        ]
    )
    result = run.execute(notebook, mode="build", folder=tmp_path_factory.mktemp("offline"))
    assert result.error is None
    return ["".join(o.text for o in cell.outputs) for cell in notebook.cells]


def test_the_network_is_closed(outputs):
    assert (
        outputs[0].strip() == "the course runs without a network; tried to reach 192.0.2.1"
    )


def test_loopback_is_open(outputs):
    assert outputs[1].strip() == "loopback works"
