"""Words by Jieba, of simplified characters whatever the resident writes."""

from __future__ import annotations

import jieba
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.jieba_tokenizer import JiebaTokenizer
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.training_data.message import Message

from bot.understanding.scripts import simplify


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class SimplifyingTokenizer(JiebaTokenizer):
    """Rasa's tokenizer; the dictionary knows 電梯 as 电梯, and offsets stay those of the message."""

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The words of one attribute."""
        words = jieba.tokenize(simplify(message.get(attribute)))
        tokens = [Token(word, start) for word, start, _ in words]
        split: list[Token] = self._apply_token_pattern(tokens)
        return split
