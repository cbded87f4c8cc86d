"""For whom the matter is, and whom it is not for although they are named."""

import pytest

from bot.understanding.relations import find_relations

FOR_SOMEONE = [
    # Something is done for the person.
    ("帮我二姨订明天的午饭", "我二姨", "aunt"), ("代我岳父问问轮椅能借不", "我岳父", "father_in_law"),
    ("想为家母申请高龄津贴", "家母", "mother"), ("替俺大姑报修，她那屋漏雨", "俺大姑", "aunt"),
    ("麻烦给老伴量个血压", "老伴", "spouse"), ("给爹送份晌午饭", "爹", "father"),
    ("饭送到丈母娘那儿", "丈母娘", "mother_in_law"), ("帮同事问一下居住证", "同事", "other"),
    ("帮一下我奶，她不会用手机", "我奶", "grandma"),
    # The person has the need, at the beginning or later.
    ("我妹残疾证到期了咋换", "我妹", "sister"), ("俺家老爷子下楼费劲，能装扶手吗", "俺家老爷子", "father"),
    ("我那小孙女要上幼儿园，咋报名", "我那小孙女", "grandson"), ("咱爸摔了，站不起来", "咱爸", "father"),
    ("老伴瘫痪三年了，护理补贴怎么办", "老伴", "spouse"), ("修脚 老爷子 后天上午", "老爷子", "father"),
    ("门槛太高，老太太轮椅推不过去", "老太太", "mother"), ("能上门打针不，老母亲下不了地", "老母亲", "mother"),
    ("我侄女没户口，怎么上学", "我侄女", "other"), ("我儿媳妇怀孕了要建档", "我儿媳妇", "other"),
    ("我三叔的低保停了", "我三叔", "uncle"), ("孙女对花生过敏，托管班有数没", "孙女", "grandson"),
    ("想把我爷送去日间照料", "我爷", "grandpa"), ("陪老爸去医院复查能约人不", "老爸", "father"),
    ("我外孙女下学期转学，找谁", "我外孙女", "grandson"), ("我弟说他困在电梯里了", "我弟", "brother"),
    ("我女儿说她让人骗了钱", "我女儿", "daughter"), ("我妈让我问停水停到啥时候", "我妈", "mother"),
    ("我儿子在省城上学，助学贷款咋办", "我儿子", "son"), ("我姐夫尿毒症，报销比例多少", "我姐夫", "other"),
    ("药贩子把假药卖给我妈", "我妈", "mother"), ("我叔父没儿没女，咋办五保", "我叔父", "uncle"),
    ("老太太在家冻得直哆嗦，暖气啥时候来", "老太太", "mother"), ("我爸轮椅修了还是不走道，再派个人", "我爸", "father"),
    ("门夹人，我丈母娘差点摔了", "我丈母娘", "mother_in_law"), ("来人瞅瞅隔壁大爷吧", "隔壁大爷", "neighbor"),
    ("我husband心脏病犯了", "我husband", "spouse"), ("给家里八十五的父亲每天订顿饭", "父亲", "father"),
    # The one who cannot, and who is asked to do it.
    ("我老头儿腿不好帮我订份饭", "我老头儿", "spouse"), ("俺家那口子想办残疾证", "俺家那口子", "spouse"),
    ("我幺儿上户口咋个办", "我幺儿", "son"), ("孃孃腿脚不好", "孃孃", "aunt"),
    ("我们家那位失业了，失业金怎么领", "我们家那位", "spouse"), ("亲家母要办居住证", "亲家母", "other"),
    ("侄女考上大学，要开证明", "侄女", "other"), ("太爷爷一百岁了，有没有补贴", "太爷爷", "grandpa"),
    ("我家那位想办老年证", "我家那位", "spouse"), ("娃他爸腿断了，想申请救助", "娃他爸", "spouse"),
    # Two that belong together.
    ("我家老太太崴脚了，能上门不", "我家老太太", "mother"), ("我哥被拖欠工钱找谁", "我哥", "brother"), ("帮我发小问居住证", "我发小", "other"),
    # Named with the speaker, then the one in need; with a long attribute.
    ("我和老伴一直吃你们的饭，他查出血脂高，往后少油", "老伴", "spouse"),
    ("伺候了我半辈子的老伴没了，他的医保卡往哪交", "老伴", "spouse"), ("替我大娘约个理发", "我大娘", "aunt"),
    ("咱爸咱妈想体检", "咱爸咱妈", "parents"), ("给我爸和我妈订两份饭", "我爸和我妈", "parents"),
    ("我公公婆婆要办老年证", "我公公婆婆", "parents_in_law"), ("给爸妈量血压", "爸妈", "parents"),
    # A neighbour someone worries about.
    ("对门独居的王奶奶两天没出门了", "对门独居的王奶奶", "neighbor"), ("8栋的老太太摔伤了没人管", "老太太", "neighbor"),
    ("我们单元有个大爷好几天没露面", "大爷", "neighbor"),
    ("替邻居问问，他家停气了", "邻居", "neighbor"),
    ("楼下大娘腿脚不好，帮她申请送餐", "楼下大娘", "neighbor"),
]  # fmt: skip

