"""What a deed says when it is done: one sentence, shown once on the page that comes next."""

from starlette.requests import Request


def tell(request: Request, text: str) -> None:
    """Have `text`, already translated, shown on the page that the answer to this request leads to."""
    request.state.told = text
