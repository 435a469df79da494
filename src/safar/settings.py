"""Every setting of Safar, read from the environment as SAFAR_NAME (docs/operations.md lists them)."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One process's settings; immutable once read."""

    model_config = SettingsConfigDict(env_prefix="SAFAR_", frozen=True, use_attribute_docstrings=True)

    database_url: str | None = None
    """PostgreSQL connection string; without it Safar runs its own PostgreSQL under `data_dir`."""
    data_dir: Path = Path(".safar")
    """Where the embedded PostgreSQL, the secret key and the local mailbox keep their files."""
    allow_root: bool = False
    """Let the processes that the world talks to run as root when root starts them, not as `_safar`."""
    secret_key: SecretStr | None = None
    """Signs cookies, tickets and links and encrypts secrets; made and kept in `data_dir` when not set."""

    secret_keys: SecretStr | None = None
    """Secrets instead of the one, separated by commas: the first signs and encrypts, all are believed."""

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
    """How many reverse proxies stand in front; the last that many addresses of their header are believed."""
    proxies_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    """Header in which they name the caller; a caller can write the other one, so it is never read."""

    # First values: `owner.facts` says of which facts; from the first start on the database says them.
    shop_name: str = "Safar Gifts"
    """Name of the shop, on its pages and in its messages."""
    shop_address: str = ""
    """Address of the shop, on invoices and for returns; its lines separated by a bar."""
    shop_tax_id: str = ""
    """Tax number of the shop, on invoices."""
    pix_believed_max_minor: int = Field(default=0, ge=0)
    """Up to so many centavos a PIX notice is believed for its secret address alone; more needs proof."""
    pix_client_subject: str = ""
    """Subject of the certificate by which the bank proves itself (mTLS), as the proxy writes it."""
    pix_client_subject_header: str = ""
    """Header in which the proxy tells that subject; it must overwrite what callers send themselves."""
    invoice_series: str = Field(default="INV-", max_length=20)
    """What the numbers of invoices begin with; a new one begins at 1 again, such as "2027-" for a year."""
    ship_days: int = Field(default=2, ge=0, le=365)
    """Days in which an order leaves once it is confirmed; the customer is told, and later ones are late."""
    return_days: int = Field(default=30, ge=0, le=3650)
    """Days after its delivery in which a customer may ask to return something; then the order is closed."""
    delivery_days_max: int = Field(default=30, ge=1, le=365)
    """Days after its last parcel left when an order that nobody marked delivered counts as delivered."""
    order_link_days: int = Field(default=180, ge=1, le=3650)
    """Days for which a link to an order opens it; each mail about the order brings a new one."""
    currency: str = Field(default="GBP", min_length=3, max_length=3)
    """ISO 4217 code of the shop's prices."""
    country: str = Field(default="GB", min_length=2, max_length=2)
    """ISO 3166 code of the country the shop is in: where goods go until the customer says where."""
    language: str = "en"
    """Language of a visitor who has not chosen one and whose browser asks for none that we have."""
    timezone: str = "UTC"
    """IANA zone of the shop: in which its days begin and end, and times are shown."""
    opening_hours: str = "Mon-Fri 09:00-18:00"
    """When people answer, as the bot tells it: "Mon-Fri 09:00-18:00, Sat 10:00-14:00" in `timezone`."""

    smtp_url: str = "smtp://127.0.0.1:8026"
    """Server for outgoing e-mail: smtp://, smtp+starttls:// or smtps://, user:password@ optional."""
    smtp_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds after which an SMTP exchange is given up and tried again later."""
    mail_from: str = "shop@safar.example"
    """Sender address of the shop; replies to it become messages in the inbox."""
    mail_return_paths: bool = True
    """Send each mail with a signed return address of its own; without it no failed delivery is believed."""
    mail_authserv_id: str = ""
    """Name under which our mail server reports SPF, DKIM and DMARC; "top": the topmost; empty: nobody's."""
    mail_in_host: str = "127.0.0.1"
    """Address on which the worker accepts incoming e-mail by SMTP."""
    mail_in_port: int = 8025
    """Port on which the worker accepts incoming e-mail by SMTP; 0 switches it off."""
    mail_in_connections: int = Field(default=200, ge=1)
    """Connections that may hand in mail at once; with all taken, the quietest has to go."""
    mail_in_connections_of_network: int = Field(default=50, ge=1)
    """Connections at once from one address (IPv6: a /64); more if your own mail server stands in front."""
    mails_in_per_hour: int = Field(default=3_600, ge=1)
    """Mails that one address (IPv6: a /64) may hand in an hour, each 100 kB one more; then it has to wait."""
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
    signed_bytes_max: int = Field(default=4_194_304, ge=1024)
    """Largest body accepted from the providers of payments and channels, whose posts prove themselves."""
    body_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds in which a request's body must have arrived, besides what its size takes at the least rate."""
    body_bytes_per_s_least: int = Field(default=4096, ge=1)
    """Bytes a second at which a larger body must keep arriving."""
    unfinished_max: int = Field(default=256, ge=1)
    """Requests of a process whose body is on its way; one more ends the one that has waited longest."""
    unfinished_network_max: int = Field(default=64, ge=1)
    """The same of one network (an IPv4 /24, an IPv6 /48)."""
    order_location_rule: Literal["nearest", "fullest", "fewest_parcels"] = "nearest"
    """Where orders leave from: the customer's country first, the fullest shelf, or the fewest parcels."""
    upload_bytes_max: int = Field(default=33_554_432, ge=1024)
    """Largest upload of files (pictures, CSV, XLSX) accepted by the console."""
    image_cache_bytes: int = Field(default=33_554_432, ge=0)
    """Bytes of product pictures that each front process keeps in memory."""

    site_capacity: int = Field(default=500, ge=1)
    """Visitors that the shop carries at once before newcomers wait at the gate."""
    visit_minutes: float = Field(default=15.0, gt=0)
    """Minutes without a page after which a visitor's place in the shop is given to the next."""
    visit_first_minutes: float = Field(default=5.0, gt=0)
    """Minutes that the first page of a visit keeps the place; the second page makes it `visit_minutes`."""
    gate_work_percent: int = Field(default=70, ge=1, le=100)
    """Percent of places taken from which newcomers do a small calculation first; 100 is never by itself."""
    gate_network_percent: int = Field(default=5, ge=1, le=100)
    """Percent of the places (at least 5) that one network has without that calculation; 100 is all."""
    gate_first_pages_per_minute: int = Field(default=120, ge=0)
    """Pages that one network is shown a minute before a cookie came back; more see the waiting page first."""
    streams_max: int = Field(default=1000, ge=1)
    """Chats that each front process keeps open for live answers; more are refused for the moment."""
    streams_network_max: int = Field(default=30, ge=1)
    """The same of one network; its further chats are answered every 15 seconds instead."""
    chat_messages_per_minute: int = Field(default=300, ge=1)
    """Chat messages that one network may send in a minute; more are told to wait."""
    gate_tickets_per_minute: int = Field(default=120, ge=0)
    """Places in a queue that one network address may ask for; twice as many at once; 0 is no limit."""
    hold_minutes: float = Field(default=15.0, gt=0)
    """Minutes that units stay held for a customer who is paying."""
    hold_minutes_card: float = Field(default=31.0, ge=31, le=1440)
    """Minutes that units stay held for a payment on Stripe's page, which stays open for at least 30."""
    hold_minutes_qr: float = Field(default=30.0, gt=0)
    """Minutes that units stay held for a payment by PIX or UPI."""
    hold_days_transfer: float = Field(default=5.0, gt=0)
    """Days that units stay held for a payment by bank transfer, once the e-mail address is confirmed."""
    hold_hours_transfer_unproven: float = Field(default=24.0, gt=0)
    """Hours that they stay held before that: until the link in the mail about the order is opened."""
    test_payments: bool = False
    """Let the test card confirm orders although the shop is open to the world, where it is refused."""
    order_units_max: int = Field(default=50, ge=0)
    """Most units of one article in one order; 0 is no limit."""
    unpaid_orders_max: int = Field(default=5, ge=0)
    """Orders that one browser, or one e-mail address, may have without having paid; 0 is no limit."""
    unpaid_orders_network: int = Field(default=40, ge=0)
    """Unpaid orders of one network before each further one asks for a small calculation; 0 is no limit."""
    unpaid_share_percent: int = Field(default=25, ge=0, le=100)
    """Most that one browser or address may have unpaid of what is free of an article; 0 is no limit."""
    unpaid_units_least: int = Field(default=5, ge=1)
    """Units of an article that one browser or address may always have unpaid, however few there are."""
    unpaid_alert_percent: int = Field(default=30, ge=0, le=100)
    """Share of an article's units that may be on order without being paid before Today says so; 0: never."""
    code_guesses_max: int = Field(default=10, ge=0)
    """Unknown discount codes that one browser may try an hour before each asks for a small calculation."""
    code_guesses_network: int = Field(default=100, ge=0)
    """The same of one network; 0 is no limit, of either."""
    find_order_tries_hour: int = Field(default=20, ge=0)
    """Times an hour that one network may have the link to an order mailed, in each process; 0 is no limit."""
    payment_timeout_s: float = Field(default=8.0, gt=0)
    """Seconds that a customer waits for a payment provider; what it says later is settled behind them."""
    stripe_api_url: str = "https://api.stripe.com"
    """Address of Stripe's API, for a proxy in front of it."""
    time_lapse: float = Field(default=1.0, ge=1)
    """How many times faster than life customers live; only a rehearsal, such as the demo, sets it."""
    quiet_hours: str = Field(
        default="21:00-08:00", pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$"
    )
    """Hours, in `timezone`, in which no campaign e-mail leaves; it waits until they are over. Empty: none."""
    campaign_mails_max: int = Field(default=3, ge=0)
    """Most campaign e-mails that one customer gets in any `campaign_mails_days` days; 0 is no limit."""
    campaign_mails_days: int = Field(default=7, ge=1, le=365)
    """Length in days of the time in which `campaign_mails_max` counts."""
    mails_per_address_hour: int = Field(default=30, ge=0)
    """Mails that the shop and the bot write to one address in an hour, the rest is skipped; 0 is no limit."""
    first_mails_network_hour: int = Field(default=60, ge=0)
    """Mails an hour about one network's orders to mailboxes that nobody has proven; more wait; 0: none."""
    first_mails_address_day: int = Field(default=10, ge=0)
    """Mails a day about orders to one such mailbox, the rest is skipped; 0 is no limit."""
    confirm_mails_network_hour: int = Field(default=60, ge=0)
    """Mails an hour, asked for from one network, that ask a stranger for a confirmation; 0 is no limit."""
    mails_per_hour: int = Field(default=36_000, ge=1)
    """Campaign e-mails that the mail channel may send in any hour."""
    replenish_service_percent: float = Field(default=95.0, ge=50, le=99.9)
    """How often, in percent, stock should last until a delivery comes: what safety stock is made for."""
    replenish_cover_days: int = Field(default=28, ge=1, le=365)
    """Days of demand that a suggested purchase brings beyond its reorder point."""
    replenish_lead_days: int = Field(default=14, ge=0, le=365)
    """Days a delivery takes where no supplier is known for a variant."""
    replenish_hour: int = Field(default=3, ge=0, le=23)
    """Hour of the night, in `timezone`, at which all forecasts are calculated."""
    staff_session_hours: float = Field(default=12.0, gt=0)
    """Hours after which staff must sign in again."""
    sign_in_attempts_max: int = Field(default=8, ge=1)
    """Failed sign-ins for one address or from one network address in 15 minutes before a pause."""
    wishlist_link_days: int = Field(default=90, ge=1)
    """Days for which the link to a wishlist opens it; its owner can end it sooner."""
    browsing_days: int = Field(default=90, ge=1)
    """Days after which what people leave who gave no address is forgotten: views, carts, visitors."""
    hold_days_kept: int = Field(default=90, ge=1)
    """Days after its end for which a hold stands in the ledger; a visit's hold stands seven."""
    envelope_days: int = Field(default=30, ge=1)
    """Days for which a mail is kept as it came; one that could not be read three times as long."""
    message_days: int = Field(default=1095, ge=30)
    """Days for which messages of closed conversations are kept."""
    order_years: int = Field(default=10, ge=0)
    """Years for which the name and address of a confirmed order outlive the erasure of its customer."""
    journal_months: int = Field(default=36, ge=2)
    """Whole months of the journal that are kept before this one; older ones are dropped."""
    journal_archive_dir: Path | None = None
    """Folder in which months of the journal are written as Parquet before they are dropped; unset: none."""
    silent_s_max: float = Field(default=30.0, ge=1)
    """Seconds without a sign of life after which `safar serve` ends a process and starts another."""
    log_level: str = "WARNING"
    """Least severe log line that is written: DEBUG, INFO, WARNING or ERROR."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        """Refuse at the start what would fail at the first order."""
        if zone not in zone_names():
            raise ValueError(f"no IANA zone is called {zone!r}, say Asia/Tehran")
        return zone

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


@cache
def zone_names() -> frozenset[str]:
    """Return what IANA calls its zones: finding that out walks through a thousand files."""
    return frozenset(available_timezones())


@lru_cache
def settings_of_environment() -> Settings:
    """Return the settings of this process's environment."""
    return Settings()
