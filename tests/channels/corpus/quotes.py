"""Answers: what mail programs quote, in four languages; answers between quotes; forwards; signatures."""

from tests.channels.corpus.case import SENT_ID, Case, mail

OLD = "> Your order 1001 is confirmed.\n> We are packing it."
HTML = "text/html; charset=utf-8"


def _answer(name: str, quoted: str, *, own: str = "New words", end: str | None = None) -> Case:
    raw = mail(f"{own}\n\n{quoted}\n", subject="Re: Your order", In_Reply_To=f"<{SENT_ID}@safar.example>")
    return Case(name=f"quote {name}", raw=raw, text=own, folded=end)


def _page(name: str, quoted: str) -> Case:
    raw = mail(
        f"<html><body><div>New <b>words</b></div><br>{quoted}</body></html>",
        kind=HTML, subject="Re: Your order", In_Reply_To=f"<{SENT_ID}@safar.example>",
    )  # fmt: skip
    return Case(name=f"quote html {name}", raw=raw, text="New words")


def _whole(name: str, text: str, subject: str = "Re: Your order") -> Case:
    raw = mail(text, subject=subject, In_Reply_To=f"<{SENT_ID}@safar.example>")
    return Case(name=f"whole {name}", raw=raw, text=text.strip(), folded="")


_GMAIL_PAGE = (
    '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{0}<br></div>'
    '<blockquote class="gmail_quote">Old</blockquote></div>'
)

