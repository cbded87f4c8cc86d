"""Names of persons in a sentence, and what stands in for them.

Rules and word lists. Found is what people announce (“我叫…”, “户主…”), what carries a title (李大爷),
and what looks like a name of three characters (刘建军). A surname with a title tells little, but in
a building it may tell who; replacing the surname costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.people.masking import COMPOUND_SURNAMES, SURNAMES
from services.training.spans import Change

SURNAME = "王"
"""The stand-in: the commonest one, so whoever reads for names reads this as one too."""
NAME = SURNAME + "某某"

_COMPOUND = "|".join(sorted(COMPOUND_SURNAMES))
_ANNOUNCED = (
    rf"(?:{_COMPOUND}|[{SURNAMES}付肖闫仇岑桑佟佘匡卓南原党隆饶栾鞠敬蒙荀巫蓝敖晏边扈燕郏浦"
    r"农晁冷辛阚那简楚车成丛宫关郎历栗连门年曲阙冉芮商单师首寿帅司宿遂谈滕仝涂危卫邬郗奚咸解幸胥绪"
    r"延冶尉印雍於郁禹宰查詹湛种诸竺])"
)
"""After “我叫” anything that can be a surname is one."""
_SURNAME = rf"(?:{_COMPOUND}|[{SURNAMES}付肖闫佟栾])"
_GIVEN = (
    "国建华英兰芳秀桂花淑丽伟强军玉珍凤梅红霞敏静明志刚勇杰磊涛超鹏飞辉平艳玲娟燕萍莉琴云莲荣翠雪慧巧美娜倩"
    "婷颖琳洁怡欣佳晓春夏秋冬冰梦婉蓉薇菲媛茜琪瑶瑾璐琼芬芝菊香彩银仙娥娣妹贞勤素青亚宁波斌彬宇浩凯健"
    "俊峰亮阳洋旭东海江河山林森松柏树根生福贵财宝富喜庆祥瑞吉利全忠义仁孝德贤良善才民兴旺盛昌隆永长寿康"
    "泰安邦卫世振光耀宗祖继承绍立成功业学文武斌博远达翔龙虎彪豪雄威震雷鑫金铁钢石连奎魁友朋保顺发占景"
    "守启维先洪宏鸿广新诚信智勋章培云子梓涵轩浩然诗雨欣怡可馨诺思睿嘉宸泽淳熙晨曦昊奕辰沐君楠岚珊芸桃荷菁蕾娇钧钊钰铭"
    "锋霖雁鹤鸣麟湘淼焕煜炳琦珂璇玮彤彦恒恩悦惠慈敬毅沛润滨澜珠瑜皓硕祺禄秉纯聪胜舒茂茹莹虹裕谦跃迪逸钦雅霆韬韵骏"
)
"""Characters of which given names are made; both must be, where nothing announces a name."""

_TITLES = (
    "老太太|老爷子|老大爷|老大娘|老奶奶|老爷爷|老先生|大爷|大妈|大娘|大哥|大姐|大叔|大婶|大嫂|大伯|大姨|阿姨|奶奶|爷爷|婆婆|"
    "公公|师傅|先生|女士|小姐|老师|主任|书记|叔叔|伯伯|嬢嬢|孃孃|嫂子|老汉儿?|大夫|医生|护士|警官|民警|经理|站长|队长|"
    "老板娘?|同志|网格员|楼长|姨|叔|婶儿?|姐|哥|嫂|伯|爷|娘娘"
)
_PART_OF_A_WORD = "".join(
    rf"(?<![{before}](?={surname}))"
    for surname, before in {
        "于": "关利由基属便善等至位终", "方": "对双甲乙官地各多", "程": "工过课日流", "段": "阶时路地", "童": "儿",
        "傅": "师", "罗": "张", "龙": "黑", "任": "一二三四五六七八九十两每历前现责", "文": "语中英作公", "卫": "门保环",
        "长孙": "楼队",
    }.items()
)  # fmt: skip
"""关于, 双方, 儿童: what ends a word begins no name."""
_NOT_BEFORE = (
    _PART_OF_A_WORD
    + r"(?<![谢感对甲乙双各官院业地何任如社健保治公经平正非日异提变当完期里现构赔儿])"
)
_NOT_A_SURNAME = (
    r"(?!谢|于是|全|万[一元]|安[全保装宁静康]|公|常[住客]|高[血龄中层楼压兴铁福]|孙[女子辈]|白[天班云金玉银]|温水|方便|马[路虎上]|"
    r"石[油子]|任[何务职]|单元|文[盲明武学艺]|路|凌晨|[夏秋冬]天|[叶毛金李]子|毕业|祝|申[明诚]|[杨柳柏梅桂]树|桂花|白花|安安|苗[子木]|卫[健生]|张[贴罗开嘴]|费|戴安全|江[河山海]|"
    r"黄[金河山海石]|林[业荫海]|雷雨|齐全|东方明|陆军|康复)"
)
"""Words that begin like a name and are none."""
_END = (
    r"(?=$|[^一-鿿]|在|住|家|是|的|电话|手机|号|今年|身份|想|要|说|来|报|他|她|我|和|跟|与|这|那|就|也|不|没|有|"
    r"给|找|老是|天天|总|又|被|把|去|到|从|现|已|同志|女|男|属)"
)

_ANNOUNCE = (
    r"(?:我名?叫|名字?叫做?|名字?是|姓名(?:是|叫|写)?|叫做|本人|联系人(?:是|叫|写)?|收件人(?:是)?|户主(?:是|叫)?|"
    r"业主(?:是|叫)|房主(?:是|叫)?|房东(?:是|叫)|产权人(?:是)?|法人(?:是)?|当事人(?:是)?|申请人(?:是)?|患者|病人(?:叫|是)|"
    r"(?:妈|爸|爷|奶|娘|爹|姥|公|婆|伴|子|女|媳妇|丈夫|孩|娃|他|她|人|弟|妹|哥|姐|孙)(?:的?名字)?(?:就|儿)?叫|"
    r"(?:现在|以前|原来|原先|后来|曾|上|小名|大名|也|就|改)叫|登记的?(?:是|人)|落款(?:是)?|写的?是)[\s:,]{0,2}"
)
_MAYBE = (
    r"(?:我是|俺是|我就是|叫|找|问|请|隔壁的?|邻居|楼上的?|楼下的?|对门的?|物业的?|社区的?|网格员|民警|医生|护士|社工|业主|"
    r"租户|房东|和|跟|给|替|帮|是|同志|儿子|女儿|老伴|老公|老婆|媳妇|丈夫|孙子|孙女)"
)

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # 我叫张桂兰, 户主欧阳建国, 我叫李 明
    (
        re.compile(rf"{_ANNOUNCE}{_NOT_A_SURNAME}(?P<n>{_ANNOUNCED}\s?[一-鿿]\s?[一-鿿]?){_END}"),
        NAME,
    ),
    (re.compile(rf"{_ANNOUNCE}{_NOT_A_SURNAME}(?P<n>{_ANNOUNCED}[一-鿿]){_END}"), NAME),
    # 姓周立新
    (re.compile(rf"(?<![同百])姓(?P<n>{_ANNOUNCED}[{_GIVEN}]{{1,2}}){_END}"), NAME),
    # 我姓欧阳
    (re.compile(rf"(?<![同百])(?:免贵)?姓(?P<n>{_ANNOUNCED})(?![名氏甚啥什])"), SURNAME),
    # 张桂兰阿姨, 李明师傅
    (re.compile(rf"{_NOT_BEFORE}(?P<n>{_SURNAME}[{_GIVEN}]{{1,2}})(?=(?:{_TITLES}))"), NAME),
    # 李大爷, 赵姨
    (re.compile(rf"{_NOT_BEFORE}{_NOT_A_SURNAME}(?P<n>{_SURNAME})(?=(?:{_TITLES}))"), SURNAME),
    # 刘建军
    (
        re.compile(
            rf"{_PART_OF_A_WORD}{_NOT_A_SURNAME}(?P<n>{_SURNAME}[{_GIVEN}]{{2}})(?!园|府|苑|庭|城|路|街|村|镇|县|区|里|楼|小区|花园|家园|大厦|广场|"
            rf"超市|药|医院|学校|公寓|新村|银行|证|保险|公司|酒店|饭店)"
        ),
        NAME,
    ),
    # 隔壁李明: two characters only after a word that people come after
    (re.compile(rf"{_MAYBE}{_NOT_A_SURNAME}(?P<n>{_SURNAME}[{_GIVEN}]){_END}"), NAME),
    # 小王, 老李
    (
        re.compile(
            rf"(?<![大最古苍年衰养])[小老](?![高黄金钱白])(?P<n>{_SURNAME})"
            r"(?=同志|师傅|大夫|家|他|给我|帮我|[在呢吗来啊,。?!、]|$)"
        ),
        SURNAME,
    ),
)
# 桂花的桂, 兰草的兰: how people spell a name after they have said it.
_SPELLED = re.compile(r"(?P<n>[一-鿿])(?:[一-鿿]{1,2})的(?P<again>(?P=n))")
_NAMED = re.compile(r"姓|叫|名")
_SPELLED_WITHIN = 24


def find(text: str, known: Iterable[str | None] = ()) -> Iterator[Change]:
    """Yield names of persons; they may overlap, the more certain one first.

    Args:
        known: Names known from elsewhere, such as the speaker's own.
    """
    for name in known:
        if name and len(name) > 1:
            for match in re.finditer(re.escape(name), text):
                yield Change(*match.span(), NAME, "person")
    for pattern, stand_in in _PATTERNS:
        for match in pattern.finditer(text):
            yield Change(*match.span("n"), stand_in, "person")
    for match in _SPELLED.finditer(text):
        if _NAMED.search(text, max(0, match.start() - _SPELLED_WITHIN), match.start()):
            for group in ("n", "again"):
                yield Change(*match.span(group), "某", "person")


def of_entity(words: str, start: int, end: int) -> Iterator[Change]:
    """Yield the change for words that are known to be a person: 李大爷 keeps its title."""
    title = re.search(rf"(?:{_TITLES})$", words)
    name = words[: title.start()] if title else words
    if not name:
        return
    prefix = len(name) > 1 and name[0] in "小老" and len(name) == 2
    start += int(prefix)
    short = prefix or (title is not None and len(name) == 1) or name in COMPOUND_SURNAMES
    end -= len(words) - len(name)
    stand_in = SURNAME if short or len(name) == 1 else NAME
    yield Change(start, end, stand_in, "person")
