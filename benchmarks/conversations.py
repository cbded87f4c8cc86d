"""What the residents of the load run say: whole conversations, each turn with its kind.

Everything is typed text, so that the same words can be sent to any model: a button needs an offer.
"""

from __future__ import annotations

Turn = tuple[str, str]
"""(kind of turn, what the resident says)"""

CONVERSATIONS: tuple[tuple[Turn, ...], ...] = (
    (
        ("small talk", "你好"),
        ("opening, short", "楼道灯坏了"),
        ("slot answer", "幸福小区3号楼二单元"),
        ("slot answer", "前天晚上开始的"),
        ("confirm", "对，提交"),
        ("progress", "我报的那个咋样了"),
    ),
    (
        (
            "opening, long",
            "幸福小区3号楼二单元楼道灯坏了三天了，黑得很，我妈七十五了腿脚也不好，晚上不敢下楼，"
            "跟物业说了两回也没人管，你们给派个人来看看吧",
        ),
        ("confirm", "对，提交"),
        ("small talk", "谢谢啊"),
    ),
    (
        ("opening, short", "给咱妈订明天中午的饭，要软和点的"),
        ("slot answer", "送到家"),
        ("slot answer", "幸福小区5号楼1单元201"),
        ("confirm", "对，提交"),
    ),
    (
        ("question", "高龄津贴咋申请"),
        ("question", "我想问一下那个老年证在哪办要带啥材料"),
        ("small talk", "知道了，谢谢"),
    ),
    (
        ("certificate", "银行非让开个证明，证明我妈是我妈"),
        ("small talk", "好吧"),
    ),
    (
        ("question", "社区几点下班"),
        ("off topic", "明天天气咋样"),
        ("small talk", "再见"),
    ),
)
