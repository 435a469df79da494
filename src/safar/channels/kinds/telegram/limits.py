"""How much Telegram takes: text in units of UTF-16, files in bytes. Source: core.telegram.org/bots/api."""

from safar.channels.kinds.limits import TextLimit

TEXT = TextLimit(4096, "utf16")
CAPTION = TextLimit(1024, "utf16")
CALLBACK_BYTES_MAX = 64
PHOTO_BYTES_MAX = 10_000_000
UPLOAD_BYTES_MAX = 50_000_000
DOWNLOAD_BYTES_MAX = 20_000_000