CASES = (
    _answer("gmail en", f"On Mon, Nov 30, 2026 at 10:11 AM Shop <shop@safar.example> wrote:\n\n{OLD}"),
    _answer("gmail en broken before wrote",
            f"On Mon, Nov 30, 2026 at 10:11 AM Safar Gifts Service <shop@safar.example>\nwrote:\n\n{OLD}"),
    _answer("gmail en broken in the address",
            f"On Mon, Nov 30, 2026 at 10:11 AM Safar Gifts <\nshop@safar.example> wrote:\n\n{OLD}"),
    _answer("gmail en with a narrow space",
            f"On Mon, Nov 30, 2026 at 10:11\u202fAM Shop <shop@safar.example> wrote:\n\n{OLD}"),
    _answer("gmail pt", f"Em seg., 30 de nov. de 2026 às 10:11, Loja <shop@safar.example> escreveu:\n\n{OLD}"),
    _answer("gmail pt broken",
            f"Em seg., 30 de nov. de 2026 às 10:11, Loja de Presentes\n<shop@safar.example> escreveu:\n\n{OLD}"),
    _answer("gmail fa",
            f"در تاریخ دوشنبه ۳۰ نوامبر ۲۰۲۶ ساعت ۱۰:۱۱ فروشگاه <shop@safar.example> نوشت:\n\n{OLD}"),
    _answer("gmail fa with marks of direction",
            f"\u200fدر تاریخ دوشنبه ۳۰ نوامبر ۲۰۲۶ ساعت ۱۰:۱۱ فروشگاه <\u200eshop@safar.example\u200e>\nنوشت:\u200e\n\n{OLD}"),
    _answer("gmail hi", f"सोम, 30 नव॰ 2026 को 10:11 पर दुकान <shop@safar.example> ने लिखा:\n\n{OLD}"),
    _answer("gmail hi broken", f"सोम, 30 नव॰ 2026 को 10:11 पर सफ़र उपहार <shop@safar.example>\nने लिखा:\n\n{OLD}"),
    _answer("apple en", f"> On 30 Nov 2026, at 10:11, Shop <shop@safar.example> wrote:\n> \n{OLD}"),
    _answer("apple pt", f"> Em 30 de nov. de 2026, à(s) 10:11, Loja <shop@safar.example> escreveu:\n> \n{OLD}"),
    _answer("apple en before the quote", f"On 30 Nov 2026, at 10:11, Shop <shop@safar.example> wrote:\n\n{OLD}"),
    _answer("thunderbird en", f"On 30/11/2026 10:11, Shop wrote:\n{OLD}"),
    _answer("thunderbird pt", f"Em 30/11/2026 10:11, Loja escreveu:\n{OLD}"),
    _answer("thunderbird pt-PT", f"Às 10:11 de 30/11/2026, Loja escreveu:\n{OLD}"),
    _answer("thunderbird fa with English words", f"On ۱۴۰۵/۹/۹ ۱۰:۱۱, فروشگاه wrote:\n{OLD}"),
    _answer("yahoo en",
            f"On Monday, November 30, 2026 at 10:11:00 AM GMT, Shop <shop@safar.example> wrote:\n\n{OLD}"),
    _answer("yahoo unmarked",
            "On Monday, November 30, 2026 at 10:11:00 AM GMT, Shop <shop@safar.example> wrote:\n\nYour order."),
    _answer("outlook en",
            "________________________________\nFrom: Shop <shop@safar.example>\nSent: Monday, November 30, 2026"
            " 10:00 AM\nTo: Ana\nSubject: Your order\n\nYour order 1001 is confirmed."),
    _answer("outlook en original message", "-----Original Message-----\nFrom: Shop\nSent: today\n\nYour order."),
    _answer("outlook pt",
            "De: Loja <shop@safar.example>\nEnviada em: segunda-feira, 30 de novembro de 2026 10:00\nPara: Ana\n"
            "Assunto: O seu pedido\n\nO seu pedido foi confirmado."),
    _answer("outlook pt mensagem original", "-----Mensagem original-----\nO seu pedido foi confirmado."),
    _answer("outlook fa",
            "از: فروشگاه <shop@safar.example>\nارسال: دوشنبه ۳۰ نوامبر ۲۰۲۶ ۱۰:۰۰\nبه: آنا\nموضوع: سفارش\n\nثبت شد."),
    _answer("outlook hi",
            "प्रेषक: दुकान <shop@safar.example>\nभेजा गया: सोमवार, 30 नवंबर 2026 10:00\nप्रति: आना\n"
            "विषय: आपका ऑर्डर\n\nठीक है।"),
    _answer("outlook hi original", "-----मूल संदेश-----\nठीक है।"),
    _answer("outlook mobile",
            "Get Outlook for iOS\n________________________________\nFrom: Shop <shop@safar.example>\n"
            "Sent: Monday, November 30, 2026 10:00:00 AM\nTo: Ana\nSubject: Your order\n\nConfirmed."),
    _answer("bare", OLD),
    _answer("with a signature below", f"{OLD}\n\n-- \nAna, Lisboa"),
    _answer("a long thread",
            "\n".join(f"{'>' * n} On 30/11/2026 10:1{n}, Shop wrote:\n{'>' * n} Line {n}" for n in range(1, 9))),
    _page("gmail", _GMAIL_PAGE.format("On Mon, Nov 30, 2026 Shop &lt;shop@safar.example&gt; wrote:")),
    _page("gmail pt", _GMAIL_PAGE.format("Em seg., 30 de nov. de 2026 Loja &lt;a@b.example&gt; escreveu:")),
    _page("gmail fa", _GMAIL_PAGE.format("در تاریخ ۳۰ نوامبر ۲۰۲۶ فروشگاه &lt;a@b.example&gt; نوشت:")),
    _page("gmail hi", _GMAIL_PAGE.format("सोम, 30 नव॰ 2026 को दुकान &lt;a@b.example&gt; ने लिखा:")),
    _page("apple", '<div><blockquote type="cite"><div>On 30 Nov 2026 at 10:00 Shop &lt;s@safar.example&gt; '
          "wrote:</div><div>Old</div></blockquote></div>"),
    _page("thunderbird", '<div class="moz-cite-prefix">On 30/11/2026 10:11, Shop wrote:<br></div>'
          '<blockquote type="cite" cite="mid:x"><p>Old</p></blockquote>'),
    _page("outlook web", '<hr><div id="divRplyFwdMsg"><b>From:</b> Shop<br><b>Sent:</b> Monday</div><div>Old</div>'),
    _page("outlook append", '<div id="appendonsend"></div><hr><div>Old</div>'),
    _page("outlook desktop",
          '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Shop &lt;s@safar.example&gt;'
          "<br><b>Sent:</b> Monday, November 30, 2026<br><b>To:</b> Ana<br><b>Subject:</b> Old</p></div><p>Old</p>"),
    _page("outlook desktop pt",
          '<div style="border:none;border-top:solid #B5C4DF 1.0pt"><p><b>De:</b> Loja &lt;s@safar.example&gt;'
          "<br><b>Enviada em:</b> segunda-feira, 30 de novembro de 2026<br><b>Para:</b> Ana<br><b>Assunto:</b> Old"
          "</p></div><p>Old</p>"),
    _page("yahoo", '<div class="yahoo_quoted"><div>On Monday, November 30, 2026, Shop wrote:</div><div>Old</div></div>'),
    _page("proton", '<div class="protonmail_quote">On Monday, Shop wrote:<blockquote type="cite">Old</blockquote></div>'),
    _whole("answers below a quote",
           "Hello,\n\nOn 30/11/2026 09:12, Safar Gifts wrote:\n> Which address shall we use?\n"
           "Please use 12 Mill Lane.\n> And may we leave it outside?\nNo, never outside."),
    _whole("answers below a quote pt",
           "Olá,\n\nEm 30/11/2026 09:12, Loja escreveu:\n> Qual é o endereço?\nRua do Moinho, 12."),
    _whole("answers below a quote fa", "سلام\n\nدر ۳۰ نوامبر ۲۰۲۶ فروشگاه نوشت:\n> نشانی؟\nخیابان آسیاب ۱۲"),
    _whole("answers below a quote hi", "नमस्ते\n\n30/11/2026 को दुकान ने लिखा:\n> पता?\n१२ मिल लेन"),
    _whole("an own sentence that ends with wrote",
           'Good morning.\nOn Friday your driver wrote:\n"Left with neighbour at number 9".\nThere is no number 9.'),
    _whole("an own sentence pt", "Bom dia.\nEm 21 de novembro o motorista escreveu:\nDeixado com o vizinho.\nNão há."),
    _whole("own lines with marks", "I need one of these:\n>40 cm wide\n>60 cm high\nWhich ones do you have?"),
    _whole("own ruled lines", "Parcel one: broken\n____________________\nParcel two: missing"),
    _whole("own lines like headers", "Move it please\nFrom: Leeds\nTo: London\nDate: 3 December"),
    _whole("only a quote", OLD),
    _whole("forwarded with a note",
           "Where is this?\n\n---------- Forwarded message ---------\nFrom: Bank <noreply@bank.example>\n"
           "Subject: Card\n\nYou paid 42.10.", "Fwd: receipt"),
    _whole("forwarded pt",
           "Onde está?\n\n---------- Mensagem encaminhada ---------\nDe: Banco <b@bank.example>\n\nPagou 42,10.",
           "Enc: recibo"),
    _whole("forwarded fa", "این کجاست؟\n\n---------- پیام فوروارد شده ---------\nاز: بانک <b@bank.example>\n\nپرداخت شد.",
           "Fwd: رسید"),
    _whole("forwarded hi", "यह कहाँ है?\n\n---------- अग्रेषित संदेश ---------\nप्रेषक: बैंक <b@bank.example>\n\nभुगतान हुआ।",
           "Fwd: रसीद"),
    _whole("forwarded by apple",
           "Where is this?\n\nBegin forwarded message:\n\nFrom: Bank <noreply@bank.example>\nSubject: Card\n\nYou paid.",
           "Fwd: Card"),
    _whole("forwarded by outlook, told by its subject",
           "Where is this?\n\nFrom: Bank <noreply@bank.example>\nSent: Monday, November 30, 2026 10:00 AM\nTo: Ana\n"
           "Subject: Card\n\nYou paid 42.10.", "FW: Card"),
    Case(name="signature marked", raw=mail("New words\n\n-- \nAna\nLisboa"), text="New words", folded="--\nAna\nLisboa"),
    Case(name="signature of a phone", raw=mail("New words\n\nSent from my iPhone"), text="New words"),
    Case(name="signature of a phone pt", raw=mail("Bom dia\n\nEnviado do meu iPhone"), text="Bom dia"),
    Case(name="signature that asks stays", raw=mail("Hi\n-- \nWhere is my order?"), says=("Where is my order?",)),
    Case(name="signature of two dashes that is none", raw=mail("Red\n--\nBlue\n--\nWhich?"), says=("Red", "Blue", "Which?")),
)  # fmt: skip
