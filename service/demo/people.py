"""Who is who in the demo world. Everybody and everything is invented."""

from typing import NamedTuple

from service.domain.marketplaces.messages import Capacity
from service.vocabulary import Role

PASSWORD = "kollegium-demo"  # noqa: S105 - everybody's, and printed at every start


class DemoPerson(NamedTuple):
    """A colleague; the address is the first name at the company's domain."""

    name: str
    role: Role = "member"


class Firm(NamedTuple):
    """A company; the first of its people is the admin that staff sets up."""

    name: str
    domain: str
    people: tuple[DemoPerson, ...]

    def email(self, person: DemoPerson) -> str:
        """The address with which a person logs in."""
        first = person.name.lower().translate(_UMLAUTS).split()[0]
        return f"{first}@{self.domain}"

    @property
    def admin_email(self) -> str:
        """The address of its first admin."""
        return self.email(self.people[0])


class Partner(NamedTuple):
    """A company on a marketplace. No areas: everywhere; no tags: everything."""

    firm: str
    capacity: Capacity
    areas: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cap: int | None = None


class DemoFile(NamedTuple):
    """An export that a firm imports; consent None: the file's own column tells it."""

    firm: str
    name: str
    consent: bool | None = None
    mapping: str | None = None


class DemoMarket(NamedTuple):
    """A marketplace, who takes part in it, and which files come in."""

    name: str
    operator: str
    steps: tuple[str, ...]
    automatic: bool  #: leads are accepted and offered without the operator
    partners: tuple[Partner, ...]
    files: tuple[DemoFile, ...]


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ş": "s"})

SOLAR, UMZUG = "Solarportal Nord GmbH", "Umzugsmarkt Berlin GmbH"
ENERGIE, WOHNEN, MESSE = (
    "Energie-Check Online GmbH",
    "Verbraucherhilfe Wohnen e. V.",
    "Messe Nord Service GmbH",
)
HUBER, KLEIN, MEISTER, NORDWIND = (
    "Huber Solar & Dach GmbH",
    "Elektro Klein",
    "Wärme Meister Süd GmbH",
    "Nordwind Haustechnik KG",
)
SPREE, KUECHEN, MALER = "Spree-Umzüge GmbH", "Küchenhaus Schröder", "Malerbetrieb Yıldız"

FIRMS = (
    Firm(
        SOLAR,
        "solarportal-nord.example",
        (
            DemoPerson("Svenja Petersen", "admin"),
            DemoPerson("Jan Claasen"),
            DemoPerson("Imke Harms", "delegator"),
        ),
    ),
    Firm(
        UMZUG,
        "umzugsmarkt-berlin.example",
        (DemoPerson("Kemal Aydin", "admin"), DemoPerson("Britta Lehmann")),
    ),
    Firm(
        ENERGIE,
        "energie-check.example",
        (DemoPerson("Anja Vogt", "admin"), DemoPerson("Timo Brandt")),
    ),
    Firm(WOHNEN, "vh-wohnen.example", (DemoPerson("Renate Krause", "admin"),)),
    Firm(
        MESSE,
        "messe-nord.example",
        (DemoPerson("Ole Tiedemann", "admin"), DemoPerson("Wiebke Jansen")),
    ),
    Firm(
        HUBER,
        "huber-solar.example",
        (
            DemoPerson("Anna Huber", "admin"),
            DemoPerson("Ben Huber"),
            DemoPerson("Dora Lindner", "delegator"),
            DemoPerson("Emil Sauer"),
            DemoPerson("Fatma Demir"),
        ),
    ),
    Firm(KLEIN, "elektro-klein.example", (DemoPerson("Cora Klein", "admin"),)),
    Firm(
        MEISTER,
        "waerme-meister.example",
        (
            DemoPerson("Xaver Meister", "admin"),
            DemoPerson("Lena Öttl"),
            DemoPerson("Paul Wagner", "delegator"),
        ),
    ),
    Firm(
        NORDWIND,
        "nordwind-haustechnik.example",
        (DemoPerson("Hauke Lorenzen", "admin"), DemoPerson("Maren Voß")),
    ),
    Firm(
        SPREE,
        "spree-umzuege.example",
        (
            DemoPerson("Michael Kowalski", "admin"),
            DemoPerson("Sabine Thiel", "delegator"),
            DemoPerson("Tarek Haddad"),
            DemoPerson("Jule Marquardt"),
        ),
    ),
    Firm(
        KUECHEN,
        "schroeder-kuechen.example",
        (DemoPerson("Ingrid Schröder", "admin"), DemoPerson("Lars Schröder")),
    ),
    Firm(MALER, "malerbetrieb-yildiz.example", (DemoPerson("Deniz Yıldız", "admin"),)),
)

