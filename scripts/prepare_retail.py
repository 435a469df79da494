"""Turn the UCI "Online Retail" invoice lines into the compact data set of `safar.demo`.

    uv run --with polars scripts/prepare_retail.py [online_retail.parquet] [output folder]

polars is needed here only: it is no dependency of the product, which reads the CSV files with the standard
library. Every run writes the same bytes.

The week is Monday 24 to Sunday 30 October 2011. Counted by the invoices of known customers it is the busiest
of the whole source, which in our copy begins on 1 December 2010 and ends on 31 October 2011.

What a shopkeeper would not sell again is left out:
 1. cancelled invoices (C...) and bad-debt adjustments (A...), and each sale line that a cancellation clearly
    matches: same customer, stock code, price and quantity, sold before it, each used once; of several such
    sales the one on the invoice that shares most lines with the cancellation, then the latest. The return of
    a part matches nothing, and what was cancelled after the source ends is not known: those sales stay;
 2. quantities and prices that are not positive, and prices below a penny;
 3. codes that are not goods (POST, DOT, M, D, C2, S, B, BANK CHARGES, AMAZONFEE, CRUK, PADS, gift_0001_...):
    goods have five digits and up to two letters. The few DCGS... goods go too: no known customer bought one;
 4. services under a goods code ("Next Day Carriage") and notes in place of a name ("damaged", "?", "check").

Baskets are the invoices of known customers. Most lines without a customer are a whole day of another site's
sales booked on one invoice: no basket, but the units left the shelf, so they count in the stock figure.

 * title: the most frequent description of the stock code in the whole source (the newest if tied) in sentence
   case. Abbreviations are written out, the source's spelling is kept.
 * price: the one on most lines to known customers in the week and the four weeks before (the higher if tied).
 * stock: the units sold in the four weeks before the week, but not fewer than the week itself sold: replaying
   the week once never runs out, a crowd does.
 * category: the first rule of CATEGORY_RULES that fits, "home" if none does.
 * country: as an ISO 3166 code. minute: since Monday 00:00, in the shop's local time.
 * customers: in the order of their first basket.
"""

import argparse
import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT.parent / "shared" / "data" / "online_retail" / "online_retail.parquet"
TARGET = ROOT / "src" / "safar" / "demo" / "data"

WEEK_START = datetime(2011, 10, 24)
WEEK_END = WEEK_START + timedelta(days=7)
DEMAND_START = WEEK_START - timedelta(days=28)

SALE_INVOICE = r"^\d{6}$"
CANCELLATION = r"^C\d{6}$"
GOODS_CODE = r"^\d{5}[A-Z]{0,2}$"
# Goods are named in capitals; people write their notes in lower case.
GOODS_NAME = r"[A-Z]{3}"
# A carriage clock and a French carriage lantern are goods, so "carriage" is a service only as the last word.
SERVICE_NAME = r"(?i)carriage$|packing charge|gift voucher|high resolution image"

COUNTRY_CODES = {
    "Belgium": "BE",
    "EIRE": "IE",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Italy": "IT",
    "Japan": "JP",
    "Netherlands": "NL",
    "Norway": "NO",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "United Kingdom": "GB",
}

# Written out or spelt exactly so, wherever they stand in a name (keys in lower case).
EXACT_WORDS = {
    "3d": "3D",
    "a6": "A6",
    "a7": "A7",
    "abc": "ABC",
    "ant": "antique",
    "ass": "assorted",
    "asst": "assorted",
    "asstd": "assorted",
    "b'draw": "bedroom drawer",
    "baroquecandlestick": "baroque candlestick",
    "blackblue": "black/blue",
    "cand": "candle",
    "candl": "candle",
    "choc": "chocolate",
    "chocolatecandle": "chocolate candle",
    "col": "colour",
    "d.o.f": "double old-fashioned",
    "dec": "decoration",
    "drawerknob": "drawer knob",
    "flowe": "flower",
    "hldr": "holder",
    "i": "I",
    "i'm": "I'm",
    "led": "LED",
    "m.o.p": "mother-of-pearl",
    "neckl": "necklace",
    "no": "No",
    "of4": "of 4",
    "pc": "pieces",
    "s": "S",
    "set3": "set 3",
    "squarecushion": "square cushion",
    "t-light": "T-light",
    "t-lights": "T-lights",
    "t-shirt": "T-shirt",
    "tec": "tech",
    "tv": "TV",
    "ubo-light": "UBO-light",
    "us": "US",
    "w": "with",
    "wc": "WC",
}

