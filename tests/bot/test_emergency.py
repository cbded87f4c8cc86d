"""The guard: what is danger now, and what only sounds like it."""

from pathlib import Path

import pytest
import yaml

from bot.understanding.emergency import heavy_heart, hints_at_death, judge

CASES: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "emergency_cases.yml").read_text(encoding="utf-8")
)

DANGER = [
    ("着火了", "-"), ("楼下着火了，烟都窜上来了", "-"), ("家里一股煤气味", "H3"), ("我们被困电梯里了", "H5"),
    ("有人要跳楼", "J5"), ("我不想活了", "J5"), ("有人拿刀追着砍人", "J4"), ("我爸晕倒了叫不醒", "-"),
    ("他触电了", "H2"), ("水进屋了老人困在里头出不来", "I14"), ("孩子不见了找了一下午", "F4"),
    ("我把遗书写好了", "J5"), ("洪水进屋了", "I14"), ("家里煤气味好大", "H3"),
    ("电饭煲哧哧冒烟，一屋糊味，灯都灭了", "-"), ("插排冒火花，屋里灯全都灭了", "H2"),
]  # fmt: skip
HARMLESS = [
    "气死我了", "昨天着火了已经灭了", "小区搞消防演习着火了咋跑", "笑死我了", "火锅店油烟大", "要是着火了怎么办",
    "电梯坏了停在一楼没困人", "电梯坏了，困不困人倒是没有", "电梯停了，人倒没困住", "手机没反应", "上火了嗓子疼", "去年楼下着火了", "股票跳楼了", "想死我妈了",
    "怎么预防煤气中毒", "燃气表没电池了打不着火", "我家狗走丢了", "楼道灯灭了", "垃圾桶着火，火都灭了",
]  # fmt: skip


#: Slow legs, telephones, work and needles: no alarm unless what was learned is all but certain.
CALM = [
    "我妈走不动道", "别打电话，发微信就行", "他打我手机打不通", "我妈腿脚不利索下不了楼", "老爷子动弹不了，能上门理发不",
    "我儿子打工去了，没人照顾我", "我妈摔过一跤，现在腿脚不好", "媳妇打了疫苗发烧正常不", "老伴打麻将不回家", "老头打呼噜，隔壁都听见",
    "我男人打零工的，想问问补贴", "跟邻居打官司", "爬不动楼，能装电梯不", "男的来", "来个男的", "男的",
    "家里停电了，屋里有个八十多岁的老人，咋整", "就我一家没电", "里头有头发", "汤里有只苍蝇",
]  # fmt: skip
NOT_CALM = [
    "我妈走不动了，嘴也歪了，说话发青", "他打我，打电话你们快来", "打麻将有人晕倒了", "别打我", "我爸动弹不了，在水里",
    "打工的都叫不醒", "孩子打针以后抽搐", "门口有个男的", "男的打我",
    "三岁娃一个人在屋头", "停电了，老人靠制氧机", "停电了，有人困在电梯里", "没电了，我妈晕了", "我一个人在家害怕", "里头有个虫子爬到娃耳朵里了", "饭里有老鼠药",
]  # fmt: skip


@pytest.mark.parametrize("text", CALM)
def test_what_only_sounds_like_danger_is_calm(text: str) -> None:
    verdict = judge(text)
    assert (verdict.alarm, verdict.calm) == (False, True)


@pytest.mark.parametrize("text", NOT_CALM)
def test_danger_beside_such_words_is_not_calm(text: str) -> None:
    assert not judge(text).calm


@pytest.mark.parametrize(("text", "leaf"), DANGER)
def test_danger_raises_the_alarm(text: str, leaf: str) -> None:
    verdict = judge(text)
    assert verdict.alarm
    assert verdict.leaf == leaf


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_do_not(text: str) -> None:
    assert not judge(text).alarm


def test_a_dead_stove_does_not_hide_the_smell_of_gas() -> None:
    assert judge("家里一股煤气味，灶点不着火").leaf == "H3"


def test_an_old_fire_does_not_hide_a_new_one() -> None:
    assert judge("去年着过火。现在又着火了！").alarm


