// The visitor's theme, before the page is drawn: pages are kept and given to many, so the server does not know it.
"use strict";
{
  const chosen = /(?:^|; )theme=(light|dark)(?:;|$)/.exec(document.cookie);
  if (chosen) document.documentElement.dataset.theme = chosen[1];
}