# Where the source forgot a space, or put a stop or a dash in its place.
MISSING_SPACE = r"(?<=\w)(?=\()|(?<=[A-Z])(?=\"[A-Z])|(?<=\d\")(?=[A-Z])|(?<=NECKL)\.|\.(?=\s)|\s-(?=\w)"

PROPER_NAMES = """
    acapulco afghan amelie antoinette bill boudicca budah buffalo camden charlie charlotte chinese
    christmas cinderella columbian covent danish dutch easter edwardian elvis emily england english france
    french georgian halloween hawaiian heidi helga henrietta indians ingrid jack jean-paul kashmir lola
    lolita london madeline madras marie medina molly morris mr mrs murano nancy nicole nil nile noel
    notting olivia ollie oxford palmiera paris parisienne poppy's purdey rachel rebecca regency rex rosie
    sally santa santas scandinavian scottie scotty sophie spaceboy suki susan susie swiss tokyo tuscan
    union victorian willie winkie
"""

PHRASES = {
    "baker street": "Baker Street",
    "Camden town": "Camden Town",
    "Covent garden": "Covent Garden",
    "dolly girl": "Dolly Girl",
    "guns and roses": "Guns and Roses",
    "la vie en rose": "La Vie en Rose",
    "London bridge": "London Bridge",
    "m pearl": "mother-of-pearl",
    "ma campagne": "Ma Campagne",
    "new England": "New England",
    "Notting hill": "Notting Hill",
    "Oxford street": "Oxford Street",
    "treasure island": "Treasure Island",
    "world war": "World War",
}