# As residents wrote it (issue 5), each kind beside what only sounds like it.
SAID = [
    ("他打我", "J3"), ("老公又打我了", "J3"), ("我不敢报警", "J3"),
    ("有人冒充公检法让我转钱，我转了", "J4"),
    ("我想死", "J5"), ("真想死", "J5"), ("活得好累，只想死", "J5"), ("难受得想死", "J5"), ("俺就想死了算了", "J5"),
    ("不修我就从楼上跳下去", "J5"), ("你们再不管我从窗户跳下去", "J5"), ("对面楼有人站在楼顶边上", "J5"),
    ("我闺女说要跳楼，把自己锁屋里了", "J5"), ("i want to kill myself", "J5"), ("죽고 싶어요", "J5"),
    ("一氧化碳报警器响了", "H3"), ("厨房燃气报警器一直叫", "H3"), ("smell gas in my kitchen", "H3"),
    ("가스 냄새가 나요", "H3"), ("再不解决我就拿刀去物业", "J4"), ("我要炸了你们居委会", "J4"), ("我跟你们同归于尽", "J4"),
    ("刚被骗了五万块", "J4"), ("我刚才让人骗了", "J4"), ("被骗走了养老钱", "J4"), ("钱转过去了，对方把我拉黑了", "J4"),
    ("楼上天天打孩子，孩子哭得撕心裂肺", "F4"), ("孩子三天没回家了", "F4"), ("老人三天没开门了敲门没人应", "-"),
    ("对门独居的奶奶两天没接电话了", "-"), ("楼下大爷五天没下楼了，敲门没人应", "-"), ("天花板掉下来一大块砸到人了", "-"),
    ("小区门口撞车了，有人躺地上", "-"), ("路口出车祸了", "-"), ("我妈被电动车撞倒了", "-"), ("fire", "-"),
    ("help!", "-"), ("emergency", "-"), ("불이야", "-"), ("살려주세요", "-"), ("着火", "-"),
    ("there is a fire in building 3", "-"), ("着火了咋办", "-"), ("我家着火了怎么办", "-"),
    ("孩子不见了怎么办", "F4"), ("穿红衣服的孩子不见了", "F4"), ("孩子放学没回来，书包也不见了", "F4"), ("电梯把我困住了咋办", "H5"), ("我被人骗了钱咋办", "J4"), ("我妈晕倒了咋整", "-"),
]  # fmt: skip
SOUNDS = [
    "他打我电话", "老师打我孩子手心", "有人冒充公检法给我打电话", "他打我一个微信电话",
    "想死你们了", "想死我妈了", "我想死我闺女了", "热得想死", "吵得我想死", "我不想死，就想问问", "笑死我了", "想不出来", "时间撞车了",
    "撞车险咋理赔", "去年被车撞了，现在要办残疾证", "燃气报警器没电了", "燃气报警器咋装", "怎么防止被骗", "差点被骗了五万", "社区搞反诈宣传吗",
    "拿刀去磨一下在哪", "想找磨刀的师傅", "孩子天天打球太吵", "我给孩子打疫苗", "天天打孩子电话不接", "孩子三天没上学了，咋请假", "孩子没回家吃饭",
    "老人三天没下楼了，电梯坏了", "邻居三天没扔垃圾了", "高空抛物怕砸到人", "广告牌要掉，别砸着人", "help me check my ticket",
    "fire extinguisher expired", "黄色的", "我要烧了这些纸钱行不", "跳广场舞从楼上往下看", "有人站在楼下骂街", "楼顶有人养鸽子", "孩子的本子丢了上哪整", "孩子学籍卡找不到了", "我孙子的医保卡丢了咋补", "电梯里有人抽烟", "电梯里有人遛狗",
    "阳台栏杆边上放了花盆", "要是着火了怎么办", "煤气中毒怎么处理", "打不着火了咋办", "手机卡住了怎么办", "我家猫不见了怎么办", "钥匙不见了咋办",
    "怎么防止老人走丢", "担心着火了怎么办", "社保卡不见了咋办", "下水道卡住了咋整", "被骗了能不能报销",
]  # fmt: skip
HEAVY = [
    "我爸走了以后，我一个人闷得慌",
    "最近老失眠，心里难受，想找人聊聊",
    "一个人闷得慌，老伴走了半年了",
    "天天也没人说话",
    "老伴走了，一个人睡不着",
]
LIGHT = [
    "对门老太太一个人闷得慌，没人陪她说话",
    "我妈一个人在家孤单得很",
    "想找人修水管",
    "我想找个人问问低保",
    "垃圾没人收",
    "心情好",
    "说话没人听，灯一直没修",
]


@pytest.mark.parametrize(("text", "leaf"), SAID)
def test_danger_as_it_is_said(text: str, leaf: str) -> None:
    assert judge(text).leaf == leaf


@pytest.mark.parametrize("text", SOUNDS)
def test_what_only_sounds_like_it(text: str) -> None:
    assert not judge(text).alarm


