"""Every setting of Safar, read from the environment as SAFAR_NAME (docs/operations.md lists them)."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One process's settings; immutable once read."""

    model_config = SettingsConfigDict(env_prefix="SAFAR_", frozen=True, use_attribute_docstrings=True)

    database_url: str | None = None
    """PostgreSQL connection string; without it Safar runs its own PostgreSQL under `data_dir`."""
    data_dir: Path = Path(".safar")
    """Where the embedded PostgreSQL, the secret key and the local mailbox keep their files."""
    secret_key: SecretStr | None = None
    """Signs cookies, tickets and links and encrypts secrets; made and kept in `data_dir` when not set."""

    front_host: str = "127.0.0.1"
    """Address the public front listens on."""
    front_port: int = 8000
    """Port of the public front."""
    front_processes: int = Field(default=1, ge=1, le=64)
    """How many front processes share the front's port."""
    console_host: str = "127.0.0.1"
    """Address the staff console listens on."""
    console_port: int = 8001
    """Port of the staff console."""
    public_url: str = ""
    """Address of the front as customers see it, for links; when not set, its host and port by HTTP."""
    console_url: str = ""
    """Address of the console as staff see it; when not set, its host and port by HTTP."""
    cookies_secure: bool = False
    """Mark cookies Secure; switch on when both surfaces are served over HTTPS."""
    proxies_trusted: int = Field(default=0, ge=0, le=5)
    """How many reverse proxies stand in front; their X-Forwarded-For is believed that many hops."""

    shop_name: str = "Safar Gifts"
    """Name of the shop, on its pages and in its messages."""
    currency: str = Field(default="GBP", min_length=3, max_length=3)
    """ISO 4217 code of the shop's prices."""
    language: str = "en"
    """Language of a visitor who has not chosen one and whose browser asks for none that we have."""
    timezone: str = "UTC"
    """IANA zone in which times are shown."""
    opening_hours: str = "Mon-Fri 09:00-18:00"
    """When people answer, as told to customers by the bot."""

    smtp_url: str = "smtp://127.0.0.1:8026"
    """Server for outgoing e-mail: smtp://, smtp+starttls:// or smtps://, user:password@ optional."""
    smtp_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds after which an SMTP exchange is given up and tried again later."""
    mail_from: str = "shop@safar.example"
    """Sender address of the shop; replies to it become messages in the inbox."""
    mail_in_host: str = "127.0.0.1"
    """Address on which the worker accepts incoming e-mail by SMTP."""
    mail_in_port: int = 8025
    """Port on which the worker accepts incoming e-mail by SMTP; 0 switches it off."""
    mailbox_host: str = "127.0.0.1"
    """Address of the local mailbox that the demo starts."""
    mailbox_smtp_port: int = 8026
    """SMTP port of the local mailbox that the demo starts."""
    mailbox_http_port: int = 8002
    """Port on which the local mailbox shows what it received."""

    pool_min: int = Field(default=1, ge=0)
    """Database connections that each process keeps open."""
    pool_max: int = Field(default=8, ge=1)
    """Database connections that each process may open."""
    lock_timeout_ms: int = Field(default=3000, ge=1)
    """Longest wait for a row lock before the request is answered with "busy, try again"."""
    statement_timeout_ms: int = Field(default=30000, ge=1)
    """Longest run of one SQL statement."""
    batch_size_max: int = Field(default=1024, ge=1)
    """Most requests that one batch commits together."""
    batch_queue_max: int = Field(default=8192, ge=1)
    """Most requests that wait for a batch; one more is refused at once with 503."""
    batch_deadline_s: float = Field(default=5.0, gt=0)
    """Seconds a request may wait for its batch before it is dropped with 503."""
    body_bytes_max: int = Field(default=262_144, ge=1024)
    """Largest request body accepted by the front and the console."""

    site_capacity: int = Field(default=500, ge=1)
    """Visitors that the shop carries at once before newcomers wait at the gate."""
    visit_minutes: float = Field(default=15.0, gt=0)
    """Minutes without a page after which a visitor's place in the shop is given to the next."""
    hold_minutes: float = Field(default=15.0, gt=0)
    """Minutes that units stay held for a customer who is paying."""
    mails_per_hour: int = Field(default=36_000, ge=1)
    """Campaign e-mails that the mail channel may send in any hour."""
    staff_session_hours: float = Field(default=12.0, gt=0)
    """Hours after which staff must sign in again."""
    sign_in_attempts_max: int = Field(default=8, ge=1)
    """Failed sign-ins for one address or from one network address in 15 minutes before a pause."""
    log_level: str = "WARNING"
    """Least severe log line that is written: DEBUG, INFO, WARNING or ERROR."""

    @model_validator(mode="before")
    @classmethod
    def _addresses(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fill in the two addresses that follow from the hosts and ports."""
        for url, surface in (("public_url", "front"), ("console_url", "console")):
            if not values.get(url):
                fields = cls.model_fields
                host, port = (
                    values.get(name, fields[name].default) for name in (f"{surface}_host", f"{surface}_port")
                )
                values[url] = f"http://{host}:{port}"
        return values


@lru_cache
def settings_of_environment() -> Settings:
    """Return the settings of this process's environment."""
    return Settings()
