"""Teams of agents, what each of them can take, and whether one is there."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.inbox.decide_routing import RULES, Desk
from safar.inbox.occupancy import DeskAgent, set_agent
from safar.inbox.pages import inbox
from safar.inbox.routing import QUERIES, SEEN_WITHIN, desks, drop_desk, members_of, save_desk, set_away
from safar.kernel import clock
from safar.kernel.database import rows
from safar.kernel.errors import InvalidInput, NotFound
from safar.kernel.hours import read_hours
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted

_SKILLS_MAX = 20
_CHATS_MOST = 1000


@dataclass(frozen=True, slots=True)
class ListedAgent:
    """A member of the staff as the page of teams shows them; `held`: what they have now."""

    id: UUID
    name: str
    chats_max: int
    languages: list[str]
    skills: list[str]
    held: int
    here: bool


async def desks_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show the teams and what every agent can take."""
    async with context_of(request).database.connection() as connection:
        since = clock.now() - SEEN_WITHIN
        agents = await rows(ListedAgent, connection, QUERIES["desk_agents"], {"since": since})
        values = {
            **wrong.values(),
            "lead_options": [(str(agent.id), agent.name) for agent in agents],
            "teams": await desks(connection),
            "members": await members_of(connection),
            "agents": agents,
            "rules": [(code, _(name)) for code, name in RULES.items()],
            "spoken": LANGUAGES,
            "new_team": Desk(new_id(), "", 0, None, "most_free", sticky=True, languages=(), skills=()),
        }
    return page(request, "inbox/desks.html", values, status=wrong.status)


def _skills(fields: Fields) -> list[str]:
    names = [
        part.strip().lower() for part in fields.text("skills", length_max=400, required=False).split(",")
    ]
    skills = list(dict.fromkeys(name for name in names if name))
    if len(skills) > _SKILLS_MAX:
        fields.problems["skills"] = _("At most %(count)s.", count=_SKILLS_MAX)
    return skills


def _languages(fields: Fields) -> list[str]:
    return [code for code in LANGUAGES if fields.ticked(f"language-{code}")]


def _ids(fields: Fields, prefix: str) -> list[UUID]:
    try:
        return [UUID(name.removeprefix(prefix)) for name in fields.values if name.startswith(prefix)]
    except ValueError:
        fields.problems["members"] = _("Choose one of the options.")
        return []


@posted(desks_page)
async def post_desk(request: Request, actor: Actor, fields: Fields) -> str:
    """Make a team, or change it."""
    hours = fields.text("opening_hours", required=False)
    if hours and not read_hours(hours):
        fields.problems["opening_hours"] = _("Such as “Mon-Fri 09:00-18:00, Sat 10:00-14:00”.")
    zone = fields.text("zone", required=False)
    if zone and zone not in available_timezones():
        fields.problems["zone"] = _("Choose one of the options.")
    members = _ids(fields, "member-")
    lead = fields.uuid("lead") if fields.values.get("lead") else None
    if lead is not None and lead not in members:
        fields.problems["lead"] = _("The lead is one of the team.")
    desk = Desk(
        id=fields.uuid("id"),
        name=fields.text("name", length_max=60),
        position=fields.integer("position", least=0, most=99),
        lead_id=lead,
        rule=fields.choice("rule", RULES),
        sticky=fields.ticked("sticky"),
        languages=_languages(fields),
        skills=_skills(fields),
        opening_hours=hours,
        zone=zone,
    )
    fields.done()
    async with context_of(request).database.transaction() as connection:
        if not await save_desk(connection, desk, members, staff_id=actor.id):
            raise InvalidInput(name=_("There is a team of this name."))
    return "/inbox/teams"


@posted(desks_page)
async def post_desk_removal(request: Request, actor: Actor, _fields: Fields) -> str:
    """Take a team away."""
    async with context_of(request).database.transaction() as connection:
        await drop_desk(connection, parse_id(request.path_params["id"]), staff_id=actor.id)
    return "/inbox/teams"


@posted(desks_page)
async def post_desk_agent(request: Request, actor: Actor, fields: Fields) -> str:
    """Say what an agent can take and do."""
    id_ = parse_id(request.path_params["id"])
    most = fields.integer("chats_max", least=0, most=_CHATS_MOST)
    agent = DeskAgent(id_, most, _languages(fields), _skills(fields), away=False, seen_at=None, given_at=None)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        params = {"since": clock.now()}
        known = await rows(ListedAgent, connection, QUERIES["desk_agents"], params)
        if id_ not in {one.id for one in known}:
            raise NotFound
        await set_agent(connection, agent, staff_id=actor.id)
    return "/inbox/teams"


@posted(inbox)
async def post_presence(request: Request, actor: Actor, fields: Fields) -> str:
    """Say that one is away, or back."""
    async with context_of(request).database.transaction() as connection:
        await set_away(connection, actor.id, away=fields.ticked("away"))
    return "/inbox"


routes: list[BaseRoute] = [
    StaffRoute("/inbox/presence", post_presence, role="agent", methods=["POST"]),
    StaffRoute("/inbox/teams", desks_page, role="manager"),
    StaffRoute("/inbox/teams", post_desk, role="manager", methods=["POST"]),
    StaffRoute("/inbox/teams/{id}/removal", post_desk_removal, role="manager", methods=["POST"]),
    StaffRoute("/inbox/agents/{id}", post_desk_agent, role="manager", methods=["POST"]),
]
