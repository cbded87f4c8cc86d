"""The notice that residents get before anything of theirs is taken down (个人信息保护法 17)."""
