"""Where: the words that identify a place, and what they say."""

import pytest

from bot.understanding.addresses import find_addresses
from bot.understanding.gazetteer import Gazetteer, load_gazetteer

GAZETTEER = Gazetteer(frozenset({"幸福小区", "机械厂家属院", "机械厂"}))

CASES = [
    ("幸福小区3号楼2单元门口的灯坏了", "幸福小区3号楼2单元门口",
     {"community": "幸福小区", "building": "3", "unit": "2", "place": "门口"}),
    ("三号楼二单元没电", "三号楼二单元", {"building": "3", "unit": "2"}),
    ("三号楼二单元楼道灯不亮", "三号楼二单元", {"building": "3", "unit": "2"}),
    ("我家6-2-401漏水", "6-2-401", {"building": "6", "unit": "2", "room": "401"}),
    ("7-501没暖气", "7-501", {"building": "7", "room": "501"}),
    ("小卖部对面井盖没了", "小卖部对面", {"place": "小卖部对面"}),
    ("昨天晚上阳光花园3栋有人吵", "阳光花园3栋", {"community": "阳光花园", "building": "3"}),
    ("机械厂家属院二门洞", "机械厂家属院二门洞", {"community": "机械厂家属院", "unit": "2"}),
    ("二号楼一单元三零二", "二号楼一单元三零二", {"building": "2", "unit": "1", "room": "302"}),
    ("我住15号楼四楼", "15号楼四楼", {"building": "15", "floor": "4"}),
    ("３号楼有人吵架", "３号楼", {"building": "3"}),
    ("A座1203", "A座1203", {"building": "A", "room": "1203"}),
    ("我家401", "401", {"room": "401"}),
    ("三浩楼二单源的灯又不亮", "三浩楼二单源", {"building": "3", "unit": "2"}),
    ("302门口那盏不亮", "302门口", {"room": "302", "place": "门口"}),
    ("机械厂三号楼后身", "机械厂三号楼后身",
     {"community": "机械厂", "building": "3", "place": "后身"}),
]  # fmt: skip


# What stands right before a name, without a break: words of reporting, of being somewhere.
BEFORE_A_NAME = [
    ("地址向阳新城8栋1单元", "向阳新城8栋1单元"),
    ("来电反映紫竹苑小区有人养鸡", "紫竹苑小区"),
    ("市民投诉长春路早市占道", "长春路早市"),
    ("转办：来电人称东方明珠小区停水", "东方明珠小区"),
    ("关于尽快维修翠湖花园道路的请求", "翠湖花园"),
    ("占用消防通道玫瑰园小区", "玫瑰园小区"),
    ("反应一下松江花园5号楼漏雨", "松江花园5号楼"),
    ("我想知道滨海大道堵不堵", "滨海大道"),
    ("行驶至文昌路与永安街交口时", "文昌路与永安街交口"),
    ("三十年前林场家属区", "林场家属区"),
    ("接清泉里11号楼业主电话", "清泉里11号楼"),
    ("我姑家望江苑6栋没气", "望江苑6栋"),
    ("灯灭了，翠湖9栋", "翠湖9栋"),
    ("和平里小区5号楼漏水", "和平里小区5号楼"),
    ("永和家园3栋没电", "永和家园3栋"),
    ("建材市场家属楼漏气", "建材市场家属楼"),
]  # fmt: skip

# Places without a compound.
PLACES = [
    "西门口", "医院后身那条胡同", "粮店那个路口", "立交桥底下", "人民公园北侧地下通道", "工行门口",
    "柳河镇东升村三组", "王家庄村二组", "李家屯", "大洼乡中心小学门口", "光明路与和平街交汇处",
    "上海路和文化街交叉口", "县医院住院部楼下", "市三中", "十一中东门", "惠民大药房", "老杨烧烤店",
    "102国道收费站旁边", "北环路", "南大街12号", "建设街36号", "五一路三道街", "长江路派出所",
    "3号楼和4号楼之间", "客运站旁边的公园", "老供销社那个坡", "县城南头", "高速收费站", "二中门口",
    "第三中学", "市二院对面", "县一院门口", "桥洞里头", "人工湖南岸", "政务服务大厅6号窗口",
]  # fmt: skip

