"""Sign-in pages of django-allauth."""

from django.urls import include, path

urlpatterns = [path("", include("allauth.urls"))]
