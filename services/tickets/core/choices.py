"""What can be chosen in the forms of actions: code → words for people."""

from __future__ import annotations

DUTIES = {"主责": "主责", "协助": "协助"}
RECTIFIED = {"satisfied": "满意了", "unsatisfied": "还不满意", "no_answer": "没接通"}
"""What the resident says of what was put right after a bad rating."""
DECISIONS = {"approve": "同意", "refuse": "不同意"}
# 《北京市接诉即办工作条例》第十一条 (一)–(六); their sentences are in data/workflow.yml.
HANDED_OFF = {
    "emergency": "紧急事项，转专线",
    "legal_channel": "应通过诉讼、仲裁、纪检监察、行政复议、政府信息公开或信访等法定渠道",
}
NOT_ACCEPTED = {
    "legal_channel": HANDED_OFF["legal_channel"],
    "no_news": "正在办理或已经办完，没有新情况、新理由",
    "secret": "涉及国家秘密、商业秘密或个人隐私",
    "beyond_duty": "超出承办单位职责范围",
    "unlawful": "违法或违背公序良俗",
}
DISPOSITIONS = HANDED_OFF | NOT_ACCEPTED
ACCEPTED = "accept"
"""Disposition of what is simply taken on."""
REVIEWS = {"uphold": "维持，说明理由", "correct": "改正，接着办"}
STANCES = {"lead": "由我单位主办", "assist": "可以协办", "none": "不归我单位"}
WAYS = {"phone": "电话", "visit": "上门", "message": "短信或留言", "video": "视频"}
REACHED = {"reached": "联系上了", "delivered": "短信、留言已送达", "no_answer": "没联系上"}
DELIVERED_BY = "message"
"""The one way in which something can be delivered without anybody having answered."""
TOLD = {"told": "告诉了", "not_reached": "没打通"}
PROXIES = {"oral": "口头同意", "written": "书面委托", "guardian": "监护人"}
"""By what right somebody acts for another."""
PHOTO_MARKS = {"yes": "可公开", "no": "不公开"}
SPOKEN = {
    "supplement": "补充情况",
    "urge": "催办",
    "reject": "说没办好，要重办",
    "review": "不服，要换人复核",
    "rate": "评价",
    "withdraw": "撤回",
}
"""What a resident without a chat says on the phone or at the counter."""
SAID = {"phone": "电话里", "counter": "当面"}
WHISTLES = {
    "problem": "街道难以解决的突出问题",
    "enforcement": "需要综合执法",
    "urgent": "应急处置",
}
WHISTLE_STAGES = {"sign": "签收", "contact": "联系", "arrive": "到场报到", "solve": "解决"}
WHISTLE_RESULTS = {"solved": "已解决", "partial": "部分解决", "unsolved": "没有解决"}
PROGRESS = {"done": "已办好", "ongoing": "还在办，报阶段进展", "unable": "办不了，说明原因"}
SUSPEND_REASONS = {
    "season": "受季节或天气限制",
    "funds": "等待资金或批次",
    "parts": "等待配件或材料",
    "planning": "等待规划或审批",
    "consensus": "居民意见尚未统一",
    "other": "其他客观条件",
}
OUTCOMES = {
    "solved": "已解决",
    "partial": "部分解决",
    "explained": "解释说明",
    "pending": "挂账",
    "redirected": "转法定渠道",
    "unverifiable": "无法核实",
    "other": "其他",
}
RESULTS = {
    "solved": "已解决",
    "partial": "解决了一部分",
    "unsolved": "未解决",
    "no_answer": "未接通",
}
NOT_DONE = frozenset({"unsolved", "partial"})
"""Answers after which the work goes on: what is left over is not solved either."""
LEVELS = {"1": "提醒", "2": "书面督办", "3": "提级督办"}
LIFTED = {"take": "街道来协调", "advise": "给了办法，仍由原单位办"}
"""What the street says to what a unit reported upwards."""
CLOSING_TOLD = {
    "message": "发了短信或留言",
    "visit": "上门留了条",
    "impossible": "没有办法告知（原因写在说明里）",
}
"""How somebody without a chat was told that nobody could be reached and the ticket is closed."""
GROUNDS = {
    "no_cooperation": "缺少必要信息且诉求人不配合，无法继续办理",
    "legal_channel": "已进入诉讼、仲裁等法定渠道",
    "gone": "诉求事项已不存在",
    "other": "其他经审核的原因",
}
GROUP_ANSWERS = {"accept": "受理，接着办", "refuse": "不受理，说明原因"}
FINDINGS = {"genuine": "办理属实", "false": "虚假办结，退回重办"}
# What is left out of scoring; decided by the auditor before the period is scored.
EXCLUSIONS = {
    "not_accepted": "不予受理",
    "merged": "并入同一诉求的从单",
    "withdrawn": "诉求人自己撤诉",
    "out_of_area": "不在本辖区",
    "malicious": "恶意诉求（经人工复核认定）",
    "force_majeure": "不可抗力（已公布）",
}
APPOINTMENTS = {
    "kept": "按约定时间到（前后30分钟）",
    "early": "提前太多",
    "late": "迟到",
    "missed": "没有登记到达",
}
"""How an agreed time was kept."""
EXCLUSION_STATES = {
    "asked": "待审",
    "refused": "没有同意，可以复议",
    "appealed": "复议待审",
    "settled": "没有同意，已复议或已定",
    "granted": "同意剔除",
}
PROTECTION = {
    "normal": "普通",
    "confidential": "保密：承办单位看不到是谁反映的",
    "restricted": "限阅：只有承办单位和受理窗口看得到内容",
}
SECRECY = {"yes": "要保密", "no": "不用保密"}
"""What residents wish of their own name on a ticket that is filed already."""
CALLS = {
    "sent": "已自动通知值班领导",
    "failed": "自动通知没成功，要马上打电话",
    "unconfigured": "没有配置自动通知，要马上打电话",
}
"""What came of calling the duty leader."""
STAGES = {
    "sign": "签收",
    "contact": "联系",
    "due": "办结",
    "accept": "受理",
    "notice": "一次告知",
    "dispatch": "派单",
    "decide": "异议裁定",
    "second_look": "复核",
    "group": "群诉答复",
    "consult": "会商意见",
    "assist": "协办反馈",
    "whistle": "吹哨",
    "supervise": "督办反馈",
    "escalate": "提级答复",
    "rectify": "差评整改",
    "platform": "上级期限",
}
PRIORITIES = {"U0": "生命危险", "U1": "安全急件", "U2": "民生急件", "U3": "普通", "U4": "复杂疑难"}
