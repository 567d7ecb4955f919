"""What deploy/ names exists: settings, commands, files, services. Nobody of us runs containers."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from tests import generated
from tests.deploy.machine import ROOT

from duologue.server.health import DOORS
from duologue.settings import Settings

DEPLOY = ROOT / "deploy"
FOLDER = DEPLOY / "container"
FILES = sorted(each for each in DEPLOY.rglob("*") if each.is_file())
SERVERS = ("duologue-1", "duologue-2")


def read(path: Path) -> str:
    """A file's text."""
    return path.read_text(encoding="utf-8")


def compose() -> dict[str, Any]:
    """The services and volumes."""
    found: dict[str, Any] = yaml.safe_load(read(FOLDER / "compose.yaml"))
    return found


def stages() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, each with what stands behind it."""
    text = re.sub(r"^#.*\n", "", read(FOLDER / "Containerfile"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest) for word, _, rest in (each.partition(" ") for each in lines if each)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    """A name that the server would refuse at its start is found here."""
    named = {each.lower() for each in re.findall(r"DUOLOGUE_([A-Z_]+[A-Z])", read(path))}
    assert named <= set(Settings.__struct_fields__)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path: Path) -> None:
    """With its options, as the reference of commands has them."""
    reference = generated.cli_page()
    known = re.findall(r"^## `duologue ([a-z]+(?: [a-z]+)?)", reference, re.MULTILINE)
    for line in re.findall(r"(?:bin/|-1 )duologue ([a-z][^`\n]*)", read(path)):
        words = line.split()
        assert words[0] in known or " ".join(words[:2]) in known, line
        assert not [word for word in words if word[:2] == "--" and f"`{word}" not in reference], (
            line
        )


def test_what_was_not_run_says_so() -> None:
    """Nobody takes these files for proven ones."""
    for name in ("Containerfile", "compose.yaml", "Caddyfile", "livekit.yaml"):
        assert "NOT RUN BY US" in read(FOLDER / name).partition("\n")[0], name


def test_images_name_no_registry_and_a_version() -> None:
    """Whoever runs them chooses where they come from; none is `latest`."""
    images = [rest.split(" AS ")[0] for word, rest in stages() if word == "FROM"]
    images += [each["image"] for each in compose()["services"].values() if "build" not in each]
    assert len(images) == 7
    for image in images:
        assert "." not in image.partition("/")[0].partition(":")[0]
        assert re.search(r":v?\d", image), image


def test_the_image_is_made_of_files_that_are_there_and_of_pinned_packages() -> None:
    """Each COPY of this tree names what git has; pip takes nothing without a hash."""
    for word, rest in stages():
        if word == "COPY" and "--from" not in rest:
            for name in rest.split()[:-1]:
                assert (ROOT / name).exists(), name
        if word == "RUN" and "pip install" in rest and not rest.endswith(" ."):
            assert "--require-hashes" in rest
    assert "--hash=sha256:" in read(ROOT / "requirements" / "server.txt")
    assert "hatchling" in read(ROOT / "requirements" / "server.txt")  # without isolation it builds


def test_the_image_runs_without_root_and_starts_the_server() -> None:
    """The last USER is a number that is not 0, so that a cluster may check it."""
    last = dict(stages())
    assert int(last["USER"]) > 0
    assert last["ENTRYPOINT"] == '["duologue"]'
    assert last["CMD"] == '["serve"]'
    assert last["EXPOSE"] == str(Settings().port)
    assert last["STOPSIGNAL"] == "SIGTERM"


def test_the_services_belong_together() -> None:
    """Every volume, file, variable and neighbour that one names is there."""
    whole = compose()
    services = whole["services"]
    assert set(services) == {*SERVERS, "postgres", "redis", "livekit", "caddy"}
    used = set()
    for each in services.values():
        assert set(each.get("depends_on", ())) <= set(services)
        for volume in each.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in whole["volumes"] or (FOLDER / source).is_file(), source
            used.add(source)
    assert set(whole["volumes"]) <= used
    assert set(re.findall(r"\$\{(\w+)\}", read(FOLDER / "compose.yaml"))) == set(
        re.findall(r"^(\w+)=", read(FOLDER / "environment.example"), re.MULTILINE)
    )
    for name in SERVERS:
        settings = services[name]["environment"]
        assert settings["DUOLOGUE_PEER_HOST"] == name
        for setting in ("DUOLOGUE_DATABASE_URL", "DUOLOGUE_REDIS_URL"):
            assert re.split(r"@|//", settings[setting])[-1].split("/")[0].split(":")[0] in services
        grace = int(services[name]["stop_grace_period"].removesuffix("s"))
        assert grace > Settings().drain_seconds + 10


def test_the_proxy_leads_to_every_server_and_asks_whether_it_is_ready() -> None:
    """Its upstreams are the services, its check is one of our doors, its names are given to it."""
    text = read(FOLDER / "Caddyfile")
    upstreams = re.findall(r"([\w-]+):8787", text)
    assert tuple(upstreams) == SERVERS
    doors = {path for door in DOORS for path in door.paths}
    assert set(re.findall(r"health_uri (\S+)", text)) == {"/ready"} <= doors
    assert "/health" in doors
    services = compose()["services"]
    address = services["caddy"]["networks"]["default"]["ipv4_address"]
    [network] = compose()["networks"]["default"]["ipam"]["config"]
    assert ip_address(address) in ip_network(network["subnet"])
    assert ip_address(address) not in ip_network(network["ip_range"])
    for name in SERVERS:
        assert services[name]["environment"]["DUOLOGUE_TRUSTED_PROXIES"] == address
    named = set(re.findall(r"\{\$(\w+)\}", text))
    assert named == set(compose()["services"]["caddy"]["environment"])
    assert text.count("{") == text.count("}")


def test_livekit_knows_what_it_is_told() -> None:
    """The file is YAML with the ports that its server has."""
    told = yaml.safe_load(read(FOLDER / "livekit.yaml"))
    assert told["port"] == 7880
    assert told["rtc"]["port_range_start"] < told["rtc"]["port_range_end"]


def test_the_readme_names_every_file() -> None:
    """Which file is for what."""
    text = read(DEPLOY / "README.md")
    told = [each.name for each in FILES if each.name != "README.md"]
    assert not [name for name in told if f"/{name}`" not in text and "ignore" not in name]
