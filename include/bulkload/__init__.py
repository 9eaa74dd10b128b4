"""A record's journey, room by room: each imports only those before it.

basics/errors.py     what went wrong → what happens next
