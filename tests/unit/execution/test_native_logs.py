"""Log lines of native libraries are kept out of a notebook, everything else stays."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_output

from grader.execution.native_logs import drop_native_logs, without_native_logs

NATIVE = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    (
        "I0000 00:00:1795379189.603142   25973 port.cc:153] oneDNN custom operations are on. You may see slightly "
        "different numerical results."
    ),
    "E0000 00:00:1732812345.678901    4711 cuda_executor.cc:1228] INTERNAL: CUDA Runtime error: no device",
    "W0000 00:00:1732812345.678901    4711 gpu_device.cc:2344] Cannot dlopen some GPU libraries.",
    "I1122 20:26:29.603142   25973 cpu_feature_guard.cc:227] This TensorFlow binary is optimized.",
    (
        "2025-11-22 20:26:29.123456: I external/local_xla/xla/tsl/cuda/cudart_stub.cc:31] Could not find cuda drivers "
        "on your machine, GPU will not be used."
    ),
    "2025-11-22 20:26:29.123456: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary",
    (
        "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate "
        "compiler flags."
    ),
    "Skipping registering GPU devices...",
]
OWN = [
    "my own line",
    "WARNING: the loss is not going down",
    "WARNING:absl:You are saving your model as an HDF5 file.",
    "I0000 is what I print",
    "UserWarning: something about I0000 00:00:1.2 3 port.cc:1] quoted",
    "2025-11-22 20:26:29.123456: I am here",
    "F0000 00:00:1732812345.678901    4711 op.cc:12] Check failed: the reason why the kernel died",
]


@pytest.mark.parametrize("line", NATIVE)
def test_a_native_line_goes(line: str) -> None:
    """A line of a backend's native logger is removed, its neighbours stay."""
    assert "before\nafter\n" == drop_native_logs(f"before\n{line}\nafter\n")


@pytest.mark.parametrize("line", OWN)
def test_a_students_line_stays(line: str) -> None:
    """What a student, a Python warning or a fatal error writes stays, to the character."""
    assert f"{line}\r\n\n  x" == drop_native_logs(f"{line}\r\n\n  x")


def test_an_output_of_native_lines_alone_goes() -> None:
    """A stderr that held nothing else leaves no empty box; stdout is never touched."""
    native = f"{NATIVE[1]}\n"
    outputs = [
        new_output("stream", name="stderr", text=native),
        new_output("stream", name="stderr", text=f"{native}mine\n"),
        new_output("stream", name="stdout", text=native),
        new_output("display_data", data={"text/plain": native}),
    ]
    expected = [new_output("stream", name="stderr", text="mine\n"), *outputs[2:]]
    assert expected == without_native_logs(outputs)
