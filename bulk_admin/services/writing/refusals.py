"""Whether a text is a model's refusal instead of what it was asked for.

Models decline in the language they were spoken to in, as polite prose inside a valid answer. Only
the beginnings of a text's first sentences count, in the first person or about the request: a title
may well name a song that goes "I can't help falling in love".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from bulk_admin.wording import sentences

LOOKED_AT = 3  # sentences: an apology may stand before the refusal itself
LENGTH = 200  # characters of each

_ENGLISH_ACTS = (
    r"(?:help(?: with| you|[.!]|$)|assist|comply|fulfil|fulfill|provide|create|generate|describe|"
    r"write|produce|make (?:this|that|a)|identify|process|continue|engage|discuss|support|answer|"
    r"respond|offer|share|do (?:that|this|so)|view|analy[sz]e|recogni[sz]e|complete|"
    r"see (?:the|this|any) (?:image|picture|photo|attachment)|"
    r"be (?:completed|processed|fulfil+ed|described|generated|created)|accommodate)"
)
_GERMAN_ACTS = (
    r"(?:helfen|weiterhelfen|unterstützen|erstellen|beschreiben|bereitstellen|erzeugen|generieren|"
    r"schreiben|beantworten|erfüllen|bearbeiten|liefern|anbieten|nachkommen|identifizieren)"
)
_FRENCH_ACTS = (
    r"(?:aider|assister|créer|fournir|décrire|générer|répondre|traiter|satisfaire|écrire|"
    r"identifier|donner suite|faire (?:cela|ça)|produire|accéder|rédiger)"
)
_SPANISH_ACTS = (
    r"(?:ayudar|asistir|crear|proporcionar|describir|generar|cumplir|responder|escribir|"
    r"identificar|ofrecer|hacer (?:eso|esto)|procesar|realizar|atender)"
)
_ITALIAN_ACTS = (
    r"(?:aiutar|assister|crear|fornir|descriver|generar|soddisfar|risponder|scriver|identificar|"
    r"offrir|elaborar|far(?:e|lo) (?:questo|ciò)|procedere)"
)
_PORTUGUESE_ACTS = (
    r"(?:ajudar|auxiliar|criar|fornecer|descrever|gerar|cumprir|responder|escrever|identificar|"
    r"oferecer|fazer iss?to?|processar|atender)"
)
# Each is matched at the beginning of a sentence, in lower case with plain apostrophes.
_BEGINNINGS = (
    # English
    r"(?:(?:i'?m |i am |we'?re |we are )?(?:very |so |really |truly )?sorry|(?:my )?apologies|"
    r"(?:i|we) apologi[sz]e|unfortunately|regrettably|i'?m afraid|"
    r"(?:(?:i|we) (?:regret|understand|appreciate)|thanks?|due to|because of|according to)\b"
    r".{0,80}?\b(?=i |we ))\b.{0,60}?"
    rf"\b(?:(?:can'?t|cannot|can not|won'?t|will not)(?: \w+)? {_ENGLISH_ACTS}"
    r"|(?:unable|not able|not allowed|not permitted) to|(?:must|have to) decline)(?!\w)",
    r"i (?:can'?t|cannot)(?:[.!]|$)",
    rf"(?:i|we) (?:won'?t|will not) be able to {_ENGLISH_ACTS}",
    rf"i(?:'d| would)? (?:rather|prefer) not (?:to )?{_ENGLISH_ACTS}",
    r"i(?:'m| am) (?:just |only )?an? (?:large )?language model\b",
    r"(?:sorry, )?(?:this|the|your) (?:request|prompt|image|content) (?:may|might|could|would) "
    r"violate",
    r"(?:this|the|your) (?:request|prompt) (?:was|has been) flagged",
    r"(?:refused|refusal|content (?:is )?(?:not available|unavailable))[.!\])]*$",
    r"(?:but |however,? |and )?(?:i|we) (?:can'?t|cannot|can not|won'?t|will not|"
    r"(?:am|are) (?:unable|not able) to|(?:must|have to) (?:decline|refuse)(?: to)?|"
    rf"decline to|refuse to) ?(?:\w+ )?{_ENGLISH_ACTS}",
    r"i(?:'m| am) (?:unable|not able|not comfortable|not allowed|not permitted)\b",
    r"i (?:don't|do not) feel comfortable\b|i(?:'m| am) (?:just |only )?an ai\b",
    r"i (?:don't|do not|can't|cannot) see (?:an?|any|the) (?:image|picture|attachment)\b",
    r"no (?:image|picture) (?:was|is|has been) (?:provided|attached|uploaded)\b",
    r"(?:i|we) (?:must|have to|need to) (?:respectfully )?(?:decline|refuse)\b",
    rf"(?:unable|not able) to {_ENGLISH_ACTS}",
    r"as an? (?:ai|large language|language)\b(?: language)?(?: model| assistant|,)",
    r"(?:this|the|your) (?:request|prompt|image|content) (?:violates|goes against|can(?:not|'t) be "
    r"(?:described|processed|fulfil|completed)|was (?:declined|refused|blocked|rejected))",
    r"(?:request|prompt) (?:was )?(?:denied|declined|refused|rejected|blocked)\b",
    # German
    r"(?:es )?tut (?:mir|uns) (?:sehr |wirklich )?leid\b.{0,80}?\b(?:nicht|keine?[nrsm]?)\b",
    r"(?:leider|entschuldigung|entschuldige|verzeihung)\b.{0,60}?\b(?:kann|darf|können|möchte)\b"
    r".{0,80}?\b(?:nicht|keine?[nrsm]?)\b",
    rf"(?:aber )?(?:ich kann|ich darf|wir können|dabei kann ich)\b.{{0,80}}?"
    rf"\b(?:nicht|keine?[nrsm]?)\b.{{0,60}}?{_GERMAN_ACTS}",
    r"(?:diese[nrs]?|die|das|bei|dazu|dabei) [\w ]{0,40}?\b(?:kann|darf) ich\b"
    rf".{{0,40}}?\b(?:nicht|keine?[nrsm]?)\b.{{0,40}}?{_GERMAN_ACTS}",
    r"ich bin nicht in der lage\b|als ki(?:-| |,)",
    r"(?:leider |es )ist (?:es )?mir (?:leider )?nicht möglich\b|ich muss .{0,60}?\bablehnen\b",
    # French
    r"(?:(?:je suis )?(?:vraiment )?(?:désolée?|navrée?)|excusez-moi|je (?:m'excuse|regrette))"
    r"\b.{0,40}?"
    r"\bje (?:ne (?:peux|puis|suis)|n'ai)\b",
    r"(?:mais |malheureusement,? )?je ne (?:peux|puis|suis) (?:malheureusement )?pas\b.{0,40}?"
    rf"{_FRENCH_ACTS}|il m'est impossible\b"
    r"|je (?:refuse|dois (?:refuser|décliner))\b|en tant qu'(?:ia|intelligence|assistant|modèle)\b",
    # Spanish
    r"(?:lo siento|lo lamento|disculp[ae]|perdón|lamentablemente|desafortunadamente|"
    r"me temo que)\b.{0,40}?"
    r"\bno (?:puedo|podemos|es posible|me es posible|estoy en)\b",
    rf"(?:pero )?no (?:puedo|podemos)\b.{{0,20}}?{_SPANISH_ACTS}",
    r"no me es posible\b|(?:ho sento|em sap greu)\b.{0,40}?\bno puc\b",  # Catalan too
    r"como (?:un )?(?:modelo de lenguaje|ia\b|inteligencia artificial)",
    # Italian
    r"(?:mi dispiace|mi spiace|spiacente|sono spiacente|purtroppo|mi scuso)\b.{0,40}?"
    r"\bnon (?:posso|possiamo|è possibile|sono in grado)\b",
    rf"(?:ma )?non (?:posso|possiamo|sono in grado di)\b.{{0,20}}?{_ITALIAN_ACTS}",
    r"non mi è possibile\b|não me é possível\b",
    r"in quanto (?:ia\b|modello|intelligenza artificiale|assistente)",
    # Portuguese
    r"(?:(?:me )?desculpe?|desculpa|peço desculpas?|sinto muito|lamento|infelizmente)\b.{0,40}?"
    r"\bnão (?:posso|consigo|podemos|é possível|estou)\b",
    rf"(?:mas )?(?:eu )?não (?:posso|consigo|podemos)\b.{{0,20}}?{_PORTUGUESE_ACTS}",
    r"como (?:um |uma )?(?:modelo de linguagem|ia\b|inteligência artificial)",
    # Dutch, Swedish, Danish, Norwegian, Finnish
    r"(?:het spijt me|sorry|helaas)\b.{0,40}?\bkan (?:ik )?.{0,60}?\b(?:niet|geen)\b",
    r"ik kan\b.{0,60}?\b(?:niet|geen)\b.{0,60}?"
    r"(?:helpen|maken|beschrijven|genereren|geven|voldoen|schrijven)",
    r"(?:tyvärr|jag är ledsen|förlåt|(?:jeg )?beklag[ae]r|undskyld|desværre|dessverre)\b.{0,40}?"
    r"\b(?:kan|kunne) .{0,20}?\b(?:inte|ikke)\b",
    r"(?:jag kan inte|jeg kan (?:desværre |dessverre )?ikke) (?:hjälpa|hjelpe|hjælpe|skapa|lage|"
    r"beskriva|beskrive|generera|generere|skriva|skrive)",
    r"(?:valitettavasti|anteeksi|pahoittelen|olen pahoillani)\b.{0,40}?\ben (?:voi|pysty)\b",
    # Polish, Czech, Russian, Ukrainian
    r"(?:przykro mi|przepraszam|niestety)\b.{0,40}?\bnie (?:mogę|jestem w stanie)\b",
    r"nie mogę (?:ci |państwu )?(?:pomóc|stworzyć|opisać|wygenerować|spełnić|napisać)",
    r"(?:omlouvám se|bohužel|je mi líto)\b.{0,40}?\b(?:nemohu|nemůžu|nejsem schop)",
    r"(?:к сожалению|извините|простите|прошу прощения|мне (?:очень )?жаль|сожалею|жаль)\b.{0,40}?"
    r"\bне (?:могу|можем|смогу|в состоянии)\b",
    r"(?:но )?(?:я )?не (?:могу|смогу) (?:вам |тебе |с этим )?(?:помочь|создать|описать|"
    r"сгенерировать|выполнить|написать|обсуждать|обработать|предоставить|ответить)",
    r"(?:на жаль|вибачте|перепрошую|мені (?:дуже )?шкода)\b.{0,40}?\bне (?:можу|зможу)\b",
    # Turkish, Romanian, Hungarian, Greek
    r"(?:üzgünüm|maalesef|özür dilerim)\b.{0,80}?(?:amam|emem|amıyor|emiyor|amay|emey)",
    r"(?:(?:îmi|ne) pare rău|din păcate|scuze)\b.{0,40}?\bnu (?:pot|putem)\b",
    r"(?:съжалявам|за съжаление)\b.{0,40}?\bне мог|(?:žao mi je|nažalost)\b.{0,40}?\bne mogu\b",
    r"(?:sajnálom|sajnos|elnézést)\b.{0,60}?\bnem (?:tudok|segíthetek|tudom)\b",
    r"(?:λυπάμαι|συγγνώμη|δυστυχώς)\b.{0,40}?\bδεν (?:μπορώ|είμαι)\b",
    # Japanese, Chinese, Korean
    r"(?:大変)?(?:申し訳|すみません|すいません|ごめんなさい|恐れ入りますが|残念ながら|恐縮ですが)"
    r".{0,60}?(?:できません|できない|できかね|いたしかね|致しかね|お断り|控え|お手伝い|お答え|お応え)",
    r"(?:その|この)(?:画像|内容).{0,30}?(?:説明|生成|作成|提供|記述)(?:できません|できかね)",
    r"(?:その|この|ご)?(?:お手伝い|お答え|ご?対応|ご?要望|ご?依頼|リクエスト).{0,30}?"
    r"(?:できません|できかねます|いたしかねます)",
    r"(?:我)?(?:很|非常|十分)?(?:抱歉|对不起|對不起|不好意思|遗憾|遺憾).{0,30}?"
    r"(?:无法|無法|不能|没办法|沒辦法|不便|不可以|拒绝|拒絕)",
    r"(?:但)?我(?:无法|無法|不能|没办法|沒辦法|没有办法|不可以).{0,12}?(?:帮|幫|协助|協助|提供|"
    r"生成|创建|創建|建立|描述|满足|滿足|回答|处理|處理|完成|识别|識別|讨论|討論|支持|撰写|撰寫)",
    r"(?:无法|無法|不能)(?:为您|為您)?(?:提供|处理|處理|生成|描述|满足|滿足).{0,10}?"
    r"(?:请求|請求|描述|内容|內容|图片|圖片)",
    r"(?:由于|由於|根据|根據).{0,20}?我?(?:无法|無法|不能)",
    r"(?:该|該|此|您的|你的)(?:请求|請求|内容|內容|图片|圖片).{0,15}?(?:违反|違反|无法|無法|不能)",
    r"(?:作为|作為|身为)(?:一个|一個|一名)?(?:ai|人工智能|人工智慧)",
    r"(?:정말 |대단히 )?(?:죄송|미안|유감|안타깝|아쉽).{0,60}?(?:수 없|못|어렵|않)",
    r".{0,40}?(?:드릴|제공할|생성할|설명할|처리할|만들) 수 (?:는 )?없(?:습니다|어요)",
    # Arabic, Hebrew, Persian, Hindi
    r"(?:عذر|آسف|أعتذر|نأسف|متأسف|للأسف|المعذرة).{0,60}?(?:لا (?:أستطيع|يمكن)|لن أ|غير قادر)",
    r"لا (?:أستطيع|يمكنني) (?:مساعدت|المساعدة|تقديم|إنشاء|وصف|توليد|تلبية|كتابة)",
    r"(?:אני )?(?:מצטער|סליחה|לצערי|מתנצל).{0,60}?(?:לא יכול|אין באפשרותי|לא אוכל)",
    r"(?:متأسفم|متاسفم|ببخشید|با عرض پوزش).{0,60}?نمی",
    r"(?:क्षमा|माफ़|माफ|मुझे खेद|खेद).{0,80}?(?:नहीं|असमर्थ)",
    # Bengali, Tamil, Swahili
    r"(?:দুঃখিত|ক্ষমা করবেন).{0,60}?(?:না|অক্ষম)|மன்னிக்கவும்.{0,60}?(?:முடியாது|இயலாது)",
    r"(?:samahani|pole)\b.{0,40}?\bsi(?:wezi|jui)\b",
    # Thai, Vietnamese, Indonesian
    r"(?:ต้อง)?(?:ขออภัย|ขอโทษ|เสียใจ).{0,80}?(?:ไม่สามารถ|ไม่ได้)",
    r"(?:ฉัน|ผม|ดิฉัน|เรา)ไม่สามารถ",
    r"(?:tôi )?(?:rất )?(?:xin lỗi|tiếc|lấy làm tiếc)\b.{0,60}?không thể\b",
    r"tôi không thể (?:giúp|hỗ trợ|tạo|mô tả|cung cấp|viết|đáp ứng)",
    r"(?:mohon )?maaf\b.{0,60}?tidak (?:dapat|bisa)\b",
    r"saya tidak (?:dapat|bisa) (?:membantu|membuat|menjelaskan|menyediakan|memenuhi|menulis)",
)
_REFUSAL = re.compile(
    unicodedata.normalize("NFKC", "|".join(f"(?:{beginning})" for beginning in _BEGINNINGS))
)
_MARKS = re.compile(r"^[\W_]+")
_FIRST_WORD = re.compile(
    r"(?:error|note|notice|warning|refusal|response|answer|output|message|reason|content|assistant"
    r"|ai|title|description|text|caption|alt)\W{0,3}[:：]|(?:hmm+|oh|oops|well|um+|ah)\b[,!. ]"
)
_APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼ`´"), "'")


def is_refusal(text: str) -> bool:
    """Whether one of its first sentences declines."""
    plain = unicodedata.normalize(
        "NFKC", text[: LOOKED_AT * LENGTH].translate(_APOSTROPHES)
    ).lower()
    # An apology and the refusal may be one sentence or two: "I'm sorry. I can't help with that."
    return any(
        _REFUSAL.match(beginning[:LENGTH])
        for sentence in [plain, *sentences(plain)[:LOOKED_AT]]
        for beginning in _beginnings(sentence)
    )


def _beginnings(sentence: str) -> Iterator[str]:
    """A sentence without the marks before it, and without a first word like "Error:"."""
    bare = _MARKS.sub("", sentence)
    yield bare
    if first := _FIRST_WORD.match(bare):
        yield _MARKS.sub("", bare[first.end() :])
