"""No form of another site acts in the name of a logged-in person.

The rule is the header-based one (Filippo Valsorda, “Cross-Site Request Forgery”, 2025; as in
Datasette's ``csrf.py``), beside ``SameSite=Lax`` on the cookie:

* GET, HEAD and OPTIONS change nothing and pass;
* ``Sec-Fetch-Site`` must be ``same-origin`` or ``none`` when the browser sends it;
* otherwise ``Origin``, when sent, must name this host;
* with neither header it is no browser, and there is nobody's cookie to abuse.

A bearer token is never sent by a browser on its own, so a request with one is exempt – but only
without a cookie, because with one the cookie might be what lets it in. The widget's routes take no
cookie at all and may be called from any site that embeds it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from services.web.routing import Declaration
from services.words import refusal

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_same_site(request: web.Request, declaration: Declaration) -> None:
    """Refuse an unsafe request that another site caused.

    Raises:
        LindaError: 403 ``cross_site``.
    """
    if request.method in SAFE_METHODS:
        return
    bearer = request.headers.get("Authorization", "").startswith("Bearer ")
    if "Cookie" not in request.headers and (bearer or declaration.cross_origin):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        same = site in ("same-origin", "none")
    else:
        origin = request.headers.get("Origin")
        same = origin is None or urlsplit(origin).netloc == request.host
    if not same:
        raise refusal("cross_site", 403)
