"""All commands put together."""

from __future__ import annotations

from flashbot.cli import (
    broadcast,
    campaigns,
    chat,
    connect,
    contact,
    contacts,
    dead,
    dev,
    doctor,
    groups,
    instances,
    intents,
    lookup,
    new,
    pace,
    plan,
    routes,
    run,
    sandbox,
    send,
    stop,
    templates,
    webhooks,
    why,
)
from flashbot.cli.shell import program

__all__ = ["app"]

app = program()
app.command("new")(new.new)
app.command("dev")(dev.dev)
app.command("chat")(chat.chat)
app.command("run")(run.run)
app.command("connect")(connect.connect)
app.command("doctor")(doctor.doctor)
app.command("routes")(routes.routes)
app.add_typer(intents.commands, name="intents")
app.command("sandbox")(sandbox.sandbox)
app.add_typer(dead.commands, name="dead")
app.command("why")(why.why)
app.command("plan")(plan.plan)
app.command("pace")(pace.pace)
app.add_typer(broadcast.commands, name="broadcast")
app.command("stop")(stop.stop)
app.add_typer(contact.commands, name="contact")
app.add_typer(contacts.commands, name="contacts")
app.add_typer(groups.commands, name="groups")
app.add_typer(templates.commands, name="templates")
app.add_typer(instances.commands, name="instances")
app.add_typer(campaigns.commands, name="campaigns")
app.add_typer(webhooks.commands, name="webhooks")
app.command("lookup")(lookup.lookup)
app.command("send")(send.send)
