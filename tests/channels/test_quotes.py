"""Nobody's own words are cut; what is quoted at the end of a mail is folded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.html_text import lines_of_html
from safar.channels.quotes import Split, plain_lines, split_quoted

pytestmark = pytest.mark.finding("messages-2")
QUOTE = "> Your order 1001 is confirmed.\n> We are packing it."


def read(text: str, *, subject: str = "Re: Your order", is_answer: bool = True) -> Split:
    return split_quoted(plain_lines(text), subject=subject, is_answer=is_answer)


def read_html(markup: str, *, subject: str = "Re: Your order") -> Split:
    return split_quoted(lines_of_html(markup), subject=subject, is_answer=True)


@pytest.mark.parametrize(
    "quoted",
    [
        f"On Mon, 30 Nov 2026 at 10:00, Shop <shop@safar.example> wrote:\n{QUOTE}",
        f"On Mon, Nov 30, 2026 at 10:11 AM Safar Gifts Service <shop@safar.example>\nwrote:\n\n{QUOTE}",
        f"On Mon, Nov 30, 2026 at 10:11 AM Safar Gifts <\nshop@safar.example> wrote:\n\n{QUOTE}",
        f"On Mon, Nov 30, 2026 at 10:11 AM Safar Gifts <shop@safar.example\n> wrote:\n\n{QUOTE}",
        f"Em seg., 30 de nov. de 2026 às 10:11, Loja\n<shop@safar.example> escreveu:\n\n{QUOTE}",
        f"در تاریخ دوشنبه ۳۰ نوامبر ۲۰۲۶، فروشگاه <shop@safar.example>\nنوشت:\n\n{QUOTE}",
        f"सोम, 30 नव॰ 2026 को 10:11 पर दुकान <shop@safar.example> ने लिखा:\n\n{QUOTE}",
        f"Am Mo., 30. Nov. 2026 um 10:11 Uhr schrieb Laden <shop@safar.example>:\n\n{QUOTE}",
        f"-----Original Message-----\nFrom: Shop\n\n{QUOTE}",
        "-----Original Message-----\nYour order 1001 is confirmed.",
        "----- Mensagem original -----\nO seu pedido foi confirmado.",
        "________________________________\nFrom: Shop <shop@safar.example>\nSent: Monday, November 30, 2026"
        " 10:00 AM\nTo: Ana\nSubject: Your order\n\nYour order 1001 is confirmed.",
        "De: Loja <shop@safar.example>\nEnviado em: segunda-feira, 30 de novembro de 2026 10:00\nPara: Ana\n"
        "Assunto: O seu pedido\n\nO seu pedido foi confirmado.",
        "از: فروشگاه <shop@safar.example>\nارسال شده: دوشنبه ۳۰ نوامبر ۲۰۲۶\nبه: آنا\n"
        "موضوع: سفارش شما\n\nثبت شد.",
        "प्रेषक: दुकान <shop@safar.example>\nभेजा गया: सोमवार, 30 नवंबर 2026\n"
        "प्रति: आना\nविषय: आपका ऑर्डर\n\nठीक है।",
        "On Mon, Nov 30, 2026 at 10:11 AM Shop <shop@safar.example> wrote:\nYour order 1001 is confirmed.",
        QUOTE,
        f"{QUOTE}\n\n-- \nAna, Lisboa",
        f"{QUOTE}\n\nSent from my iPhone",
    ],
)
def test_a_quote_at_the_end_is_folded(quoted: str) -> None:
    answer = read(f"New words\n\n{quoted}\n")
    assert answer.own == "New words"
    assert answer.folded.replace("\n", "").endswith(quoted.rstrip().rpartition("\n")[2])


@pytest.mark.parametrize("line", ["-- \nAna, Lisboa", "Sent from my iPhone", "Enviado do meu iPhone"])
def test_a_signature_is_folded(line: str) -> None:
    assert read(f"New words\n\n{line}") == Split("New words", line.replace("-- ", "--"))


@pytest.mark.parametrize(
    "text",
    [
        # Answers below and between what is quoted.
        "Hello,\n\nOn 30/11/2026 09:12, Safar Gifts wrote:\n> Which address shall we use?\n"
        "Please use 12 Mill Lane.\n"
        "> And may we leave it outside?\nNo, never outside.",
        "> Which address?\n12 Mill Lane, Leeds.",
        f"On Mon, 30 Nov 2026, Shop <shop@safar.example> wrote:\n{QUOTE}\n\nNo, I want my money back.",
        f"Em seg., 30 de nov. de 2026, Loja <shop@safar.example> escreveu:\n{QUOTE}\n\nNão quero.",
        f"{QUOTE}\n--\nNo, I want my money back.",
        "-----Original Message-----\n> Which address?\n12 Mill Lane, Leeds.",
        # Own sentences that look like an attribution.
        'Good morning.\nOn Friday your driver wrote:\n"Left with neighbour at number 9".\nNo.',
        "Bom dia.\nEm 21 de novembro o motorista escreveu:\nDeixado com o vizinho.\nNão há vizinho.",
        "سلام.\nدر جمعه راننده نوشت:\nتحویل همسایه شد.\nهمسایه‌ای نیست.",
        "नमस्ते।\nशुक्रवार को ड्राइवर ने लिखा:\nपड़ोसी को दिया।\nकोई पड़ोसी नहीं है।",
        # Own lines with marks.
        "I need one of these:\n>40 cm wide\n>60 cm high\nWhich ones do you have?",
        "I need one of these:\n>40 cm wide\n>60 cm high",
        "Which is in stock:\n> 40 cm\n> 60 cm",
        "Parcel one: broken\n____________________\nParcel two: missing",
        "Red\n--\nBlue\n--\nWhich is cheaper?",
        "Options:\n-- \nred\n-- \nblue\nWhich of them do you have?",
        "Move it please\nFrom: Leeds\nTo: London\nDate: 3 December",
        "Sent from my old address, it never came back. What now?",
    ],
)
def test_own_words_stay(text: str) -> None:
    whole = read(text)
    assert whole.folded == ""
    assert whole.own.splitlines() == [line.rstrip() for line in text.splitlines()]


@pytest.mark.parametrize(
    "marker",
    [
        "---------- Forwarded message ---------",
        "---------- Mensagem encaminhada ---------",
        "---------- پیام فوروارد شده ---------",
        "---------- अग्रेषित संदेश ---------",
        "> Begin forwarded message:\n>",
        "Begin forwarded message:",
    ],
)
def test_a_forwarded_mail_is_what_the_sender_shows(marker: str) -> None:
    receipt = "From: Bank <noreply@bank.example>\nDate: 21 November 2026\nSubject: Card\n\nYou paid 42.10."
    if marker.startswith(">"):
        receipt = "\n".join(f"> {line}" for line in receipt.splitlines())
    text = f"Where is this?\n\n{marker}\n{receipt}"
    assert "You paid 42.10." in read(text, subject="payment").own
    bare = f"Where is this?\n\n{receipt}"
    assert "You paid 42.10." in read(bare, subject="Fwd: payment").own


def test_a_mail_that_only_quotes_is_shown_whole() -> None:
    assert read(QUOTE) == Split(QUOTE)


def test_lines_that_nobody_quoted_are_own_when_the_mail_answers_nothing() -> None:
    text = "My list:\n\nshoes\n> 40 cm"
    assert read(text, subject="A list", is_answer=False) == Split(text)


@pytest.mark.parametrize(
    "quoted",
    [
        '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, Nov 30, 2026 Shop &lt;'
        '<a href="mailto:shop@safar.example">shop@safar.example</a>&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote">Old</blockquote></div>',
        '<div><blockquote type="cite"><div>On 30 Nov 2026 at 10:00 Shop &lt;s@safar.example&gt; wrote:</div>'
        "<div>Old</div></blockquote></div>",
        '<hr><div id="divRplyFwdMsg"><b>From:</b> Shop<br><b>Sent:</b> Monday</div><div>Old</div>',
        '<div id="appendonsend"></div><hr><div>Old</div>',
        '<div class="yahoo_quoted"><div>On Monday, November 30, 2026, Shop wrote:</div><div>Old</div></div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Shop'
        " &lt;shop@safar.example&gt;<br><b>Sent:</b> Monday, November 30, 2026"
        "<br><b>To:</b> Ana<br><b>Subject:</b> Old</p></div><p>Old</p>",
    ],
)
def test_quotes_of_html_are_folded(quoted: str) -> None:
    answer = read_html(f"<html><body><div>New <b>words</b></div><br>{quoted}</body></html>")
    assert answer.own == "New words"
    assert answer.folded.endswith("Old")


def test_answers_between_quotes_of_html_stay() -> None:
    cite = '<blockquote type="cite">Which address?</blockquote>'
    whole = read_html(f"<p>Hello</p>{cite}<p>12 Mill Lane</p>{cite}<p>Never outside</p>")
    assert whole.folded == ""
    assert whole.own.split("\n\n") == [
        "Hello",
        "> Which address?",
        "12 Mill Lane",
        "> Which address?",
        "Never outside",
    ]
    indented = read_html("<p>I need:</p><blockquote>a red one<br>a blue one</blockquote>")
    assert indented.folded == ""


@given(
    st.lists(st.sampled_from(["own", "", "> q", ">q", "On 1 Nov 2026 a@b wrote:", "-- ", "From: x", "____"]))
)
def test_every_line_is_kept_on_one_side_and_what_follows_a_quote_is_own(texts: list[str]) -> None:
    text = "\n".join(texts)
    both = read(text)
    said = f"{both.own}\n{both.folded}".split()
    assert sorted(said) == sorted(text.split())
    if texts and texts[-1] == "own" and "-- " not in texts and "From: x" not in texts and "> q" in texts:
        first_marked = texts.index("> q")
        if "On 1 Nov 2026 a@b wrote:" not in texts[:first_marked]:
            assert both.folded == ""
