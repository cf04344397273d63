"""Error pages: what happened, what was kept, what to do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "deqi/error.html", {"title": "Not here", "text": NOT_FOUND}, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "deqi/error.html", {"title": "Not for your role", "text": FORBIDDEN}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "deqi/error_plain.html", {"title": "Something broke", "text": BROKEN}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "deqi/error.html", {"title": "Please send it again", "text": CSRF}, status=403)


NOT_FOUND = (
    "There is no such page, or it belongs to a person or site that you cannot see. Nothing was changed."
)
FORBIDDEN = (
    "Your role does not include this. Nothing was changed. A manager can change roles under Practice, Staff."
)
BROKEN = (
    "A fault on our side. What had been saved is kept; the last step may not have been. Go back and try again; "
    "if it happens twice, tell the clinic manager the time it happened."
)
CSRF = (
    "This form was open too long or came from another page. Nothing was changed. Go back, reload, send again."
)