# Keywords match whole words and their plurals. The first rule that fits wins: first what sounds like
# something else (a hot water bottle is no bottle), then what a thing is for (a party bag), then what it is.
CATEGORY_RULES = (
    ("christmas", "christmas, advent, santa, reindeer, baubles, nativity, noel, mistletoe, snowmen, sleigh"),
    ("christmas", "jingle, holly, goose feather"),
    ("children", "jigsaw, seaside bucket, colouring set"),
    ("garden", "watering can, grow your own, kneeling pad"),
    ("home", "hot water bottle, hottie, drawer knob, measuring tape, tape measure, picture frame"),
    ("home", "photo frame, photoframe, landmark frame, sewing, clock, magnet, cat bowl, dog bowl"),
    ("home", "naughty children, building block, felt garland, bird light"),
    ("bags", "key ring, key fob, ring purse, luggage tag, card wallet, first class, bag charm, mini case"),
    ("bags", "shoulder bag, disco handbag, slipper"),
    ("kitchen", "tea towel, cake towel, swiss roll towel, napkin ring, napkin charm, balloon whisk"),
    ("kitchen", "bag plate, teapot, recipe, cake tin, biscuit tin, cake case, raffia food cover"),
    ("stationery", "writing set, lipstick pen, gift box"),
    ("storage", "book box, treasure tin, toy tidy, storage tin, stacking tin, knick knack, letter tray"),
    ("storage", "money bank, trinket"),
    ("lights", "candleholder"),
    ("bath", "lip gloss"),
    ("signs", "sign, doorsign, wall art, chalkboard, blackboard, black board, door hanger, number tile"),
    ("signs", "memo board, memoboard"),
    ("party", "bunting, balloons, balloon water, balloon pump, party bag, party invites, party charm"),
    ("party", "party candle, birthday candle, happy birthday garland, paper cup, paper plate, paper chain"),
    ("party", "napkin, confetti, hen party, cocktail, straw, honeycomb, halloween, celebration, disco, leis"),
    ("party", "sombrero, grass skirt, tattoo, cracker, inflatable, tiara, paper bell, doilies"),
    ("jewellery", "necklace, bracelet, earring, bangle, hairclip, hairband, ring, butterfly clip"),
    ("children", "soft toy, dog toy, mouse toy, toy cooking, puzzle, doll, teddy, playing card, skittle"),
    ("children", "ludo, domino, bingo, marble, glider, helicopter, snap card, ladders, game, harmonica"),
    ("children", "spinning top, skipping, croquet, rounders, drawing slate, feltcraft, knitting"),
    ("children", "modelling clay, playhouse, bubbles, stencil, naughts, paint set, paint your own, crawlies"),
    ("children", "kid, children, childrens, children's, childs, baby, height chart, alphabet blocks"),
    ("children", "magic tree, magic sheep, grow a, snake"),
    ("home", "card holder, cardholder, peg bag, bottle bag, mat, doormat, doorstop, mobile"),
    ("stationery", "card, wrap, wrapping, notebook, note book, notepad, pen, pencil, sticker, stamp"),
    ("stationery", "envelope, tape, book, journal, sketchbook, eraser, rubbers, crayon, chalk, sharpener"),
    ("stationery", "stationery, ruler, calculator, tag, ribbon, gift bag, hole punch, calendar"),
    ("stationery", "shopping list, patches, badge, paperweight, postcard"),
    ("bags", "bag, shopper, purse, wallet, backpack, handbag, luggage, passport, umbrella, parasol, poncho"),
    ("bags", "rain hat, hand warmer, pocket warmer, scarf, fan"),
    ("lights", "t-light, tealight, light, nightlight, candle, lantern, lamp, lampshade, torch, candlestick"),
    ("lights", "candlepot, incense, chandelier, votive, match"),
    ("bath", "soap, sponge, flannel, hand towel, washbag, plasters, first aid, bath, toilette"),
    ("bath", "compact mirror, tissues"),
    ("kitchen", "mug, cup, saucer, teacup, tea, cake, cakestand, plate, bowl, jug, cutlery, spoon, fork"),
    ("kitchen", "tray, pantry, egg cup, egg warmer, egg cosy, egg holder, egg basket, frying pan, jar"),
    ("kitchen", "beaker, apron, oven, kitchen, cookie, cutter, baking, chopping board, mould, tin"),
    ("kitchen", "bread bin, butter, sugar, salt, coaster, placemat, lunch box, picnic, snack box, lolly"),
    ("kitchen", "chopsticks, dish, tablecloth, food, jam, popcorn, milk, coffee, washing up, toastrack"),
    ("kitchen", "goblet, bottle opener, place setting, cosy, ladle, enamel, flask, toast, old-fashioned"),
    ("garden", "garden, gardeners, plant, planter, flowerpot, bird house, birdhouse, bird table, herb"),
    ("garden", "potting, feeding station, secateurs, gnome, windmill, bicycle, fly swat"),
    ("storage", "box, basket, drawer, cabinet, cupboard, chest, rack, hook, hanger, organiser, tidy, shelf"),
    ("storage", "crate, bin, bucket, storage, holder, coathanger, peg, container"),
)

CSV_COLUMNS = {
    "products.csv": ("sku", "title", "category", "price_minor", "currency", "stock"),
    "baskets.csv": ("invoice", "customer", "country", "minute", "lines"),
    "customers.csv": ("customer", "country"),
}


# customer, stock code, price in pence, quantity
LineKey = tuple[str, str, int, int]
# row number, invoice
SaleLine = tuple[int, str]


