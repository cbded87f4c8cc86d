"""No address inside is reached that was not opened, however it is written."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.config import Settings
from services.errors import LindaError
from services.outbound import Outbound, Unreached

LOOPBACK = [ip_network("127.0.0.0/8")]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://10.1.2.3/x", "https://192.168.1.1/", "https://169.254.169.254/latest",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
        "https://0.0.0.0/", "https://224.0.0.1/", "http://example.com/", "ftp://example.com/",
        "https://user:secret@example.com/", "https:///x", "not an address", "https://example.com/#x",
        "https://[fe80::1%25eth0]/",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_and_safe_is_not_taken(url: str) -> None:
    with pytest.raises(LindaError) as refused:
        Outbound([]).check(url)
    assert refused.value.code == "url_refused"


def test_public_addresses_and_opened_networks_are_taken() -> None:
    Outbound([]).check("https://example.com/hook?a=1")
    Outbound([]).check("https://93.184.216.34/")
    Outbound(LOOPBACK).check("http://127.0.0.1:8080/hook")
    with pytest.raises(LindaError):
        Outbound(LOOPBACK).check("http://93.184.216.34/")  # without TLS only inside


@pytest.mark.parametrize(
    "host", ["localhost", "2130706433", "127.1", "0x7f.1", "[::ffff:127.0.0.1]"]
)
async def test_other_spellings_and_names_are_judged_by_where_they_lead(host: str) -> None:
    reached = []

    async def take(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/", take)
    async with TestServer(app) as server:
        closed, opened = Outbound([]), Outbound([ip_network("10.0.0.0/8")])
        try:
            for outbound, scheme in ((closed, "https"), (opened, "http"), (opened, "https")):
                with pytest.raises(Unreached):
                    await outbound.post(f"{scheme}://{host}:{server.port}/", b"", {}, 2.0)
        finally:
            await closed.close()
            await opened.close()
    assert reached == []


async def test_a_fetch_is_limited_in_size() -> None:
    async def give(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 5000)

    app = web.Application()
    app.router.add_get("/", give)
    async with TestServer(app) as server:
        outbound, url = Outbound(LOOPBACK), str(server.make_url("/"))
        try:
            assert len(await outbound.fetch(url, 5000, 2.0)) == 5000
            with pytest.raises(Unreached, match="太大"):
                await outbound.fetch(url, 4999, 2.0)
        finally:
            await outbound.close()


def test_a_wrong_network_names_its_setting() -> None:
    with pytest.raises(ValueError, match="LINDA_OUTBOUND_NETWORKS"):
        Settings(outbound_networks="inside")