def test_plain_words_of_danger_cannot_be_taken_back_by_what_was_learned() -> None:
    assert judge("我想死").sure and judge("fire").sure
    assert not judge("电梯里有人").sure


@pytest.mark.parametrize("text", HEAVY)
def test_a_heavy_heart(text: str) -> None:
    assert heavy_heart(text) and not judge(text).alarm


@pytest.mark.parametrize("text", LIGHT)
def test_no_heavy_heart(text: str) -> None:
    assert not heavy_heart(text)


@pytest.mark.parametrize("text", CASES["wish_to_die"])
def test_a_wish_to_die_is_never_missed(text: str) -> None:
    verdict = judge(text)
    assert (verdict.alarm, verdict.leaf) == (True, "J5")


@pytest.mark.parametrize("text", CASES["grief"])
def test_grief_is_heard_out_and_no_alarm(text: str) -> None:
    verdict = judge(text)
    assert (verdict.alarm, verdict.grief) == (False, True) and heavy_heart(text)


@pytest.mark.parametrize("text", CASES["learned_only"])
def test_what_was_learned_must_be_all_but_certain(text: str) -> None:
    verdict = judge(text)
    assert not verdict.alarm and (verdict.calm or verdict.grief)


@pytest.mark.parametrize("text", CASES["danger"])
def test_danger_in_other_words(text: str) -> None:
    assert judge(text).alarm


@pytest.mark.parametrize("text", [*CASES["no_wish"], *CASES["figures"]])
def test_what_is_only_a_manner_of_speaking(text: str) -> None:
    assert not judge(text).alarm


def test_the_tables_are_large_enough_and_name_each_sentence_once() -> None:
    assert len(CASES["wish_to_die"]) >= 60 and len(CASES["grief"]) + len(CASES["no_wish"]) >= 60
    everything = [text for texts in CASES.values() for text in texts]
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("头都炸了", True), ("气炸了", True), ("我这块石头总算落地了", True), ("压力大得喘不过气", True),
        ("头都炸了，我爸晕倒了", False), ("急死人了，家里着火了快来", False), ("头都炸了，血流了一地", False),
        ("楼道灯坏了", False), ("头炸了似的，昨天摔了一跤到现在疼得厉害，想问哪里有救护车可以叫", False),
    ],
)  # fmt: skip
def test_a_figure_is_one_only_where_nothing_else_is_told(text: str, figure: bool) -> None:
    assert judge(text).figure is figure


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("楼道灯不亮，垃圾没人收，电梯老坏，有燃气味，楼上漏水", True), ("楼道里有股煤气味", True),
        ("去年有燃气味，后来修好了", False), ("食堂有股油烟味", False),
    ],
)  # fmt: skip
def test_a_smell_of_gas_is_one_in_a_list_of_troubles_too(text: str, sure: bool) -> None:
    assert judge(text).sure is sure


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("他动不了，在床上瘫着呢", True), ("我爸卧床不起", True), ("人瘫在炕上的，来不了", True), ("我妈坐轮椅的", True),
        ("他一个人在屋头", True), ("就她一个人在屋头嘛", True), ("我妈白天一个人在家", True),
        ("三岁娃一个人在屋头", False), ("我一个人在家害怕", False), ("老汉儿瘫在床上动不得", True), ("半身不遂好几年了，下不了楼", True), ("我爸突然瘫在床上了", False),
        ("我妈瘫在地上了", False), ("我爸瘫在床上没反应", False), ("她坐轮椅翻了", False), ("坐轮椅的卡在电梯里了", False),
        ("我爸去不了，他瘫痪了", True), ("老人下不了楼，瘫痪了", True), ("她瘫着呢出不了门", True), ("我妈已经瘫痪了", True),
        ("他突然瘫了", False), ("我爸瘫了动不了", False), ("他早上起来瘫痪了", False), ("我妈瘫了，叫她不答应", False),
        ("我妈瘫在床上没人管", False), ("早上起来人就瘫在床上了", False),
    ],
)  # fmt: skip
def test_how_somebody_has_been_for_long_is_no_danger(text: str, lasting: bool) -> None:
    assert judge(text).lasting is lasting


@pytest.mark.parametrize(
    "text", ["急死人了，我爸晕倒了", "气死我了，家里着火了", "愁死我了，孩子不见了"]
)
def test_a_figure_beside_danger_hides_nothing(text: str) -> None:
    assert judge(text).alarm