def read_lines(path: Path) -> pl.DataFrame:
    """Every row of the source, typed: prices in pence, codes in capitals, names without stray spaces."""
    return pl.read_parquet(path).select(
        invoice="InvoiceNo",
        sku=pl.col("StockCode").str.to_uppercase(),
        name=pl.col("Description").str.strip_chars().str.replace_all(r"\s+", " "),
        quantity=pl.col("Quantity").cast(pl.Int64),
        at=pl.col("InvoiceDate").str.to_datetime(),
        price_minor=(pl.col("UnitPrice").cast(pl.Float64) * 100).round().cast(pl.Int64),
        customer=pl.col("CustomerID").str.strip_suffix(".0"),
        country="Country",
    )


def cancelled_rows(lines: pl.DataFrame) -> list[int]:
    """Row numbers of the sale lines that a later cancellation takes back whole."""
    rows = (
        lines.with_row_index("row")
        .with_columns(cancels=pl.col("invoice").str.contains(CANCELLATION), quantity=pl.col("quantity").abs())
        .filter(pl.col("customer").is_not_null())
        .sort("at", "cancels", "invoice", "row")
        .select("invoice", "cancels", "row", "customer", "sku", "price_minor", "quantity")
    )
    open_sales: defaultdict[LineKey, list[SaleLine]] = defaultdict(list)
    cancelled: list[int] = []
    for (invoice, cancels), group in groupby(rows.iter_rows(), key=itemgetter(0, 1)):
        numbered = [(row, key) for _, _, row, *key in group]
        if cancels:
            cancelled += take_back([tuple(key) for _, key in numbered], open_sales)
        else:
            for row, key in numbered:
                open_sales[tuple(key)].append((row, invoice))
    return cancelled


def take_back(keys: list[LineKey], open_sales: dict[LineKey, list[SaleLine]]) -> list[int]:
    """The rows that one cancellation takes: from the invoice that it matches best, of equals the latest."""
    matches = Counter(invoice for key in keys for invoice in {sale[1] for sale in open_sales[key]})
    taken: list[int] = []
    for key in keys:
        if sales := open_sales[key]:
            best = max(sales, key=lambda sale: (matches[sale[1]], sale[0]))
            sales.remove(best)
            taken.append(best[0])
    return taken


def clean_sales(lines: pl.DataFrame) -> pl.DataFrame:
    """The sale lines of goods that were not cancelled, in the order of the source."""
    kept = lines.with_row_index("row").filter(~pl.col("row").is_in(cancelled_rows(lines)))
    return kept.filter(
        pl.col("invoice").str.contains(SALE_INVOICE),
        pl.col("sku").str.contains(GOODS_CODE),
        pl.col("quantity") > 0,
        pl.col("price_minor") > 0,
        pl.col("name").str.contains(GOODS_NAME),
        ~pl.col("name").str.contains(SERVICE_NAME),
    )


def title_of(name: str) -> str:
    """The source's name in sentence case: `SET/4 BADGES BALLOON GIRL` is `Set/4 badges balloon girl`."""
    spaced = re.sub(r"\s*\+\s*", " + ", name)
    spaced = re.sub(r"\s*,\s*", ", ", spaced)
    spaced = re.sub(MISSING_SPACE, " ", spaced)
    spaced = re.sub(r"\s+", " ", spaced).strip(" .,*")
    title = re.sub(r"[A-Za-z0-9][\w'.-]*[\w']|\w", lambda match: cased(match.group()), spaced)
    for phrase, exact in PHRASES.items():
        title = re.sub(rf"\b{phrase}\b", exact, title)
    return title[:1].upper() + title[1:]


def cased(word: str) -> str:
    lower = word.lower()
    if lower in EXACT_WORDS:
        return EXACT_WORDS[lower]
    return (
        "-".join(part.capitalize() for part in lower.split("-")) if lower in PROPER_NAMES.split() else lower
    )


