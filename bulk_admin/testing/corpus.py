"""Prompts that have broken pages elsewhere."""

from __future__ import annotations

XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)//",
    "</script><svg onload=alert(1)>",
    "{{ 7*7 }}{% debug %}",
    "'; DROP TABLE prompts_prompt; --",
    "<b>only markup</b>",
    "<<<<>>>>",
    "]]><!--",
]
ODD = [
    "x",
    "cat",
    "🦊",
    "👩‍👩‍👧‍👦 🏳️‍🌈",
    "...",
    "12345",
    "-- --ar 16:9",
    "قطة حمراء نائمة في الثلج العميق تحت ضوء القمر",
    "שועל אדום ישן בשלג",
    "深い雪の中で眠る赤い狐、柔らかな朝の光、写実的、浅い被写界深度、冬の森、静けさ、高精細な毛並み、青い影、遠くの山々、霧、木漏れ日、朝焼け、雪の結晶、動物の写真",
    "गहरी बर्फ में सोती हुई लाल लोमड़ी",
    "e\u0301te\u0301 a\u0300 la plage",
    "\u202ereversed\u202c text",
    "zero\u200bwidth\ufeff",
    "null\x00byte\x1b[31m",
    "a\nb\r\nc\u2028d",
    "word " * 8_000,
    "x" * 40_000,
    "<" * 40_000,
    "🦊" * 10_000,
    "a red fox, " + "masterpiece, best quality, " * 1_400,
]
CORPUS = [*XSS, *ODD]
