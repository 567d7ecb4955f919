"""A page's microphones, which a test plugs in and out: each is a tone of its own."""

from __future__ import annotations

import json
from typing import Final

import numpy as np
from tests.pages.tab import Tab

RATE: Final = 16000
TONES: Final = {"Desk": 400, "Headset": 1200}
"""In hertz, of each microphone by its name; the first is the one that a page gets by itself."""
PLUGGED: Final = f"""(() => {{
  const tones = {json.dumps(TONES)};
  const there = new Set(Object.keys(tones));
  const open = [];
  let context;
  const media = navigator.mediaDevices;
  media.enumerateDevices = async () => [...there].map((name) =>
    ({{kind: "audioinput", deviceId: name, groupId: name, label: name}}));
  media.getUserMedia = async ({{audio}}) => {{
    const wanted = audio.deviceId?.exact ?? audio.deviceId?.ideal ?? audio.deviceId;
    if (there.size === 0) throw new DOMException("none is there", "NotFoundError");
    if (audio.deviceId?.exact && !there.has(wanted)) {{
      throw new DOMException("it is not there", "OverconstrainedError");
    }}
    const name = there.has(wanted) ? wanted : [...there][0];
    context ??= new AudioContext();
    const tone = new OscillatorNode(context, {{frequency: tones[name]}});
    const end = context.createMediaStreamDestination();
    tone.connect(new GainNode(context, {{gain: 0.2}})).connect(end);
    tone.start();
    const [track] = end.stream.getAudioTracks();
    Object.defineProperty(track, "label", {{value: name}});
    track.getSettings = () => ({{deviceId: name, groupId: name}});
    open.push(track);
    return end.stream;
  }};
  globalThis.plug = (name) => {{
    there.add(name);
    media.dispatchEvent(new Event("devicechange"));
  }};
  globalThis.unplug = (name) => {{
    there.delete(name);
    for (const track of open.filter((one) => one.label === name && one.readyState === "live")) {{
      track.stop();
      track.dispatchEvent(new Event("ended")); // as a browser does where it was not the page's wish
    }}
    media.dispatchEvent(new Event("devicechange"));
  }};
  globalThis.live = () => open.filter((one) => one.readyState === "live").map((one) => one.label);
}})()"""


def hears_tone(tab: Tab, name: str) -> None:
    """Waits until what the page sends is this microphone's tone, and no other one is open."""
    tab.until(lambda: abs(pitch(tab) - TONES[name]) < 20, f"the tone of {name}")
    assert tab.run("live()") == [name]


def pitch(tab: Tab) -> int:
    """The tone of the last half second that the page sent, in hertz; 0 for nothing."""
    sound = np.frombuffer(tab.sound(), dtype="<i2")[-RATE // 2 :].astype(np.float64)
    if len(sound) < RATE // 2 or np.abs(sound).max() < 300:
        return 0
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return int(np.argmax(spectrum)) * 2
