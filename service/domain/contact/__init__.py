"""Contact data as people type it and tools export it, made into values: one room for every door.

`cleaned` takes what a form, the API or the former system has, as one prospect; the readers of
single values (`read_phone`, `read_email`, `read_postcode`, `country_of`) serve imports, which know
their columns. Whatever reads contact data reads it here, so that a number or a postcode means the
same by every door, and duplicates are found between them.

Three rules, for every value:

* What can be read in one way is brought into its one spelling: E.164, an address with its domain in
  lower case, a postcode in its country's form.
* What can be read in two ways is never decided: it stays text, with a remark.
* Nothing that was written gets lost: what does not fit into the value goes to the answers.

Pure computation; no detail text repeats what a person wrote.
"""

from service.domain.contact.countries import country_of
from service.domain.contact.emails import read_email
from service.domain.contact.phones import read_phone
from service.domain.contact.postcodes import Place, read_postcode
from service.domain.contact.prospects import Cleaned, cleaned
from service.domain.contact.reading import Reading
from service.domain.contact.remarks import Noticed, remark

__all__ = [
    "Cleaned",
    "Noticed",
    "Place",
    "Reading",
    "cleaned",
    "country_of",
    "read_email",
    "read_phone",
    "read_postcode",
    "remark",
]
