"""What the forms of the pages send; what is wrong with it is told in words."""

import msgspec

from service.vocabulary import Input


class AcceptanceForm(Input):
    """Of an invitation."""

    name: str
    password: str


class PasswordForm(Input):
    """Of a reset."""

    password: str


class ForgottenForm(Input):
    """Of somebody who asks for a reset."""

    email: str


class ConsentForm(Input):
    """Of a merge; the button says which."""

    consent: bool


class Told(msgspec.Struct):
    """A problem as it is encoded for other clients."""

    title: str
    detail: str = ""
    errors: list[dict[str, str]] = []