PIECES = [
    ("金都国际C座大厅", {"community": "金都国际", "building": "C", "place": "大厅"}),
    ("酿酒厂家属院红砖楼二楼",
     {"community": "酿酒厂家属院", "building": "红砖楼", "floor": "2"}),
    ("5号楼西山墙", {"building": "5", "place": "西山墙"}),
    ("宝马山庄二期", {"community": "宝马山庄二期"}),
    ("8-3-602", {"building": "8", "unit": "3", "room": "602"}),
    ("六楼窗台外面", {"floor": "6", "place": "窗台外面"}),
    ("幸福小區3號樓", {"community": "幸福小区", "building": "3"}),
    ("中山路118号院", {"place": "中山路", "community": "118号院"}),
    ("铁西区兴工街29号", {"place": "铁西区兴工街29号"}),
    ("一单元五楼东户", {"unit": "1", "floor": "5", "place": "东户"}),
    ("锦绣家园西区", {"community": "锦绣家园西区"}),
    ("半山雅居别墅区", {"community": "半山雅居别墅区"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BEFORE_A_NAME)
def test_a_name_begins_where_the_words_before_it_end(text: str, words: str) -> None:
    assert [s.text for s in find_addresses(text, GAZETTEER)] == [words]


@pytest.mark.parametrize("place", PLACES)
def test_places_without_a_compound(place: str) -> None:
    (span,) = find_addresses(f"在{place}，快来人", GAZETTEER)
    assert (span.text, span.value) == (place, {"place": place})


@pytest.mark.parametrize(("words", "value"), PIECES)
def test_pieces(words: str, value: dict) -> None:
    (span,) = find_addresses(f"我在{words}，快来人", GAZETTEER)
    assert (span.text, span.value) == (words, value)


def test_the_people_of_a_room_are_not_part_of_it() -> None:
    (span,) = find_addresses("508那户天天半夜洗澡", GAZETTEER)
    assert (span.text, span.value) == ("508", {"room": "508"})


def test_two_compounds_are_two_places() -> None:
    found = find_addresses("幸福小区和松江花园都停水", GAZETTEER)
    assert [s.text for s in found] == ["幸福小区", "松江花园"]


@pytest.mark.parametrize(("text", "words", "value"), CASES)
def test_address_words_and_value(text: str, words: str, value: dict) -> None:
    (span,) = find_addresses(text, GAZETTEER)
    assert (span.text, span.value) == (words, value)
    assert text[span.start : span.end] == words


@pytest.mark.parametrize(
    "text",
    [
        "楼道灯坏了",
        "在我们小区门口",
        "老旧小区改造啥时候",
        "一点不热",
        "马路上有个坑",
        "社区书记在不在",
        "希望社区派人来",
        "建议社区多办活动",
        "怎样提请社区开会",
        "银行说要社区开证明",
        "水泥路坑洼",
        "一条街都黑了",
        "坐五路车",
        "3号线",
        "马葫芦盖丢了",
        "12号前给我修",
        "一楼住户不同意",
        "广场舞扰民",
        "农村低保咋办",
        "镇上有人管吗",
        "村支书多吃多占",
        "偷狗的又来屯子了",
        "满院子都是污水",
        "手机信号一进小区就没",
        "人家小区都有充电桩",
        "学校之间自己转",
        "宠物医院打针",
        "就我一栋楼没电",
        "修一座便民桥",
        "乡镇卫生院",
        "某路段堵车",
        "下雪路滑",
        "拆迁安置房抽签",
        "学校离社区近",
        "开了个小超市",
        "110那家",
        "物业跑路了",
        "楼下超市卖过期奶",
    ],
)
def test_no_address(text: str) -> None:
    assert find_addresses(text, GAZETTEER) == []


def test_gazetteer_reads_names_and_aliases_and_bears_a_missing_file(tmp_path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "places.yml").write_text(
        "communities:\n- name: 向阳社区\n  compounds:\n  - {name: 松江花园, aliases: [老江边]}\n",
        encoding="utf-8",
    )
    assert load_gazetteer("x", tmp_path).names == {"向阳社区", "松江花园", "老江边"}
    assert load_gazetteer("missing", tmp_path).names == frozenset()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # A name before a kind of shop, school or hall.
        ("朝阳书店旁边下水道堵了", "朝阳书店旁边"), ("红星电影院的台阶塌了", "红星电影院"),
        ("孩子能不能就近上育红小学", "育红小学"), ("“老味道”面馆油烟大", "“老味道”面馆"),
        ("松鹤养老院能认证不", "松鹤养老院"), ("城南派出所周六上班不", "城南派出所"), ("粮食局对面堆着沙子", "粮食局对面"),
        ("反映紫藤苑门禁失灵", "紫藤苑"), ("望湖台3期没通气", "望湖台3期"), ("卧龙桥桥墩裂了", "卧龙桥"),
        ("9栋3单元门禁坏了", "9栋3单元"),
        # Something there is one of, with a word of position.
        ("高架桥底下睡着个人", "高架桥底下"), ("河坝边有人落水", "河坝边"), ("岔路口撞车了", "岔路口"),
        ("大榆树底下的石凳坏了", "大榆树底下"), ("铁路桥洞下积水", "铁路桥洞下"), ("道北那片房子漏雨", "道北"),
        ("过街楼底下有张沙发", "过街楼底下"), ("工农广场站B口有小贩", "工农广场站B口"), ("老粮库那排平房停电", "老粮库那排平房"),
        ("文化宫后头有人打牌", "文化宫后头"), ("一中西墙外冒烟", "一中西墙外"), ("202楼上天天吵", "202"), ("顶楼702漏雨", "702"),
        ("红星厂宿舍楼道黑", "红星厂宿舍"), ("门牌写错了，是302", "302"),
        # A village with its county, a street with a corner, houses in their part of a compound.
        ("我是临江县红星村村民", "临江县红星村"), ("商业街南口堵车", "商业街南口"),
        ("白杨新村三区12栋停水", "白杨新村三区12栋"), ("团结路56号楼下噪音大", "团结路56号楼下"),
        # What is complained of is no part of the place.
        ("3号楼楼后的杨树太高", "3号楼"), ("幸福小区2号楼楼道里堆满纸壳", "幸福小区2号楼"), ("建设大街两侧树枯了", "建设大街"),
    ],
)  # fmt: skip
def test_what_makes_a_place(text: str, words: str) -> None:
    assert [s.text for s in find_addresses(text, GAZETTEER)] == [words]