FOR_NO_OTHER = [
    # A swindler's word, whom to ring, who was given something.
    "有人冒充我儿子打电话要钱", "师傅来了打我爱人电话13900001111", "钥匙托付给邻居了，不用来",
    "我妈在的时候常夸你们",
    "我屋头那个水龙头没得水了",
    # Who helps.
    "闺女教我用了一回，还是不会挂号", "我儿子帮我填的表，说少一张照片", "药是孙女给买的，能报销不", "我闺女陪我去，不用派人了",
    "水管我女婿修好了，别来了", "邻居帮我打的电话", "老伴扶我下的楼，楼梯灯一个都不亮",
    # Who is away, or back.
    "我一个人住，儿子在深圳打工，想装个呼叫器", "孩子爹妈都在外打工，放学没人接", "孙女出国了，没人教我刷脸", "我儿子出差了，家里灯泡没人换",
    "订的饭退了吧，闺女回来了", "爸妈不在家，我一个人害怕",
    # Who is to blame.
    "儿子打我，我不敢回家", "我儿媳妇骂我老不死的", "三个闺女都不管我", "我男人又喝醉了要砍人", "隔壁大哥天天半夜唱歌", "楼上老太太往下扔垃圾",
    # Who is spoken to.
    "闺女，给我查查水费", "大姐，你们几点下班", "姑娘我眼神不好你念给我听", "谢谢你啊闺女", "小伙子跟我闺女一般大，麻烦你了", "我说丫头啊，你听我讲", "大哥在吗",
    # With, than, where, of.
    "我跟我老伴都退休了，想学书法", "这事别跟我儿子讲", "小王比我亲儿子还强", "我住闺女家，老房子水费咋交", "我搬到儿子那儿了", "楼道里有人抱着孙子摔了",
    "他爷爷的房子能过户不", "校长亲戚开的店不干净", "单亲妈妈有啥补助",
    # Who got something, who speaks of herself, who does harm.
    "把房子过户给孙子了还能反悔不", "钱都借给侄子了", "奶奶跟你打听个事", "儿子把我的卡拿走了", "我老公喝了酒又动手",
    "我八十二了，儿子在新疆修路，家里没人换灯泡", "我们老哥儿几个想打牌",
    # Too general.
    "给老人发的优待证在哪办", "邻居们都反映没水", "家里来了亲戚，住几天要登记不", "自个儿换了灯泡", "自个儿家修的不算", "男朋友能落户不", "我奶粉买到假的了",
    "我们姐妹几个想借舞蹈室", "《我的爸爸》这本书图书室有吗", "那个路口老有老头老太太过马路，装个灯吧", "给邻居添麻烦了", "俺这老太太啥也不懂", "我一个老头子咋办",
    # Long gone.
    "老伴走了十来年了，我一个人", "我爸去世后留下的房子咋过户", "老伴没了大半年，屋里空落落的，我一个人吃啥都不香",
    "我爱人过世前的存折找不着了",
    # Only says so, owns it, says who someone else is.
    "我妈讲社区要发米面", "俺爹说你比我强", "房本上写的是我姥爷的名字", "首付是我爸妈出的，我们要离了怎么分",
    "我爸的战友来看我，停车没地方", "班主任是我表姐，不好意思说", "打我奶奶那辈就没修过这条沟",
    # At odds with the speaker, or by whose hand.
    "我老婆要跟我离婚，孩子归谁", "我儿子不让我进家门", "我男人说要砍我", "存折叫我儿子撕了", "吵得我爱人都睡不着",
    "我想看看孙子，他们躲着我", "我得带外孙，白天去不了",
    "听我姐讲能代办", "我哥要跟我争房子", "我大伯借我三万不还", "我小舅子把院墙拆了", "我爱人成年不着家",
    # Thanks for what was done.
    "多谢你们照看我爷爷",
    "表扬网格员，把我爸背下了五楼", "你们给我老妈送的药及时，给小周点个赞",
    # The speaker by name of age.
    "老婆子我眼睛不行了，字写大点", "我们家老两口想报名合唱",
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "value"), FOR_SOMEONE)
def test_whom_it_is_for(text: str, words: str, value: str) -> None:
    assert [(s.text, s.value) for s in find_relations(text)] == [(words, value)]


@pytest.mark.parametrize("text", FOR_NO_OTHER)
def test_who_is_only_named(text: str) -> None:
    assert find_relations(text) == []


def test_only_the_one_it_is_for_among_several() -> None:
    found = find_relations("我儿子上班，我弟在外地，给我妈报个体检，她儿媳妇陪她去")
    assert [s.value for s in found] == ["mother"]


def test_two_for_whom_it_is() -> None:
    found = find_relations("给我妈订一份软的，给我丈母娘订一份不辣的")
    assert [s.value for s in found] == ["mother", "mother_in_law"]


@pytest.mark.parametrize(
    ("text", "sichuan", "value"),
    [("给我婆婆订饭", None, "mother_in_law"), ("给我婆婆订饭", True, "grandma"),
     ("婆婆莫得劲，走不动", None, "grandma"), ("窗子关不上，婆婆冷得很", None, "grandma")],
)  # fmt: skip
def test_a_word_that_differs_by_region(text: str, sichuan: bool | None, value: str) -> None:
    assert [s.value for s in find_relations(text, sichuan=sichuan)] == [value]
