"""The pages for people: one module per part, its router listed here."""

from fastapi import APIRouter

from web.pages import about, account, assets, bookings, calendar, devices, imports, panel, rooms, scan, today

routers: list[APIRouter] = [
    account.router,
    about.router,
    today.router,
    calendar.router,
    bookings.router,
    rooms.router,
    imports.router,  # before the numbers of assets
    assets.router,
    scan.router,
    devices.router,
    panel.router,
]
