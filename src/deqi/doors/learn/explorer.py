"""One question, asked again and again: filters change the pool as one touches them; all of it can be taken away."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from deqi.doors.access import public
from deqi.doors.drawing import KINDS, Busy, kept_picture_of
from deqi.doors.learn.choice import INTERVALS, METHODS, NEEDLING, SIDE_BY_SIDE, Choice, choice_of
from deqi.doors.learn.frame import show
from deqi.doors.learn.looks import looks, numbers, p_of
from deqi.science import evidence
from deqi.science.evidence.charts import Section, compact_forest_spec, describe, forest_spec
from deqi.science.evidence.funnel_chart import funnel_spec
from deqi.science.evidence.pooling import CannotPool
from deqi.science.evidence.result import PoolResult
from deqi.science.evidence.schema import COMPARATORS, CONDITIONS, DOMAINS, condition_name

SHOWN = ("pain", "numbness_tingling", "sensory_symptoms", "nerve_conduction", "function", "quality_of_life",
         "global_response")  # fmt: skip


@public
@require_safe
def answer_page(request: HttpRequest, condition: str, domain: str) -> HttpResponse:
    """Does it help this symptom in this condition? The standing answer, and the pool the reader's choices make."""
    title = _title(condition, domain)
    standing = evidence.answer(condition, domain, "sham")  # type: ignore[arg-type]
    choice = choice_of(request.GET, usual=_usual(standing))
    live = _live(condition, domain, title, choice)
    if request.headers.get("HX-Request"):
        return show(request, "learn/answer_pool.html", "evidence", swapped=True, **live)
    return show(
        request,
        "learn/answer.html",
        "evidence",
        answer=standing,
        doses=evidence.doses(condition),  # type: ignore[arg-type]
        estimators=METHODS,
        intervals=INTERVALS,
        needlings=NEEDLING,
        comparators=COMPARATORS,
        conditions={**CONDITIONS, "any": condition_name("any")},
        others=[(d, DOMAINS[d]) for d in SHOWN if d != domain],
        **live,
    )


def _usual(standing: evidence.Answer) -> str:
    """Sham, or where no trial used one the first comparison that has figures."""
    if standing.result.k:
        return "sham"
    return next((c for c in SIDE_BY_SIDE if c in standing.beside and standing.beside[c].k), "sham")  # type: ignore[index]


def _live(condition: str, domain: str, title: str, choice: Choice) -> dict[str, Any]:
    """What changes with the choices: the pool, its studies, the pictures, the second looks."""
    sections = choice.sections(condition, domain)
    result = choice.pool(condition, domain)
    drawn = any(section.result.k for section in sections)
    return {
        "title": title,
        "condition": condition,
        "domain": domain,
        "choice": choice,
        "query": choice.query(),
        "against": COMPARATORS[choice.comparator],  # type: ignore[index]
        "result": result,
        "told": _told(result),
        "studies": [row for section in sections for row in _rows(section)],
        "out": [evidence.trials()[key] for key in choice.exclude],
        "spec": forest_spec(sections, title=title, theme="page") if drawn else None,
        "narrow": compact_forest_spec(sections, title=title, theme="page", width=264) if drawn else None,
        "said": describe(sections, title) if drawn else "",
        "looks": looks(result, truncate=choice.truncate),
        **_funnel(result, title),
    }


def _funnel(result: PoolResult, title: str) -> dict[str, Any]:
    """The funnel, or why there is none."""
    if result.k < 3:
        return {"no_funnel": f"A funnel needs three studies or more; this pool has {result.k}."}
    try:
        return {"funnel": funnel_spec(result, title=title, theme="page", width=420)}
    except (CannotPool, ValueError) as refused:
        return {"no_funnel": f"No funnel: {refused}."}


