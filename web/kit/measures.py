"""What Prometheus is told of the API."""

from prometheus_client import Counter

BOOKINGS_MADE = Counter("izba_bookings_made", "Bookings made through the API, of rooms whose times everybody may know")
