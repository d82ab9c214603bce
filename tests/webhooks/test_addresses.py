"""Where nothing is sent, however it is written: at registration and at delivery."""

import ipaddress

import pytest

from service.outgoing.addresses import (
    AddressRefused,
    Reach,
    addresses_of,
    public,
    reach_of,
    target_of,
)
from service.outgoing.sending import Courier
from service.settings import SettingMissing
from tests.fixtures.market import Market, slug

NOWHERE = Reach()
# Networks by their first, last or best-known address.
FORBIDDEN = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200",
    "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.0.1", "169.254.169.254",
    "169.254.170.2", "172.16.0.1", "172.31.255.255", "168.63.129.16", "192.0.0.1", "192.0.0.192",
    "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.255",
    "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.255", "224.0.0.1",
    "224.0.1.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "[::]", "[::1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:8.8.8.8]",
    "[::ffff:0:8.8.8.8]", "[64:ff9b::127.0.0.1]", "[64:ff9b::10.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]", "[100::1]", "[2001::1]", "[2001:0:53aa:64c::1]", "[2001:2::1]",
    "[2001:10::1]", "[2001:20::1]", "[2001:db8::1]", "[2002:7f00:1::1]", "[2002:808:808::1]",
    "[2620:4f:8000::1]", "[3fff::1]", "[4000::1]", "[5f00::1]", "[fc00::1]", "[fd00:ec2::254]",
    "[fe80::1]", "[fec0::1]", "[ff02::1]", "[ff0e::1]",
)  # fmt: skip
# Programs read these differently from each other; who is right does not matter.
ODD = (
    "https://2130706433/", "https://017700000001/", "https://0x7f000001/", "https://0x7f.0.0.1/",
    "https://0177.0.0.1/", "https://127.1/", "https://127.0.1/", "https://127.0.0.1./",
    "https://1.2.3.4.5/", "https://256.1.1.1/", "https://1.1.1.01/", "https://0x/", "https://[::1",
    "https://[fe80::1%25eth0]/", "https://[::ffff:0x7f.1]/", "https://[1.1.1.1]/",
    "https://localhost./", "https://a..example/", "https://.example/", "https://-.example-/",
    "https://\u2460\u2461.example/\u00e4", "https://a.example:0x50/", "https://a.example:99999/",
    "https://a.example:-1/", "https://user@a.example/", "https://user:pw@a.example/",
    "https://a.example@127.0.0.1/", "https://a.example#@127.0.0.1/", "https://a.example\\@b/",
    "https:\\\\a.example/", "https://a.example /", "https://a.example/\r\nHost: b", "https:///a",
    "https://\ta.example/", "https://a%2eexample/", "https://a.example/%\x00", "https://",
    "http:a.example", "//a.example/", "ftp://a.example/", "file:///etc/passwd", "gopher://a/",
    "javascript:alert(1)", "https://a.example/" + "x" * 2000, "https://" + "a" * 64 + ".example/",
    "https://\uff11\uff12\uff17.1/", "https://a\u3002\u3002example/", "https://a_b!.example/",
)  # fmt: skip


async def nobody(host: str, port: int) -> list[str]:
    """Must not be asked."""
    raise AssertionError(host)


def test_there_are_enough_of_them() -> None:
    assert len(FORBIDDEN) >= 60


@pytest.mark.parametrize("host", FORBIDDEN)
async def test_nothing_goes_to_a_forbidden_address(host: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        await addresses_of(target_of(f"https://{host}/hook"), NOWHERE, nobody)
    assert refused.value.why == "forbidden"

    async def rebound(name: str, port: int) -> list[str]:
        return ["1.1.1.1", host.strip("[]")]  # one of its addresses is enough

    answer = await Courier(NOWHERE, rebound).post("https://crm.example/", {}, b"{}")
    assert (answer.status, answer.failure) == (None, "forbidden")
    direct = await Courier(NOWHERE, nobody).post(f"https://{host}/", {}, b"{}")
    assert direct.failure == "forbidden"


async def test_it_is_the_filter_that_refuses_them() -> None:
    """The control: everything is allowed."""
    everywhere = reach_of("0.0.0.0/0, ::/0")
    for host in FORBIDDEN:
        assert await addresses_of(target_of(f"https://{host}/hook"), everywhere, nobody)


@pytest.mark.parametrize("url", ODD)
def test_an_odd_notation_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        target_of(url)


@pytest.mark.parametrize(
    ("url", "spelt"),
    [
        ("https://crm.example", "https://crm.example/"),
        ("HTTPS://CRM.Example:443/Haken?a=B", "https://crm.example/Haken?a=B"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://crm.example:8443/%7Ex", "https://crm.example:8443/%7Ex"),
        ("https://[2606:4700:4700:0:0:0:0:1111]/", "https://[2606:4700:4700::1111]/"),
    ],
)
def test_an_address_has_one_spelling(url: str, spelt: str) -> None:
    assert target_of(url).url == spelt
    assert target_of(spelt).url == spelt


def test_digits_of_other_scripts_are_the_address_they_stand_for() -> None:
    target = target_of("https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/")
    assert target.literal == ipaddress.ip_address("127.0.0.1")


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1", "64:ff9b::808:808"])
def test_the_public_internet_is_reached(address: str) -> None:
    assert public(ipaddress.ip_address(address))


@pytest.mark.parametrize("port", [0, 21, 22, 25, 80, 111, 445, 465, 993, 3306, 5432, 6379, 11211])
async def test_nothing_goes_to_other_services(port: int) -> None:
    with pytest.raises(AddressRefused) as refused:
        await addresses_of(target_of(f"https://1.1.1.1:{port}/"), NOWHERE, nobody)
    assert refused.value.why == "port"


async def test_only_named_networks_are_reached_by_http() -> None:
    inside = reach_of("10.1.0.0/16, fd00:1::/64")
    for url in ("http://10.1.2.3:25/", "https://10.1.2.3/", "http://[fd00:1::2]:8080/"):
        assert await addresses_of(target_of(url), inside, nobody)
    for url, why in (
        ("http://10.2.0.1/", "forbidden"),
        ("http://1.1.1.1/", "unencrypted"),
        ("http://[::ffff:10.1.2.3]/", "forbidden"),
    ):
        with pytest.raises(AddressRefused) as refused:
            await addresses_of(target_of(url), inside, nobody)
        assert refused.value.why == why


@pytest.mark.parametrize("text", ["10.0.0.1/8", "intern", "10.0.0.0/8;11.0.0.0/8"])
def test_a_setting_that_is_no_list_of_networks_is_refused(text: str) -> None:
    with pytest.raises(SettingMissing):
        reach_of(text)


async def test_a_name_that_stands_for_nothing_is_refused() -> None:
    async def nothing(host: str, port: int) -> list[str]:
        raise OSError

    answer = await Courier(NOWHERE, nothing).post("https://crm.example/", {}, b"{}")
    assert answer.failure == "unknown-name"


async def test_registration_says_what_is_wrong(market: Market) -> None:
    """Each address of the list; what the answer names is the field."""
    for host in FORBIDDEN:
        refused = await market.anna.post("/webhooks", {"url": f"https://{host}/hook"})
        assert (refused.status_code, slug(refused)) == (400, "validation-failed"), host
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/url", "url-forbidden"), host
    for url in ODD:
        refused = await market.anna.post("/webhooks", {"url": url})
        assert refused.status_code == 400, url
    localhost = await market.anna.post("/webhooks", {"url": "https://localhost/"})
    assert localhost.json()["errors"][0]["code"] == "url-forbidden"
    assert (await market.anna.get("/webhooks")).json()["items"] == []
