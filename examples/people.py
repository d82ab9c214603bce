"""The people of the example files: drawn with a seed, none of them exists.

E-mail addresses are at domains reserved for examples (RFC 2606), phone numbers from the ranges that
the German regulator keeps free for film and television. Postcodes and cities are real and belong
together.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

SEED = 20_261_005


def words(text: str) -> list[str]:
    """The words of a list that is easier to read as a sentence."""
    return text.split()


WOMEN = words(
    "Anna Birgit Cora Dörte Elif Franziska Grete Hülya Ingrid Jana Käthe Leonie Mareike Nadja "
    "Olga Petra Ronja Sabine Theresa Ulrike Veronika Wiebke Yasemin Zoe"
)
MEN = words(
    "Ali Ben Carsten Dieter Emre Fritz Günter Hannes Igor Jürgen Karl Lorenz Malte Nils Oskar "
    "Paul Rüdiger Sören Torben Uwe Volker Werner Xaver Yusuf"
)
LAST = words(
    "Abendroth Bäcker Çelik Dünkel Eßer Fröhlich Groß Hübner Iversen Jäger Köhler Lindqvist "
    "Müller Nürnberger Özdemir Petersen Quandt Röhrig Schäfer Thießen Unger Voß Weiß Yilmaz "
    "Zöllner Krüger Kowalski Nguyen"
)
STREETS = words(
    "Ahornweg Birkenallee Bäckergasse Dorfstraße Eichenweg Goethestraße Gartenstraße Hauptstraße "
    "Kirchplatz Lindenstraße Mühlenweg Rosenweg Schillerstraße Schulstraße Tannenweg Uferstraße "
    "Waldstraße Wiesengrund"
)
PLACES = """\
10115 Berlin|12043 Berlin|20095 Hamburg|22767 Hamburg|80331 München|81667 München|50667 Köln
60311 Frankfurt am Main|70173 Stuttgart|40213 Düsseldorf|04109 Leipzig|01067 Dresden
30159 Hannover|90402 Nürnberg|28195 Bremen|45127 Essen|44135 Dortmund|99084 Erfurt|39104 Magdeburg
18055 Rostock|24103 Kiel|23552 Lübeck|55116 Mainz|66111 Saarbrücken|76133 Karlsruhe|68159 Mannheim
79098 Freiburg im Breisgau|86150 Augsburg|93047 Regensburg|97070 Würzburg|34117 Kassel
48143 Münster|33602 Bielefeld|52062 Aachen|53111 Bonn|03046 Cottbus|14467 Potsdam|07743 Jena
06108 Halle (Saale)|02826 Görlitz|25813 Husum|26121 Oldenburg|38100 Braunschweig|37073 Göttingen
89073 Ulm|87435 Kempten (Allgäu)|83022 Rosenheim|94032 Passau|95444 Bayreuth|17489 Greifswald
19053 Schwerin""".replace("\n", "|").split("|")
DOMAINS = (
    "example.com",
    "example.org",
    "example.net",
    "post.example",
    "mail.example",
    "familie.example",
)
#: Prefix, and how many digits complete the number.
DRAMA_NUMBERS = (
    ("030 23125", 3),
    ("040 66969", 3),
    ("0221 4710", 3),
    ("089 99998", 3),
    ("069 90009", 3),
    ("0171 39200", 2),
)
INTERESTS = (
    "Photovoltaik mit Batteriespeicher", "Photovoltaikanlage 10 kWp", "Wärmepumpe Altbau",
    "Wärmepumpe Neubau", "Fenster erneuern", "Haustür und Fenster", "Neue Küche",
    "Küche mit Kochinsel", "Umzug innerorts", "Umzug mit Einlagerung", "Dachsanierung",
    "Fassadendämmung", "Wallbox 11 kW", "Badsanierung barrierefrei", "Treppenlift", "Wintergarten",
    "Gartengestaltung", "Malerarbeiten innen",
)  # fmt: skip
FIRMS = (
    "Hausverwaltung Nordlicht",
    "Bäckerei Sonnenschein",
    "Kanzlei am Markt",
    "Autohaus Grüner Weg",
    "Hotel Zur Post",
)
ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ö": "oe", "Ç": "c", "ç": "c"})


@dataclass
class Person:
    """Somebody who asks for something."""

    salutation: str
    first: str
    last: str
    email: str
    phone: str
    street: str
    postcode: str
    city: str
    interest: str
    number: str  # nine digits, for the ids of the sources
    day: str


class World:
    """Draws people; only `random()` is used, the one sequence that Python promises to keep."""

    def __init__(self, name: str) -> None:
        self._random = random.Random(f"{SEED}-{name}").random  # noqa: S311  # repeatable on purpose
        self._count = 0

    def below(self, limit: int) -> int:
        return int(self._random() * limit)

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def person(self) -> Person:
        self._count += 1
        woman = self._random() < 0.5
        first, last = self.one(WOMEN if woman else MEN), self.one(LAST)
        postcode, _, city = self.one(PLACES).partition(" ")
        prefix, digits = self.one(DRAMA_NUMBERS)
        return Person(
            salutation="Frau" if woman else "Herr",
            first=first,
            last=last,
            email=f"{first}.{last}{self._count}".translate(ASCII).lower() + "@" + self.one(DOMAINS),
            phone=prefix + f"{self.below(10**digits):0{digits}}",
            street=f"{self.one(STREETS)} {1 + self.below(90)}",
            postcode=postcode,
            city=city,
            interest=self.one(INTERESTS),
            number=f"{100_000_000 + self.below(900_000_000)}",
            day=f"2026-10-{1 + self.below(28):02}",
        )

    def people(self, count: int) -> list[Person]:
        return [self.person() for _ in range(count)]
