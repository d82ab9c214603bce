"""Bodies in the description: JSON, a form, a file."""

from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg
from litestar.types import Empty

from service.web.bodies import FORM, MULTIPART, RAW, Upload, is_form

Json = dict[str, Any]


def request_body(handler: HTTPRouteHandler, schemas: Json) -> Json | None:
    """What the description says of the body of a route; None: it takes none."""
    upload: Upload | None = handler.opt.get("upload")
    if upload is not None:
        return _upload(upload)
    body = handler.parsed_fn_signature.parameters.get("data")
    if body is None or not isinstance(body.kwarg_definition, BodyKwarg):
        return None
    media_type = FORM.value if is_form(handler) else "application/json"
    content = {media_type: {"schema": schemas[body.annotation]}}
    return {"required": body.default is Empty, "content": content}


def _upload(upload: Upload) -> Json:
    file: Json = {"type": "string", "format": "binary"}
    parts = {name: {"type": "string", "description": text} for name, text in upload.parts.items()}
    form = {"type": "object", "properties": {"file": file, **parts}, "required": ["file"]}
    # Generators know these two; the others mean the same bytes, so they are told in words.
    text = f"{upload.says}, as {RAW} or as what it is ({', '.join(upload.types)}), or a form"
    content: Json = {RAW: {"schema": file}, MULTIPART: {"schema": form}}
    return {"required": True, "description": text, "content": content}
