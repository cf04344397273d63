"""What the trials found, for everyone: the answers, the studies behind them, the mechanisms, all to take away."""

from __future__ import annotations

import csv
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from deqi.doors.access import public
from deqi.doors.learn.frame import show
from deqi.science import evidence
from deqi.science.evidence.charts import Section, describe, forest_spec
from deqi.science.evidence.mechanism_chart import mechanism_spec
from deqi.science.evidence.pooling import ESTIMATORS
from deqi.science.evidence.schema import COMPARATORS as COMPARATOR_WORDS
from deqi.science.evidence.schema import CONDITIONS as CONDITION_WORDS
from deqi.science.evidence.schema import DOMAINS as DOMAIN_WORDS

CONDITIONS = ("dpn", "cipn", "cts", "phn", "hiv_sn", "radiculopathy")
DOMAINS = ("pain", "numbness_tingling", "sensory_symptoms", "nerve_conduction", "function", "quality_of_life")
COMPARATORS = ("sham", "usual_care", "waitlist", "drug")


@public
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every question with an answer, sham first; the six mechanisms; what no guideline says."""
    tables = []
    for condition in CONDITIONS:
        rows = [r for r in evidence.answer_table(condition) if r["k"] and r["comparator"] in COMPARATORS]
        if rows:
            tables.append({"condition": condition, "name": CONDITION_WORDS[condition], "rows": rows})
    return show(
        request,
        "learn/evidence.html",
        "evidence",
        tables=tables,
        comparators=COMPARATOR_WORDS,
        domains=DOMAIN_WORDS,
        mechanisms=evidence.mechanisms().values(),
        counts={"trials": len(evidence.trials()), "reviews": len(evidence.reviews())},
    )


@public
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """ "How does acupuncture help neuropathy?" in plain words; each claim opens the record it rests on."""
    page = evidence.public_page()
    sections = [
        (section, [(s, [_opened(reference) for reference in s.cites]) for s in section.sentences])
        for section in page.sections
    ]
    return show(
        request,
        "learn/help.html",
        "help",
        page=page,
        sections=sections,
        spec=mechanism_spec("page"),
        mechanisms=evidence.mechanisms().values(),
    )


def _opened(reference: str) -> dict[str, Any]:
    """A citation with the page it opens: ours where there is one, else the source."""
    record = evidence.cited(reference)
    pages = {"trial": "learn:trial", "mechanism": "learn:mechanism"}
    if record.kind in pages:
        return {"label": record.label, "url": reverse(pages[record.kind], args=[record.id])}
    return {"label": record.label, "url": reverse("learn:record", args=[record.kind, record.id])}


@public
@require_safe
def record_page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """A review, a guideline, a published rate or a red flag, as it was read."""
    try:
        record = evidence.cited(f"{kind}:{key}")
    except KeyError:
        raise Http404("There is no such record.")
    shelf = {"review": evidence.reviews, "guideline": evidence.guidelines}.get(kind)
    whole = shelf()[key] if shelf else None
    return show(request, "learn/record.html", "evidence", record=record, whole=whole)


@public
@require_safe
def answer_page(request: HttpRequest, condition: str, domain: str) -> HttpResponse:
    """One question: does it help this symptom in this condition? `?estimator=` and `?exclude=` change the pool."""
    if condition not in CONDITION_WORDS or domain not in DOMAIN_WORDS:
        raise Http404("There is no such question.")
    options = _options(request)
    pools = [
        (c, evidence.pool(condition=condition, domain=domain, comparator=c, **options)) for c in COMPARATORS
    ]
    sections = [Section(f"Against {COMPARATOR_WORDS[c]}", result) for c, result in pools]
    title = f"{DOMAIN_WORDS[domain].capitalize()} in {CONDITION_WORDS[condition]}"
    drawn = any(section.result.k for section in sections)
    return show(
        request,
        "learn/answer.html",
        "evidence",
        title=title,
        condition=condition,
        domain=domain,
        answer=evidence.answer(condition, domain, "sham"),
        pools=[(COMPARATOR_WORDS[c], c, result) for c, result in pools],
        spec=forest_spec(sections, title=title, theme="page") if drawn else None,
        said=describe(sections, title) if drawn else "",
        doses=evidence.doses(condition),
        estimators=ESTIMATORS,
        options=options,
        query=request.GET.urlencode(),
        others=[(d, DOMAIN_WORDS[d]) for d in DOMAINS if d != domain],
    )


@public
@require_safe
def download(request: HttpRequest, condition: str, domain: str, form: str) -> HttpResponse:
    """The numbers behind an answer as JSON or CSV; `?comparator=` as on the page."""
    comparator = request.GET.get("comparator", "sham")
    if condition not in CONDITION_WORDS or domain not in DOMAIN_WORDS or comparator not in COMPARATOR_WORDS:
        raise Http404("There is no such question.")
    result = evidence.pool(condition=condition, domain=domain, comparator=comparator, **_options(request))
    told = json.loads(json.dumps(result.to_json(), default=str))
    if form == "json":
        return JsonResponse(told, json_dumps_params={"indent": 1})
    if form != "csv":
        raise Http404("json or csv")
    response = _file(f"{condition}-{domain}-{comparator}.csv", "text/csv")
    writer = csv.writer(response)
    writer.writerow(["id", "study", "n", "estimate", "se", "ci95_low", "ci95_high", "weight_pct", "url"])
    for s in result.studies:
        row = [s.id, s.label, s.n, s.estimate, s.se, *s.ci95, s.weight_pct, s.source["url"]]
        writer.writerow(row)
    return response


@public
@require_safe
def trial_list(request: HttpRequest) -> HttpResponse:
    """Every study, filtered by condition or by words of its title or authors."""
    asked, condition = request.GET.get("q", "").strip()[:60], request.GET.get("condition", "")
    found = [
        trial
        for trial in evidence.trials().values()
        if (not condition or trial.condition == condition)
        and asked.casefold() in f"{trial.label} {trial.title} {trial.authors}".casefold()
    ]
    found.sort(key=lambda trial: -(trial.year or 0))
    rows = [(trial, evidence.outside_default_pools(trial)) for trial in found]
    return show(
        request,
        "learn/trials.html",
        "evidence",
        found=rows,
        asked=asked,
        condition=condition,
        conditions=CONDITION_WORDS,
    )


@public
@require_safe
def trial_page(request: HttpRequest, key: str) -> HttpResponse:
    """One study as it was read: arms, treatment, outcomes, and what was not shown."""
    trial = evidence.trials().get(key)
    if trial is None:
        raise Http404("There is no such study.")
    return show(
        request,
        "learn/trial.html",
        "evidence",
        trial=trial,
        condition=CONDITION_WORDS[trial.condition],
        bias=evidence.bias_of(key),
    )


@public
@require_safe
def mechanism_page(request: HttpRequest, key: str) -> HttpResponse:
    """One of the six: what speaks for and against, people first, and what a clinic can measure."""
    mechanism = evidence.mechanisms().get(key)
    if mechanism is None:
        raise Http404("There is no such mechanism.")
    people = [f for f in mechanism.findings if f.model == "human"]
    others = [f for f in mechanism.findings if f.model != "human"]
    return show(
        request, "learn/mechanism.html", "evidence", mechanism=mechanism, people=people, others=others
    )


@public
@require_safe
def cite(request: HttpRequest, form: str) -> HttpResponse:
    """Citations of every study (or of `?id=...` alone) as BibTeX or RIS."""
    makers = {"bib": evidence.bibtex, "ris": evidence.ris}
    if form not in makers:
        raise Http404("bib or ris")
    wanted = [key for key in request.GET.getlist("id") if key in evidence.trials()] or list(evidence.trials())
    response = _file(f"deqi-evidence.{form}", "text/plain; charset=utf-8")
    response.write(makers[form](evidence.trials()[key] for key in wanted))
    return response


def _options(request: HttpRequest) -> dict[str, Any]:
    """The reader's choices, kept to those that exist."""
    estimator, test = request.GET.get("estimator", "REML"), request.GET.get("test", "knha")
    return {
        "estimator": estimator if estimator in ESTIMATORS else "REML",
        "test": test if test in ("knha", "z") else "knha",
        "exclude": tuple(key for key in request.GET.getlist("exclude") if key in evidence.trials()),
    }


def _file(name: str, kind: str) -> HttpResponse:
    return HttpResponse(content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
