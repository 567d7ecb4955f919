"""Pictures as they are meant to be seen: phones send them lying, with a word for how."""

from __future__ import annotations

import numpy as np
from livekit import rtc


def upright(frame: rtc.VideoFrame, turns: int) -> rtc.VideoFrame:
    """The picture after so many quarter turns clockwise; one that stands already is not copied."""
    if not turns:
        return frame
    i420 = rtc.VideoBufferType.I420
    lying = frame if frame.type == i420 else frame.convert(i420)
    width, height = lying.width, lying.height
    half = (height + 1) // 2, (width + 1) // 2
    data = np.frombuffer(lying.data, dtype=np.uint8)
    planes, start = [], 0
    for rows, columns in ((height, width), half, half):
        plane = data[start : start + rows * columns].reshape(rows, columns)
        planes.append(np.rot90(plane, -turns).tobytes())
        start += rows * columns
    size = (height, width) if turns % 2 else (width, height)
    return rtc.VideoFrame(*size, i420, b"".join(planes))
