"""The confirmation of an action: one sentence, shown once on the next page."""

from starlette.requests import Request


def tell(request: Request, text: str) -> None:
    """Show `text` (already translated) on the page that this request redirects to."""
    request.state.told = text
