"""A loopback server that speaks the shapes of Stripe's API, keeps its own book and can misbehave."""

import asyncio
import itertools
from typing import Any
from urllib.parse import parse_qsl

import orjson
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "sk_test_safar"
WEBHOOK_SECRET = "whsec_safar"


class StripeServer:
    """Sessions, payment intents and refunds by id; every answer under a key is repeated under it."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.refund_status = "succeeded"
        self.lost = 0  # so many answers to writes never arrive, though the work is done
        self.down = False
        self._keys: dict[str, tuple[bytes, int, dict[str, Any]]] = {}
        self._numbers = itertools.count(1)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/checkout/sessions", self._answer(self._create), methods=["POST"]),
                Route("/v1/checkout/sessions/{id}", self._answer(self._session)),
                Route("/v1/checkout/sessions/{id}/expire", self._answer(self._expire), methods=["POST"]),
                Route("/v1/refunds", self._answer(self._refund), methods=["POST"]),
                Route("/v1/refunds", self._answer(self._list)),
                Route("/v1/refunds/{id}", self._answer(self._one_refund)),
                Route("/v1/balance", self._answer(self._balance)),
            ]
        )

    def _answer(self, handler: Any) -> Any:
        async def answer(request: Request) -> Response:
            body = await request.body()
            self.calls.append(f"{request.method} {request.url.path}")
            if request.headers.get("authorization") != f"Bearer {KEY}":
                return _error(401, "invalid_request_error", "Invalid API Key provided")
            if self.down:
                return _error(500, "api_error", "down", {"stripe-should-retry": "false"})
            key = request.headers.get("idempotency-key", "")
            known = self._keys.get(key)
            if known is not None and known[0] != body:
                return _error(400, "idempotency_error", "Keys can only be used with the same parameters")
            if known is not None:
                status, told = known[1:]
            else:
                status, told = handler(request, dict(parse_qsl(body.decode())))
                if key and status < 500:
                    self._keys[key] = (body, status, told)
            if request.method == "POST" and self.lost:
                self.lost -= 1
                await asyncio.sleep(3600)
            return JSONResponse(told, status)

        return answer

    def _create(self, _request: Request, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        number = next(self._numbers)
        unit = int(form["line_items[0][price_data][unit_amount]"])
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "mode": form["mode"],
            "url": f"https://checkout.stripe.example/c/pay/cs_test_{number}",
            "client_reference_id": form["client_reference_id"],
            "metadata": {"order_id": form["metadata[order_id]"]},
            "amount_total": unit,
            "currency": form["line_items[0][price_data][currency]"],
            "expires_at": int(form["expires_at"]),
            "success_url": form["success_url"],
            "cancel_url": form["cancel_url"],
            "locale": form["locale"],
        }
        self.sessions[str(session["id"])] = session
        return 200, session

    def _session(self, request: Request, _form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        session = self.sessions.get(request.path_params["id"])
        if session is None:
            return _wrong("No such checkout.session")
        intent = session["payment_intent"]
        if intent and request.query_params.get("expand[0]") == "payment_intent":
            status = "succeeded" if session["payment_status"] == "paid" else "processing"
            return 200, {
                **session,
                "payment_intent": {"id": intent, "object": "payment_intent", "status": status},
            }
        return 200, session

    def _expire(self, request: Request, _form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        session = self.sessions[request.path_params["id"]]
        if session["status"] != "open":
            return _wrong("Only Checkout Sessions with a status in [open] can be expired")
        session["status"] = "expired"
        return 200, session

    def _refund(self, _request: Request, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        paid = [s for s in self.sessions.values() if s["payment_intent"] == form.get("payment_intent")]
        given = sum(
            r["amount"] for r in self.refunds.values() if r["payment_intent"] == form.get("payment_intent")
        )
        if not paid or paid[0]["amount_total"] < given + int(form["amount"]):
            return _wrong("Refund amount is greater than unrefunded amount on charge")
        return 200, self.add_refund(
            form["payment_intent"],
            int(form["amount"]),
            {"refund_id": form["metadata[refund_id]"], "order_id": form["metadata[order_id]"]},
        )

    def add_refund(self, intent: str, amount: int, metadata: dict[str, str]) -> dict[str, Any]:
        number = next(self._numbers)
        refund = {
            "id": f"re_{number}",
            "object": "refund",
            "amount": amount,
            "payment_intent": intent,
            "charge": intent.replace("pi_", "ch_"),
            "status": self.refund_status,
            "metadata": metadata,
            "currency": next(s["currency"] for s in self.sessions.values() if s["payment_intent"] == intent),
        }
        self.refunds[str(refund["id"])] = refund
        return refund

    def _one_refund(self, request: Request, _form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        return 200, self.refunds[request.path_params["id"]]

    def _list(self, request: Request, _form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        charge = request.query_params.get("charge")
        found = [refund for refund in self.refunds.values() if refund["charge"] == charge]
        return 200, {"object": "list", "data": found, "has_more": False, "url": "/v1/refunds"}

    def _balance(self, _request: Request, _form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        return 200, {"object": "balance", "available": [], "pending": [], "livemode": False}

    def pay(self, session_id: str, *, later: bool = False) -> dict[str, Any]:
        """The customer pays on the page; `later`: by a method that takes days."""
        session = self.sessions[session_id]
        session |= {
            "status": "complete",
            "payment_status": "unpaid" if later else "paid",
            "payment_intent": session_id.replace("cs_test_", "pi_"),
        }
        return session

    def of_order(self, order_id: object) -> dict[str, Any]:
        return next(s for s in self.sessions.values() if s["client_reference_id"] == str(order_id))


def event(kind: str, thing: dict[str, Any], number: int = 1) -> bytes:
    told = {"id": f"evt_{number}", "object": "event", "type": kind, "data": {"object": thing}}
    return orjson.dumps(told)


def signed(payload: bytes, secret: str = WEBHOOK_SECRET, *, at: int | None = None) -> dict[str, str]:
    header = stripe.WebhookSignature.generate_signature_header(payload.decode(), secret, at)
    return {"stripe-signature": header, "content-type": "application/json; charset=utf-8"}


def _wrong(message: str) -> tuple[int, dict[str, Any]]:
    return 400, {"error": {"type": "invalid_request_error", "message": message}}


def _error(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"type": kind, "message": message}}, status, headers)
