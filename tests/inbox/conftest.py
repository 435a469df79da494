"""What the inbox's tests stand on: channels made, the line kept, the front and the console served."""

from tests.stage.chat import browser, console, eventually, line, shop

__all__ = ["browser", "console", "eventually", "line", "shop"]