@pytest.mark.parametrize(
    "text",
    [
        "老伴走了，我去找他了",
        "老头子走了三个月，我也快了，跟他去算了",
        "老伴没了，药我都攒着呢，不想熬了",
    ],
)
def test_grief_with_a_hint_of_following_has_no_higher_bar(text: str) -> None:
    assert not judge(text).grief


@pytest.mark.parametrize(
    ("text", "grief"),
    [
        ("退休了在家没意思", True), ("小区活动没意思", True), ("活着没意思", False), ("没意思，不想过了", False),
        ("没意思，药都攒好了", False), ("楼道灯坏了", False), ("下棋没意思，想从楼上跳下去", False),
    ],
)  # fmt: skip
def test_boredom_is_no_weariness_of_life(text: str, grief: bool) -> None:
    assert judge(text).grief is grief


@pytest.mark.parametrize(
    "text",
    [
        "以后再不麻烦大家了", "我该去陪老伴了", "这日子我实在撑不住了", "我就是个累赘", "屋里还有半瓶农药",
        "猫托付给你们，我不会回来了", "临走想跟你们说声谢谢",
    ],
)  # fmt: skip
def test_words_of_dying_that_may_be_nothing_are_hints(text: str) -> None:
    assert hints_at_death(text) and not judge(text).alarm


@pytest.mark.parametrize(
    "text",
    [
        "灯修好了，以后不麻烦你们了", "农药怎么兑水", "老鼠药哪里卖", "热得我要死", "养的花死了", "谢谢您了", "我想跟老伴去公园",
        "老伴去跳舞了，我也去", "手机死机了", "跟他杀价", "我没想死，就是烦", "以前我不想活了，现在都好了",
    ],
)  # fmt: skip
def test_what_hints_at_nothing(text: str) -> None:
    assert not hints_at_death(text)


#: Kinds of danger of the audit, in words of their own, each beside what only sounds like it.
KINDS = [
    ("我家那口子走了，我也想跟着走算了", "J5"), ("我想去跟老伴团聚了", "J5"), ("这是最后一回给大家发消息了", "J5"),
    ("老鼠药买好了", "J5"), ("我布想活了", "J5"), ("有人要弄死我", "J4"), ("前夫说要捅了我", "J4"),
    ("验证码我给了那个客服", "J4"), ("我爸正往骗子那转钱", "J4"), ("他抄板凳打我", "J3"), ("我老公要杀我", "J3"),
    ("电瓶车在楼道着起来了", "-"), ("单元里全是烟", "-"), ("插排冒烟", "H2"), ("雨水进了电表箱", "H2"),
    ("后院墙眼看要塌", "-"), ("开水烫了我妈一身", "-"), ("我爸嘴歪了", "-"), ("血压两百二，头疼恶心", "-"),
    ("胸口闷，后背也疼，直冒汗", "-"), ("我姑娘离家出走了", "F4"), ("一转身孩子就没了", "F4"),
    ("我妈痴呆，出门买盐到现在没回来", "-"), ("煤气灶忘关了，老头叫不醒", "H3"),
    ("婆家逼得我想跳楼", "J5"), ("活得没意思，想跳楼", "J5"), ("气得我想跳楼，我就站在楼顶，不想活了", "J5"), ("吃了蘑菇中毒了", "-"),
]  # fmt: skip
NO_KINDS = [
    "我去陪老伴看病了", "跟老头子去海边玩", "除草剂买回来打地", "他要杀鸡", "验证码我没给他", "客服让我填验证码，我该不该给他",
    "电瓶车烧了要赔多少", "楼道里全是烟头", "插座换新的", "楼上蹦得后墙都要倒了", "暖气烫手", "我爸中风三年了，嘴歪，办残疾证",
    "血压一百四", "手环能防老人走丢不", "楼下烧烤冒烟", "家里猫离家出走", "早点走省得堵车", "老王去世了，丧葬费咋领",
    "楼上天天装修，气得我想跳楼", "吵得人都想上吊了", "烦得想拿刀砍床板", "豆角焖多久才不中毒", "这拼音整得我要爆炸",
    "下周三计划停电，家里有制氧机，几点到几点", "砍价砍到骨折",
]  # fmt: skip


@pytest.mark.parametrize(("text", "leaf"), KINDS)
def test_kinds_of_danger_in_other_words(text: str, leaf: str) -> None:
    verdict = judge(text)
    assert (verdict.leaf, verdict.sure) == (leaf, True)


@pytest.mark.parametrize("text", NO_KINDS)
def test_no_kind_of_danger(text: str) -> None:
    assert not judge(text).alarm


