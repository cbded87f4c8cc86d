"""代居民登记: staff write down what somebody told them, at the door, at the counter, on the phone.

A short form: the words, where, how to call back; all else is optional and can be found out later.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from aiohttp import web
from multidict import MultiDict

from services.context import Services
from services.errors import LindaError
from services.places.parse import completed
from services.privacy.notice import WAYS as TOLD_HOW
from services.tickets.core.commands import CreateTicket
from services.tickets.core.kinds import KIND_LABELS, Kind
from services.tickets.core.workflow import Field
from services.web.auth import actor_of
from services.web.console import forms
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes
from services.web.validation import validated

routes = Routes("工作台")

AUTH = "staff:register"
PATH = "/console/register"

REPORTERS = {
    "self": "居民本人",
    "proxy": "替家里人办的",
    "neighbour": "别的居民",
    "patrol": "我巡查看到的",
}
WAYS = {"counter": "当面", "phone": "电话", "patrol": "巡查"}
TOLD = {how: TOLD_HOW[how] for how in ("said", "sheet", "later", "nobody")}
SENSITIVE = {
    "self": "有，本人同意记",
    "guardian": "有，监护人同意记",
    "proxy": "有，家里人替他同意的",
    "refused": "不同意记，没有写",
    "danger": "救人要紧，来不及问",
}
"""Whether the words tell of an illness or a child under 14, and who agreed to keep it (个人信息保护法 29, 31).

In danger nobody is asked (第十三条第一款第四项): then there is no consent to record.
"""
DESK = "told_at_desk"
KINDS = {k.value: label for k, label in KIND_LABELS.items() if k is not Kind.EMERGENCY}

FIELDS: tuple[forms.FieldSpec, ...] = tuple(
    vars(field)
    for field in (
        Field("narrative", "居民怎么说的（写原话）", required=True),
        Field("place", "哪栋楼", "place"),
        Field("address_text", "具体在哪儿（几单元、哪户）", "line"),
        Field("phone", "回电话打哪个号", "tel"),
        Field("name", "怎么称呼", "line"),
        Field("reporter_role", "谁反映的", "choice", True, REPORTERS, "self"),
        Field("channel", "怎么知道的", "choice", True, WAYS, "counter"),
        Field("told", "信息怎么用，告诉居民了没有", "choice", True, TOLD),
        Field(
            "sensitive", "写没写身体情况、14岁以下孩子的事，谁同意记的", "choice", options=SENSITIVE
        ),
        Field("kind", "哪一类", "choice", options=KINDS),
        Field("leaf", "哪个事项", "leaf"),
        Field("certificate", "要开什么证明（要开证明才选）", "certificate"),
        Field("confidential", "居民要求保密", "flag", default=False),
    )
)

_PHONE = re.compile(r"\+?\d{5,15}")
_FORM = re.compile(r"[A-Za-z0-9_-]{8,40}")


@routes.get(PATH, auth=AUTH, page=True, summary="代居民登记")
async def form(request: web.Request) -> web.Response:
    """The empty form, its key in its address: who comes back to it by the browser finds the same key."""
    key = request.query.get("form", "")
    if not _FORM.fullmatch(key):
        raise web.HTTPSeeOther(f"{PATH}?form={_new_form()}")
    typed: MultiDict[str] = MultiDict(form=key)
    if request[STAFF].role == "grid":
        typed["channel"] = "patrol"
    return await _form(request, typed)


@routes.post(PATH, auth=AUTH, page=True, summary="登记")
async def register(request: web.Request) -> web.Response:
    """File the ticket and show the slip for the resident; refused, what was typed stays."""
    services, staff = request.app[SERVICES], request[STAFF]
    typed = MultiDict((k, v) for k, v in (await request.post()).items() if isinstance(v, str))
    try:
        wanted = await _request(services, typed)
        # One page is one ticket, however often its button is pressed, also after going back to it.
        key = f"console:{staff.id}:{typed['form']}"
        filed = await services.tickets.create(wanted, actor_of(staff), key)
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        if error.code == "idempotency_conflict":
            typed["form"] = _new_form()
            words = "这一页刚才已经登记过一件了。要再登记一件，看过内容再点一次“登记”。"
        else:
            words = _sentence(error)
        return await _form(request, typed, error.status, words)
    return console_page(request, "registered", "register", t=filed, url=PATH)


async def _request(services: Services, typed: Mapping[str, str]) -> CreateTicket:
    """Return the form as a request to file a ticket.

    Raises:
        LindaError: 422 with a sentence for what cannot be read.
    """
    if not typed.get("form"):
        raise LindaError("invalid_fields", "这一页太旧了，请重新打开再登记。", 422)
    given = forms.payload(FIELDS, MultiDict(typed))
    if "narrative" not in given:
        raise LindaError("invalid_fields", "请写下居民说的话。", 422)
    if "told" not in given:
        raise LindaError("invalid_fields", "请选一下：信息怎么用，告诉居民了没有。", 422)
    said = given.pop("sensitive", None)
    if said not in (None, "danger"):
        answer = {"answer": "refused"} if said == "refused" else {"said_by": said}
        given["consents"] = [{"purpose": DESK, **answer}]
    phone, name = re.sub(r"[\s-]", "", given.pop("phone", "")), given.pop("name", None)
    if phone and not _PHONE.fullmatch(phone):
        raise LindaError("invalid_fields", "电话号码看着不对，请再核对一下。", 422)
    if phone or name:
        given["contact"] = {"phone": phone or None, "name": name}
    where = given.get("address_text", "")
    if "place" in given:
        await forms.resolve_places(services, FIELDS, given)
        parts = completed({}, where)
        given["place"] |= {k: parts[k] for k in ("unit", "room") if k in parts}
    elif where:
        given["place"] = await services.places.certain(where)
    if wanted := given.pop("certificate", None):
        item = next((i for i in services.catalogue.certificates() if i.name == wanted), None)
        if item is None:
            raise LindaError("invalid_fields", "没有这种证明，请重新选。", 422)
        given["certificate"] = {"no": item.no, "name": item.name}
        given.setdefault("leaf", item.leaf)
    given["incomplete"] = not given.get("place")
    return validated(CreateTicket, given)


async def _form(
    request: web.Request, typed: MultiDict[str], status: int = 200, refusal: str = ""
) -> web.Response:
    typed.setdefault("form", _new_form())
    return console_page(
        request, "register", "register", status,
        fields=FIELDS, typed=typed, refusal=refusal, url=PATH,
        choices=await forms.locality_choices(request.app[SERVICES], FIELDS),
    )  # fmt: skip


def _new_form() -> str:
    return secrets.token_urlsafe(12)


def _sentence(error: LindaError) -> str:
    """Return the refusal by the names that stand on the form."""
    labels = {str(f["name"]): str(f["label"]) for f in FIELDS}
    wrong = [f"{labels[k]}：{v}" for k, v in error.fields.items() if k in labels]
    return "；".join(wrong) or error.message
