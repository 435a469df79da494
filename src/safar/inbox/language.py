"""Which of our languages a text is in: by script, then by words that only one language has."""

import re

from safar.kernel.text import fold, script_of

_WORD = re.compile(r"[^\W\d_]+")
_PORTUGUESE_WORDS = """
    nao voce voces obrigado obrigada ola oi bom boa dia tarde noite quero queria gostaria tem ter uma um meu
    minha pedido esta estoque onde quando qual quanto custa ainda disponivel por favor com para como entrega
    horario abrem aberto loja falar atendente produto chegou chega comprei comprar encomenda
"""
_ENGLISH_WORDS = """
    the is are you your my have has in stock where when what order please thanks thank hello hi i it do does
    can could would want to of and any left open hours delivery still available how much this that with for
    need help speak talk human person there will not
"""
_PORTUGUESE = frozenset(_PORTUGUESE_WORDS.split())
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_SHARED = _PORTUGUESE & _ENGLISH


def language_of(text: str, default: str) -> str:
    """Return the language of `text`; `default` when its words do not tell."""
    script = script_of(text)
    if script == "arabic":
        return "fa"
    if script == "devanagari":
        return "hi"
    words = set(_WORD.findall(fold(text)))
    portuguese = len(words & _PORTUGUESE - _SHARED)
    english = len(words & _ENGLISH - _SHARED)
    if portuguese == english:
        return default
    return "pt-BR" if portuguese > english else "en"
