"""Words of which the invented former system is made. Nobody and nothing of it exists.

E-mail addresses are at domains reserved for examples (RFC 2606); telephone numbers lie in ranges
that the German regulator keeps free.
"""


def words(text: str) -> list[str]:
    """The words of a list that is easier to read as a sentence."""
    return text.split()


def phrases(text: str) -> list[str]:
    """The same for phrases, with bars between them."""
    return text.split("|")


FIRST = words(
    "Anna Ben Birgit Cora Dörte Elif Emre Franziska Fritz Grete Günter Hannes Hülya "
    "Ingrid Jana Jürgen Käthe Leonie Lorenz Malte Mareike Nadja Oskar Petra Rüdiger "
    "Ronja Sabine Sören Theresa Torben Ulrike Uwe Veronika Werner Wiebke Xaver Yasemin "
    "Yusuf Zoe"
)
LAST = words(
    "Abendroth Bäcker Becker Çelik Dünkel Eßer Fischer Fröhlich Groß Hübner Iversen "
    "Jäger Klein Köhler Kowalski Krüger Lange Lindqvist Maier Müller Nguyen Nürnberger "
    "Özdemir Petersen Quandt Röhrig Schäfer Schmidt Schröder Thießen Unger Voß Weiß "
    "Yıldız Zimmermann Zöllner"
)
TRADES = phrases(
    "Solar & Dach|Elektrotechnik|Haustechnik|Wärmepumpen|Malerbetrieb|Umzüge|"
    "Küchenstudio|Heizungsbau|Fensterbau|Garten- und Landschaftsbau|Zimmerei|Bäderwelt|"
    "Energieberatung|Photovoltaik Nord|Sanitär|Trockenbau|Finanzberatung|"
    "Versicherungsmakler"
)
FORMS = ("GmbH", "GmbH", "KG", "e. K.", "UG (haftungsbeschränkt)", "GmbH & Co. KG", "", "")
MARKETS = phrases(
    "Solarportal|Umzugsmarkt|Wärmepumpen-Börse|Handwerk direkt|Küchenanfragen|Dachprofis|"
    "Fensterfinder|Versicherungsleads|Baufinanz-Forum|Gartenbörse"
)
REGIONS = words("Nord Süd West Ost Berlin Bayern Rhein-Ruhr Hanse Sachsen Baden")
INTERESTS = phrases(
    "Photovoltaikanlage 10 kWp|Wallbox mit Lastmanagement|Umzug einer Dreizimmerwohnung|"
    "Wärmepumpe für ein Einfamilienhaus|Küche mit Insel|Badsanierung, barrierefrei|"
    "Dachsanierung mit Dämmung|Zwölf Fenster, dreifach verglast|Gasheizung ersetzen|"
    "Gartenanlage mit Teich|Innenanstrich, 140 m²|Berufsunfähigkeitsversicherung|"
    "Anschlussfinanzierung über 180.000 €|Carport aus Holz|"
    "Speicher zur bestehenden Anlage nachrüsten"
)
TAGS = words(
    "photovoltaik speicher wallbox umzug küche bad dach fenster heizung garten eilig gewerblich"
)
STATUSES = ("neu", "kontaktiert", "Vor-Ort-Termin", "Angebot", "Nachfassen")
STREETS = words(
    "Ahornweg Birkenallee Bäckergasse Dorfstraße Eichenweg Goethestraße Hauptstraße "
    "Kirchplatz Lindenstraße Mühlenweg Rosenweg Schillerstraße Schulstraße Uferstraße "
    "Waldstraße"
)
PLACES = tuple(
    (place[:5], place[6:])
    for place in phrases(
        "10115 Berlin|20095 Hamburg|80331 München|50667 Köln|60311 Frankfurt am Main|"
        "70173 Stuttgart|40213 Düsseldorf|04109 Leipzig|01067 Dresden|30159 Hannover|"
        "90402 Nürnberg|28195 Bremen|45127 Essen|99084 Erfurt|39104 Magdeburg|18055 Rostock|"
        "24103 Kiel|23552 Lübeck|55116 Mainz|76133 Karlsruhe|68159 Mannheim|86150 Augsburg|"
        "34117 Kassel|48143 Münster|33602 Bielefeld|52062 Aachen|53111 Bonn|14467 Potsdam|"
        "06108 Halle (Saale)|89073 Ulm"
    )
)
COMMENTS = phrases(
    "Heute angerufen, niemand erreicht.|Möchte zwei Angebote vergleichen.|"
    "Termin am Donnerstag, 17 Uhr.|Bitte erst nach 18 Uhr anrufen.|"
    "Dach ist von 1974, Statik klären.|Hat sich für uns entschieden.|"
    "Zu teuer, meldet sich im Frühjahr wieder.|Unterlagen per Post geschickt.|"
    "Fragt nach Förderung (BEG).|Nummer stimmt nicht, per E-Mail versucht.|"
    "Sagt „ja, aber nicht vor Ostern“."
)
REASONS = ("zu weit weg", "keine Kapazität", "kein passendes Angebot", None)
DOMAINS = ("example.com", "example.org", "example.net", "post.example", "firma.example")
BROKEN_PHONES = ("keine Angabe", "siehe E-Mail", "0049", "030/", "Tel. folgt", "+49 (0) ???", "12")
PASSWORD = "kollegium-demo"  # noqa: S105 - everybody's in an invented system, and written in the docs


def ascii_of(name: str) -> str:
    """A name as it stands in an e-mail address."""
    for sign, plain in zip("äöüßçıÇÖ", ("ae", "oe", "ue", "ss", "c", "i", "c", "oe"), strict=True):
        name = name.replace(sign, plain)
    return name.lower()


def garbled(text: str) -> str:
    """UTF-8 that was read as Windows-1252, as an old import left it behind."""
    return text.encode().decode("cp1252", "replace")