@pytest.mark.parametrize(
    "text",
    [
        "时间银行里头的时长咋用", "到热力公司大厅办还是在社区", "校门两侧都是小摊", "把东门旁的门卫室改一改",
        "居委会街道都得盖章", "大夫后儿下社区不", "替我爸报社区的书法班", "而同村人都有", "那座漫水桥护栏断了", "当地派出所不给开", "你们食堂比街道的好", "小区的大门坏了",
        "面向中小学生",
    ],
)  # fmt: skip
def test_a_kind_of_place_is_none(text: str) -> None:
    assert find_addresses(text, GAZETTEER) == []


def test_a_building_that_has_a_name() -> None:
    known = load_gazetteer("rongxi")
    (span,) = find_addresses("红砖楼三楼漏水", known)
    assert (span.text, span.value) == ("红砖楼三楼", {"building": "红砖楼", "floor": "3"})
    assert "8" not in known.buildings


def test_a_known_name_may_begin_another_one() -> None:
    known = Gazetteer(frozenset({"滨河"}))
    assert [s.value for s in find_addresses("送到滨河里2号楼1单元101", known)] == [
        {"community": "滨河里", "building": "2", "unit": "1", "room": "101"}
    ]
    assert [s.text for s in find_addresses("滨河里头路灯不亮", known)] == ["滨河里头"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("松江花园最里头那个车棚", {"community": "松江花园", "place": "最里头那个车棚"}),
        ("松江花园中心的小花园", {"community": "松江花园", "place": "中心的小花园"}),
        ("就松江花园当间那个小广场", {"community": "松江花园", "place": "当间那个小广场"}),
        ("幸福小区中间那个凉亭跟前", {"community": "幸福小区", "place": "中间那个凉亭跟前"}),
        ("松江花园正当中那个凉亭", {"community": "松江花园", "place": "正当中那个凉亭"}),
        ("幸福小区门口那个超市", {"community": "幸福小区", "place": "门口那个超市"}),
        ("幸福小区那个大门口", {"community": "幸福小区", "place": "大门口"}),
        # What is complained of is no part of the place, and a house is no spot.
        ("幸福小区里面那个垃圾桶", {"community": "幸福小区", "place": "里面"}),
        ("幸福小区那个狗天天叫", {"community": "幸福小区"}),
        ("松江花园那个3号楼", {"community": "松江花园"}),
    ],
)  # fmt: skip
def test_a_spot_is_shown_to_with_a_word(text: str, value: dict) -> None:
    assert find_addresses(text, GAZETTEER)[0].value == value
