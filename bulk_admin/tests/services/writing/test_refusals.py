from __future__ import annotations

import time

import pytest

from bulk_admin.services.writing.refusals import is_refusal

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t help with that request.",
    "I'm sorry. I can't assist with this image.",
    "Sorry, I cannot create a description of this picture.",
    "I cannot provide a title for this image.",
    "I can't describe this image because it shows a real person.",
    "I won't be able to help with that. Unfortunately, I am unable to describe it.",
    "I am unable to identify people in images.",
    "I'm not able to generate text for this.",
    "Unable to assist with this request",
    "As an AI language model, I do not have access to pictures.",
    "Unfortunately, I can't fulfill this request.",
    "This request violates the content policy.",
    "I must decline to write about this.",
    "\"I'm sorry, but I can't help with that.\"",
    "**I'm sorry**, but I can't help with that.",
    "My apologies, but I cannot assist with that.",
    "Thank you for your request, but I can't create that content.",
    "Due to the content policy, I cannot describe this image.",
    "I'm an AI and do not have opinions about pictures.",
    "I don't see an image attached to your message.",
    "No image was provided.",
    "Diese Anfrage kann ich leider nicht bearbeiten.",
    "Excusez-moi, je ne peux pas décrire cette image.",
    "Me temo que no puedo ayudar con eso.",
    "Mi spiace, non posso descrivere questa immagine.",
    "Peço desculpas, mas não posso ajudar.",
    "由于内容政策，我无法描述这张图片。",
    "该请求违反了我们的使用政策。",
    "この画像については説明できません。",
    "도움을 드릴 수 없습니다.",
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "Tut mir leid, ich kann diese Anfrage nicht bearbeiten.",
    "Leider kann ich dir dabei nicht helfen.",
    "Ich kann dieses Bild leider nicht beschreiben.",
    "Je suis désolé, mais je ne peux pas vous aider avec cette demande.",
    "Désolée, je ne peux pas décrire cette image.",
    "Je ne peux malheureusement pas répondre à cette demande.",
    "Lo siento, pero no puedo ayudar con eso.",
    "No puedo describir esta imagen.",
    "Mi dispiace, ma non posso aiutarti con questa richiesta.",
    "Non posso descrivere questa immagine.",
    "Desculpe, mas não posso ajudar com isso.",
    "Sinto muito, não consigo descrever esta imagem.",
    "Het spijt me, maar daar kan ik niet mee helpen.",
    "Tyvärr kan jag inte hjälpa till med det.",
    "Beklager, men jeg kan ikke hjelpe med det.",
    "Przykro mi, ale nie mogę w tym pomóc.",
    "Omlouvám se, ale s tím nemohu pomoci.",
    "К сожалению, я не могу помочь с этим запросом.",
    "Извините, но я не могу описать это изображение.",
    "Я не могу помочь с этим.",
    "Вибачте, але я не можу допомогти з цим.",
    "Üzgünüm, bu konuda yardımcı olamam.",
    "Λυπάμαι, αλλά δεν μπορώ να βοηθήσω με αυτό.",
    "申し訳ありませんが、そのリクエストにはお応えできません。",
    "申し訳ございません。この画像の説明は作成できません。",
    "すみませんが、お手伝いできません。",
    "抱歉，我无法协助满足该请求。",
    "对不起，我不能描述这张图片。",
    "很抱歉，無法提供協助。",
    "我无法为这张图片提供标题。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "죄송합니다. 이 이미지를 설명할 수 없습니다.",
    "عذرًا، لا أستطيع المساعدة في ذلك.",
    "क्षमा करें, मैं इसमें मदद नहीं कर सकता।",
    "ขออภัย ฉันไม่สามารถช่วยเรื่องนี้ได้",
    "Xin lỗi, tôi không thể giúp với yêu cầu này.",
    "Maaf, saya tidak bisa membantu dengan permintaan itu.",
    "מצטער, אני לא יכול לעזור בזה.",
    "I won't be able to help with that.",
    "I'd rather not describe this.",
    "This request may violate our usage policies.",
    "Hmm, I can't do that.",
    "Apologies, I can't help.",
    "😔 I'm sorry, but I can't help with that.",
    "Error: I'm sorry, but I can't help with that.",
    '{"error": "I cannot assist"}',
    "[Refused].",
    "Leider ist es mir nicht möglich, das zu beschreiben.",
    "Ich muss diese Anfrage ablehnen.",
    "Je refuse de décrire cette image.",
    "Non mi è possibile descrivere questa immagine.",
    "Não me é possível responder.",
    "Ho sento, però no puc ajudar-te amb això.",
    "Ne pare rău, dar nu putem ajuta.",
    "Anteeksi, en voi auttaa tässä.",
    "Жаль, но я не могу.",
    "Съжалявам, но не мога да помогна.",
    "Žao mi je, ali ne mogu pomoći.",
    "无法处理此请求",
    "দুঃখিত, আমি এতে সাহায্য করতে পারি না।",
    "மன்னிக்கவும், என்னால் உதவ முடியாது.",
    "Samahani, siwezi kusaidia na hilo.",
]
TEXTS = [
    "Red Fox Curled Asleep in Deep Winter Snow",
    "I'm Sorry Greeting Card with Watercolor Roses",
    "I Can't Help Falling in Love Typography Poster",
    "Sorry We Are Closed: Vintage Shop Sign at Night",
    "Sorry, I Can't Hear You Over My Headphones Cartoon",
    "A robot that cannot help itself dances in the rain. It is sorry.",
    "A poster reads: I can't help with Mondays. A cat yawns below it.",
    "Unable to Sleep: A Woman at the Window in Moonlight",
    "As an Airship Crosses the Alps at Golden Hour",
    "Request Stop Sign on a Rural Road in Wales",
    "Thanks for Nothing: A Cactus in a Broken Pot",
    "Because of Winn: A Dog Waits at the Station",
    "I Understand Cats Better Than People: Comic Poster",
    "An AI Robot Paints a Sunflower in a Bright Studio",
    "No Image of a Mountain Is Complete without Snow",
    "Poster: I Can't Help with Mondays",
    "I Cannot See the Forest for the Trees, Watercolor",
    "A Large Language Model Drawn as a Glass City",
    "Die Katze, die nicht kann, was ich kann",
    "Because of the fog, the far shore cannot be described as blue. It is white.",
    "Leider geil: Hund mit Sonnenbrille am Strand",
    "Ich kann nicht ohne Kaffee: Poster im Retrostil",
    "Je ne regrette rien: affiche de chanson française",
    "No puedo vivir sin ti: cartel tipográfico rojo",
    "Non posso stare senza te: poster romantico",
    "Не могу забыть тебя: ретро-плакат с розами",
    "雪の中で眠る赤い狐と冬の森の静けさ",
    "ごめんなさいと書かれた手紙を持つ猫",
    "对不起卡片与水彩玫瑰花",
    "미안하다 사랑한다 손글씨 포스터",
    "สุนัขจิ้งจอกแดงนอนหลับในหิมะ",
    "",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_known_in_many_languages(text):
    assert is_refusal(text)
    assert is_refusal(f"{text} Please try another picture.")
    assert is_refusal(text.upper() if text.isascii() else text)


@pytest.mark.parametrize("text", TEXTS)
def test_a_picture_about_sorrow_is_no_refusal(text):
    assert not is_refusal(text)


@pytest.mark.parametrize("part", ["sorry ", "i ", "'", ". ", "leider kann ", "抱歉", "no puedo "])
def test_a_long_text_takes_no_longer(part):
    begun = time.process_time()
    assert not is_refusal(part * (100_000 // len(part)))
    assert time.process_time() - begun < 0.5