MARKETS = (
    DemoMarket(
        "Solarportal Nord",
        SOLAR,
        ("neu", "kontaktiert", "Vor-Ort-Termin", "Angebot"),
        False,
        (
            Partner(ENERGIE, "giver"),
            Partner(WOHNEN, "giver"),
            Partner(
                HUBER,
                "taker",
                ("0", "1", "2", "3", "4", "5", "6"),
                ("photovoltaik", "batteriespeicher", "wallbox", "dach", "waermepumpe"),
            ),
            Partner(
                KLEIN,
                "taker",
                ("0", "1", "2", "3", "4", "5"),
                ("photovoltaik", "batteriespeicher", "wallbox", "dach"),
                10,
            ),
            Partner(
                MEISTER,
                "taker",
                ("6", "7", "8", "9"),
                ("waermepumpe", "heizung", "photovoltaik", "dach", "bad"),
            ),
            Partner(
                NORDWIND,
                "taker",
                (),
                ("waermepumpe", "heizung", "daemmung", "fenster", "bad"),
            ),
        ),
        (
            DemoFile(ENERGIE, "meta-lead-ads.csv", True),
            DemoFile(ENERGIE, "google-ads-leads.csv"),  # nobody stated the consent: drafts
            DemoFile(WOHNEN, "leads-deutsch.csv"),
            DemoFile(SOLAR, "salesforce-report.csv", True),
        ),
    ),
    DemoMarket(
        "Umzugsmarkt Berlin",
        UMZUG,
        ("neu", "kontaktiert", "Besichtigung", "Kostenvoranschlag"),
        True,
        (
            Partner(WOHNEN, "giver"),
            Partner(MESSE, "giver"),
            Partner(SPREE, "taker", (), ("umzug", "treppenlift")),
            Partner(KUECHEN, "taker", (), ("kueche", "bad", "wintergarten")),
            Partner(MALER, "taker", (), ("maler", "bad", "fenster"), 5),
            # An operator there, a taker here: capacities belong to a marketplace, not to a company.
            Partner(SOLAR, "taker", (), ("photovoltaik", "batteriespeicher", "waermepumpe")),
        ),
        (
            DemoFile(WOHNEN, "hubspot-contacts.csv", True),
            DemoFile(MESSE, "custom.csv", None, "custom-mapping.toml"),
            DemoFile(MESSE, "leads.xlsx"),
        ),
    ),
)

# Invited last and never accepted: with it the world is complete, and `kollegium mails` has an
# invitation that can be tried.
NEWCOMER = "nina@huber-solar.example"
NEWCOMER_FIRM = HUBER


def firm(name: str) -> Firm:
    """The firm of that name."""
    return next(found for found in FIRMS if found.name == name)


def capacities(name: str) -> list[str]:
    """operator, giver, taker: what a firm is on any marketplace."""
    found = {"operator" for market in MARKETS if market.operator == name}
    found |= {p.capacity for market in MARKETS for p in market.partners if p.firm == name}
    return [capacity for capacity in ("operator", "giver", "taker") if capacity in found]