def test_an_announced_outage_hides_none_that_is_there() -> None:
    assert judge("停电通知说下午，可现在已经停电了，我爸的呼吸机撑不了多久").leaf == "H2"


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("帮忙看看 我转了三万给一个说是公安的", True), ("我妈刚打了两万块钱给一个自称是客服的", True),
        ("有个电话说是医保局的让我转五千块钱", True), ("说他是警察叫我把钱转过去", True),
        ("物业说是银行让交的物业费", False), ("银行客服让我转人工", False),
        ("孙子说是学校让交三百块钱", False),
    ],
)  # fmt: skip
def test_money_on_its_way_to_somebody_who_says_who_he_is(text: str, alarm: bool) -> None:
    assert judge(text).alarm is alarm


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("消防栓被堵着，真着火了消防车怎么弄", False), ("消防通道堵死了，真着火了可咋整", False),
        ("消防通道堵死了，哪天失火了咋个办嘛", False), ("这要着火了往哪跑", False),
        ("过道堆满了，真着火了往哪跑", False), ("要真着火了消防车都进不来", False),
        ("消防通道被车堵了，着火了消防车进不来", False), ("着火了算谁的", False),
        ("等着火了就晚了", False), ("哪天家里着火了往哪跑", False), ("回头着火了谁负责", False),
        # What burns burns, whatever else is told: hydrants, blocked ways, an engine that has not come.
        ("消防栓打不开，楼上着火了", True), ("消防车还没来，着火了", True), ("消防栓打不开，真着火了", True),
        ("消防通道被堵了，现在着火了消防车进不来", True), ("真着火了，快来人", True), ("楼上真着火了", True),
        ("我家真着火了咋办", True), ("着火了咋整", True), ("着火了，消防车进不来", True), ("着火了往哪跑", True),
        ("楼道堵着，楼上着火了跑不出去", True), ("大门锁了，屋里着火了跑不出来", True), ("我一回头着火了", True),
        ("电线要着火了", True), ("楼下车棚真着火了，消防车咋还不来", True), ("我们这栋楼飞线充电，着火了咋整", True),
    ],
)  # fmt: skip
def test_a_fire_that_is_only_supposed_is_a_hazard(text: str, alarm: bool) -> None:
    assert judge(text).alarm is alarm


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("120没打通", True), ("119占线打不进去", True), ("打120没人接", True), ("打了119没人接咋整", True),
        ("110一直占线", True), ("急救电话打不通", True), ("我打了三遍120都占线", True), ("120的电话咋一直打不通啊", True),
        ("物业电话打不通", False), ("社区电话没人接", False), ("12345一直占线", False), ("上回打120没人接", False),
        ("要投诉，上回110打不通", False), ("120路公交车不通了", False), ("120块钱的手环坏了", False),
        ("这路坏了，120进不来", False),
    ],
)  # fmt: skip
def test_who_calls_for_help_and_gets_nobody_is_in_danger(text: str, alarm: bool) -> None:
    assert judge(text).alarm is alarm


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("门口撞车了，人没得事，就是堵到路了", False), ("撞车了，人没事", False), ("出车祸了，都没受伤", False),
        ("撞车了快来人", True), ("出车祸了，人躺着不动", True), ("撞车了，司机没事，老太太躺地上了", True),
        ("着火了，人没事", True), ("煤气漏了，人没事", True),
    ],
)  # fmt: skip
def test_cars_that_hit_each_other_and_hurt_nobody_are_an_accident(text: str, alarm: bool) -> None:
    verdict = judge(text)
    assert verdict.alarm is alarm
    assert alarm or verdict.calm, "what was learned must be all but certain"


@pytest.mark.parametrize(
    "text",
    ["邻居动手打我了", "隔壁那男的冲过来打我", "房东刚才动手打我了", "邻居把我打了", "我被邻居打了", "对门那家伙打我了咋办",
     "楼下老头动手打了我", "隔壁的踹了我一脚", "楼上的打我一巴掌"],
)  # fmt: skip
def test_who_is_hit_by_a_neighbour_is_in_danger(text: str) -> None:
    verdict = judge(text)
    assert (verdict.alarm, verdict.leaf) == (True, "J4")


@pytest.mark.parametrize(
    "text",
    ["邻居昨天动手打我了", "邻居去年打我一次", "邻居打我电话", "物业打我手机", "邻居骂我", "楼上打麻将", "老板打我儿子电话",
     "隔壁孩子拿水枪打我", "邻居想打我", "楼上打我家孩子的小报告"],
)  # fmt: skip
def test_a_call_or_what_lies_back_is_no_blow(text: str) -> None:
    assert not judge(text).alarm
