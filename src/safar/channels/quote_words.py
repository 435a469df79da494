"""How mail programs say "wrote", "forwarded" and "sent from my telephone", in many languages.

All in lower case; compared, never searched for as patterns.
"""

WROTE = (
    "wrote", "writes", "escreveu", "escreveu o seguinte", "escribió", "a écrit", "schrieb", "ha scritto",
    "scrive", "schreef", "skrev", "kirjoitti", "napsal", "napsal(a)", "írta", "yazdı", "pisze", "napisał",
    "napisał(a)", "napisała", "пишет", "написал", "написала", "написал(а)", "пише", "написав", "كتب",
    "نوشت", "نوشته", "نوشته است", "نوشتند", "ने लिखा", "ने लिखा है", "लिखा", "写道", "寫道",
    "が書きました",
)  # fmt: skip
LETTER_BEGINS = (
    "on ", "em ", "no dia ", "a ", "el ", "le ", "am ", "il ", "op ", "den ", "w dniu ", "dnia ", "at ",
    "در ", "در تاریخ ", "به تاریخ ", "в ", "le\u00a0", "2", "1", "3",
)  # fmt: skip
FORWARDED = frozenset({
    "forwarded message", "begin forwarded message", "original message forwarded", "forwarded mail",
    "mensagem encaminhada", "início da mensagem encaminhada",
    "mensaje reenviado", "inicio del mensaje reenviado",
    "weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "message transféré",
    "début du message transféré", "début du message réexpédié",
    "messaggio inoltrato", "doorgestuurd bericht",
    "forwarded by", "پیام فوروارد شده", "پیام هدایت شده", "پیام ارسال‌شده", "پیام بازارسال شده",
    "پیام بازارسال‌شده", "شروع پیام فوروارد شده", "अग्रेषित संदेश", "फ़ॉरवर्ड किया गया संदेश",
    "फ़ॉरवर्ड किया गया मैसेज", "अग्रेषित संदेश प्रारंभ", "пересылаемое сообщение", "przekazana wiadomość",
})  # fmt: skip
FORWARDED_SUBJECTS = (
    "fwd:", "fw:", "fwd :", "enc:", "rv:", "wg:", "tr:",
    "i:", "rif:", "doorst:", "بازارسال:", "فوروارد:", "अग्रे:", "fwd ",
)  # fmt: skip
# What answering machines put before the subject of what they answer, where they say so in no header.
AWAY_SUBJECTS = (
    "automatic reply:", "auto reply:", "auto-reply:", "autoreply:", "auto response:", "out of office:",
    "out of the office:", "out of office re:", "away:", "vacation reply:", "[auto-reply]", "[out of office]",
    "resposta automática:", "resposta automatica:", "fora do escritório:", "ausência temporária:",
    "ausência do escritório:", "پاسخ خودکار:", "پاسخ‌گوی خودکار:", "خارج از دفتر:", "स्वचालित उत्तर:",
    "स्वचालित जवाब:", "स्वतः उत्तर:", "कार्यालय से बाहर:", "respuesta automática:", "réponse automatique:",
    "automatische antwort:", "abwesenheitsnotiz:", "risposta automatica:", "automatisch antwoord:",
    "автоответ:", "رد تلقائي:", "otomatik yanıt:", "自动回复:",
)  # fmt: skip
ANSWER_SUBJECTS = ("re:", "re :", "aw:", "sv:", "antw:", "res:", "odp:", "پاسخ:", "उत्तर:", "जवाब:", "回复:")
ORIGINAL = frozenset({
    "original message", "original-nachricht", "ursprüngliche nachricht", "mensagem original",
    "mensaje original", "message d'origine", "message original", "messaggio originale",
    "oorspronkelijk bericht", "پیام اصلی", "मूल संदेश", "исходное сообщение", "original appointment",
    "reply message", "original mail", "ursprungligt meddelande", "oprindelig meddelelse",
})  # fmt: skip
_HEADERS = {
    "from": "from de von van da od от från fra desde"
    " expéditeur mittente از فرستنده प्रेषक द्वारा 发件人 寄件者 差出人 من",
    "sent": "sent date enviado enviada gesendet datum envoyé"
    " verzonden inviato data fecha wysłano отправлено дата"
    " skickat sendt تاریخ ارسال दिनांक तारीख भेजा 发送时间 日付",
    "to": "to para an à aan a do кому til till به گیرنده प्रति को सेवा 收件人 destinataire",
    "subject": "subject assunto asunto betreff objet onderwerp oggetto"
    " temat тема emne ämne موضوع विषय 主题 件名",
    "cc": "cc kopie copia copie رونوشت प्रतिलिपि",
}  # fmt: skip
HEADER_WORDS = {word: header for header, words in _HEADERS.items() for word in words.split()} | {
    "enviada em": "sent", "enviado em": "sent", "enviado el": "sent",
    "ارسال شده": "sent", "ارسال‌شده": "sent",
    "भेजा गया": "sent", "date sent": "sent", "sent at": "sent", "reply to": "cc", "reply-to": "cc",
    "सेवा में": "to", "to whom": "to", "importance": "cc", "attachments": "cc",
}  # fmt: skip
CLOSINGS = (
    "sent from", "sent via", "sent with",
    "(sent from", "get outlook for", "enviado do meu", "enviado de meu",
    "enviado pelo", "enviado a partir", "enviado desde mi",
    "obter o outlook", "obtenha o outlook", "envoyé de mon", "envoyé depuis",
    "sendt fra", "skickat från", "von meinem", "gesendet mit", "gesendet von",
    "inviato da", "verzonden vanaf", "wysłane z", "ارسال شده از",
    "فرستاده شده از", "ارسال‌شده از", "ارسال شد", "से भेजा गया", "отправлено с", "download outlook",
)  # fmt: skip
DEVICES = (
    "iphone", "ipad", "ipod", "android", "galaxy",
    "samsung", "blackberry", "huawei", "xiaomi", "nokia", "htc",
    "mobile", "smartphone", "handy", "telephone", "celular",
    "telemóvel", "móvil", "outlook", "windows", " mail",
    "mailbox", "gmail", "yahoo", "airmail", "proton", "موبایل",
    "آیفون", "گوشی", "تلفن همراه", "आईफ़ोन", "मोबाइल", "एंड्रॉयड", "phone",
)  # fmt: skip