def _told(result: PoolResult) -> list[tuple[str, str]]:
    """The figures of a pool, each with its name; what the number of studies does not support says so."""
    if result.estimate is None or result.ci95 is None:
        return []
    few = "needs three studies or more" if result.k == 2 else "needs two studies or more"
    told = [
        (f"{result.measure}, 95 % interval", numbers(result, result.estimate, result.ci95)),
        ("Trials, people", f"{result.k}, {'not shown' if result.n is None else round(result.n)}"),
        ("Prediction interval", _range(result, result.pi95) or "needs three studies or more"),
    ]
    if result.tau2 is None:
        told.append(("tau²", "not estimated with a fixed effect" if result.k > 1 else few))
    else:
        spread = f" ({result.tau2_ci95[0]:.3f} to {result.tau2_ci95[1]:.3f})" if result.tau2_ci95 else ""
        told.append(("tau², 95 % interval", f"{result.tau2:.3f}{spread}"))
    told.append(("I²", few if result.i2 is None else f"{result.i2:.0f} %"))
    if result.q is None or result.q_p is None or not result.q_df:
        told.append(("Q", few))
    else:
        told.append(("Q", f"{result.q:.2f} on {result.q_df} df, p {p_of(result.q_p)}"))
    return told


def _range(result: PoolResult, pair: tuple[float, float] | None) -> str:
    if pair is None:
        return ""
    low, high = (f"{result.on_reading_scale(x):.2f}".replace("-", "−") for x in pair)
    return f"{low} to {high}"


def _rows(section: Section) -> list[dict[str, Any]]:
    return [
        {
            "against": section.title.removeprefix("Against "), "study": s, "trial": s.source["trial"],
            "numbers": numbers(section.result, s.estimate, s.ci95),
        }
        for s in section.result.studies
    ]  # fmt: skip


@public
@require_safe
def download(request: HttpRequest, condition: str, domain: str, form: str) -> HttpResponse:
    """The chosen pool as JSON or CSV, or the citations of exactly its studies as BibTeX or RIS."""
    _title(condition, domain)
    choice = choice_of(request.GET)
    result = choice.pool(condition, domain)
    name = f"{condition}-{domain}-{choice.comparator}.{form}"
    if form == "json":
        response: HttpResponse = JsonResponse(result.to_json(), json_dumps_params={"indent": 1})
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    if form == "csv":
        return _file(name, "text/csv; charset=utf-8", evidence.pool_csv(result).encode())
    return _file(name, "text/plain; charset=utf-8", _citations(form, [result]).encode())


@public
@require_safe
def figure(request: HttpRequest, condition: str, domain: str, name: str, form: str) -> HttpResponse:
    """The forest or the funnel as SVG, PNG or PDF; or the citations of exactly the studies it shows."""
    title = _title(condition, domain)
    choice = choice_of(request.GET)
    if name not in ("forest", "funnel"):
        raise Http404("forest or funnel")
    file = f"{condition}-{domain}-{name}.{form}"
    pools = [s.result for s in choice.sections(condition, domain)] if name == "forest" else []
    if form not in KINDS:
        cited = _citations(form, pools or [choice.pool(condition, domain)])
        return _file(file, "text/plain; charset=utf-8", cited.encode())
    try:
        if name == "forest":
            spec = forest_spec(choice.sections(condition, domain), title=title)
        else:
            spec = funnel_spec(choice.pool(condition, domain), title=title)
    except (ValueError, CannotPool) as refused:
        raise Http404(f"There is no such picture: {refused}.")
    try:
        return _file(file, KINDS[form], kept_picture_of(spec, form))
    except Busy:
        return HttpResponse("Another picture is being drawn. Try again in a moment.", status=503, headers={
            "Retry-After": "10", "Content-Type": "text/plain; charset=utf-8"})  # fmt: skip


def _citations(form: str, pools: list[PoolResult]) -> str:
    makers = {"bib": evidence.bibtex, "ris": evidence.ris}
    if form not in makers:
        raise Http404("There is no such form.")
    keys = dict.fromkeys(study.source["trial"] for result in pools for study in result.studies)
    return makers[form](evidence.trials()[key] for key in keys)


def _title(condition: str, domain: str) -> str:
    """ "Pain in diabetic neuropathy". Raises Http404 when there is no such question."""
    if (condition not in CONDITIONS and condition != "any") or domain not in DOMAINS:
        raise Http404("There is no such question.")
    words = f"{DOMAINS[domain]} in {condition_name(condition)}"  # type: ignore[index, arg-type]
    return words[0].upper() + words[1:]


def _file(name: str, kind: str, content: bytes) -> HttpResponse:
    shown = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=shown)
