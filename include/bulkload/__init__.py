"""A record's journey, room by room: each room imports only those before it."""
