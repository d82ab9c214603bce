"""`kollegium vapid-key`: a key for pushes to browsers."""

import click

from service.commands.output import json_option, print_json


@click.command()
@json_option
def vapid_key(as_json: bool) -> None:
    """Make a key for pushes to browsers: the value of KOLLEGIUM_VAPID_KEY, for serve and worker.

    It is printed and kept nowhere. Browsers subscribe with its public half, so after another key
    everybody subscribes anew.
    """
    from service.outgoing.webpush import new_key, public_key

    private = new_key()
    if as_json:
        print_json({"private": private, "public": public_key(private)})
        return
    click.echo(f"KOLLEGIUM_VAPID_KEY={private}")
