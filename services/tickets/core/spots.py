"""Where a matter of the street is, in words that may stand in a title: a road, a crossing, a landmark.

A lamp at “人民路与青年街路口” is in no compound, and its place is found by these words alone. The address
as it was said is kept apart and encrypted, for it may be somebody's home; what stands here is only
what anybody can see from the road (《个人信息保护法》第六条: no more than is needed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SHORTEST = 3
"""Characters; “路边” is any road."""
LONGEST = 24
"""Characters; a longer one is a description, not a name."""
_PUBLIC = re.compile(
    r"[路街巷](?!边?$)|[路街巷道][上口边东西南北中头尾]|大道|胡同|路口|道口|街口|十字|环岛|立交|天桥|大桥|桥[头上下]|隧道|广场|公园|河堤|江堤|堤坝|河边|江边|"
    r"医院|学校|小学|中学|大学|幼儿园|政府|车站|客运站|火车站|公交站|站台|派出所|市场|超市|商场|银行|邮局|加油站|国道|省道|高速|收费站|菜场|"
    r"(?:[\u4e00-\u9fff]{1,6}[路街巷])$"
)
_PRIVATE = re.compile(
    r"[我俺咱他她你您]|家(?!属院|电|具|园|乐福)|屋|卧室|厨房|厕所|卫生间|单元|[一二三四五六七八九十\d]+(?:楼|层|室|房|户|栋|幢|座|号楼)|"
    r"门牌|隔壁|邻居|对门|先生|女士|大爷|大妈|大娘|老[张王李赵刘陈]|\d{4,}"
)


def public_spot(address: Mapping[str, Any] | None) -> str | None:
    """Return the road or landmark of a normalised address, or None when there is none to show.

    Args:
        address: ``{place, building, unit, room …}`` as the bot understood it; with a building or a
            room it is a home or a part of one.
    """
    if not address or any(address.get(k) for k in ("building", "unit", "floor", "room")):
        return None
    words = re.sub(r"\s+", "", str(address.get("place") or ""))
    words = re.sub(r"^(?:在|就在|位于)|(?:那里|那儿|这里|这儿|那块儿?|那旮旯|附近那块)$", "", words)
    shown = SHORTEST <= len(words) <= LONGEST and _PUBLIC.search(words)
    return words if shown and not _PRIVATE.search(words) else None