def category_of(title: str) -> str:
    for category, keywords in CATEGORY_RULES:
        if re.search(rf"\b(?:{keywords.replace(', ', '|')})(?:e?s)?\b", title, re.IGNORECASE):
            return category
    return "home"


def most_frequent(sales: pl.DataFrame, column: str, tie: pl.Expr) -> dict[str, str | int]:
    """For each stock code the value of `column` on most lines; if several tie, that of the highest `tie`."""
    counted = sales.group_by("sku", column).agg(lines=pl.len(), tie=tie)
    best = counted.sort("sku", "lines", "tie", column).group_by("sku", maintain_order=True).last()
    return dict(best.select("sku", column).iter_rows())


def units_by_sku(sales: pl.DataFrame) -> dict[str, int]:
    return dict(sales.group_by("sku").agg(pl.col("quantity").sum()).iter_rows())


def product_rows(sales: pl.DataFrame, skus: Iterable[str]) -> list[tuple[str | int, ...]]:
    before = sales.filter(pl.col("at").is_between(DEMAND_START, WEEK_START, closed="left"))
    week = sales.filter(pl.col("at").is_between(WEEK_START, WEEK_END, closed="left"))
    known = pl.concat([before, week]).filter(pl.col("customer").is_not_null())
    names = most_frequent(sales, "name", tie=pl.col("at").max())
    prices = most_frequent(known, "price_minor", tie=pl.col("price_minor").first())
    sold_before, sold_in_week = units_by_sku(before), units_by_sku(week)
    rows: list[tuple[str | int, ...]] = []
    for sku in sorted(skus):
        title = title_of(str(names[sku]))
        stock = max(sold_before.get(sku, 0), sold_in_week[sku])
        rows.append((sku, title, category_of(title), prices[sku], "GBP", stock))
    return rows


def basket_rows(sales: pl.DataFrame) -> list[tuple[str | int, ...]]:
    """One row for each invoice of a known customer in the week, its lines as `sku:quantity sku:quantity`."""
    in_week = pl.col("at").is_between(WEEK_START, WEEK_END, closed="left")
    merged = (
        sales.filter(in_week, pl.col("customer").is_not_null())
        .sort("row")
        .group_by("invoice", "sku", maintain_order=True)
        .agg(pl.col("customer", "country", "at").first(), pl.col("quantity").sum())
    )
    minute = (pl.col("at").first() - WEEK_START).dt.total_minutes()
    lines = pl.format("{}:{}", "sku", "quantity").str.join(" ")
    baskets = merged.group_by("invoice", maintain_order=True).agg(
        pl.col("customer", "country").first(), minute=minute, lines=lines
    )
    coded = baskets.with_columns(pl.col("country").replace_strict(COUNTRY_CODES))
    return list(coded.select(CSV_COLUMNS["baskets.csv"]).sort("minute", "invoice").iter_rows())


def write_csv(folder: Path, name: str, rows: Iterable[tuple[str | int, ...]]) -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS[name])
        writer.writerows(rows)
    print(f"{folder / name}: {(folder / name).stat().st_size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description="Prepare the data of safar.demo from UCI Online Retail.")
    parser.add_argument("source", type=Path, nargs="?", default=SOURCE)
    parser.add_argument("target", type=Path, nargs="?", default=TARGET)
    options = parser.parse_args()
    sales = clean_sales(read_lines(options.source))
    baskets = basket_rows(sales)
    skus = {line.partition(":")[0] for basket in baskets for line in str(basket[4]).split()}
    options.target.mkdir(parents=True, exist_ok=True)
    write_csv(options.target, "products.csv", product_rows(sales, skus))
    write_csv(options.target, "baskets.csv", baskets)
    write_csv(options.target, "customers.csv", dict.fromkeys(basket[1:3] for basket in baskets))


if __name__ == "__main__":
    main()
