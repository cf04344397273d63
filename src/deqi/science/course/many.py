"""Reviews many courses at once: the same model, the same numbers, spread over the processors.

Question answered: what does `review` say for every patient and symptom of a clinic, or a registry?

Input is two tables as columns: ratings (patient_id, date, symptom, value, recall, and a condition and a review date
for each patient) and sessions (patient_id, date). One result comes out for each patient and symptom.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED as ANY
from concurrent.futures import Future, ProcessPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deqi.science.course.compiling import compile_ahead
from deqi.science.course.model import review_rows
from deqi.science.course.ratings import Row

Columns = Mapping[str, NDArray[Any]]
# patient, symptom, condition, review date, rows, sessions
Task = tuple[str, str, str, dt.date, list[Row], list[dt.date]]
CHUNK = 200


class ManyError(ValueError):
    """The tables do not fit together. `errors` names the patients."""

    def __init__(self, errors: Sequence[str]):
        self.errors = tuple(errors)
        super().__init__("\n".join(errors))


def tasks(
    ratings: Columns, sessions: Columns, condition_column: str = "condition", on_column: str = "on"
) -> list[Task]:
    """One task for each patient and symptom, ordered by patient, then symptom.

    Raises ManyError when a patient has two conditions or two review dates.
    """
    patients, who = np.unique(ratings["patient_id"], return_inverse=True)
    kinds, what = np.unique(ratings["symptom"], return_inverse=True)
    order = np.lexsort((ratings["date"], what, who))
    who, what = who[order], what[order]
    condition, on = ratings[condition_column][order], ratings[on_column][order]
    first = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
    group = np.cumsum(np.r_[False, who[1:] != who[:-1]])
    errors = [
        f"patient {patients[who[at]]}: more than one {name}"
        for name, column in ((condition_column, condition), (on_column, on))
        for at in first[np.unique(group[column != column[first][group]])]
    ]
    if errors:
        raise ManyError(errors[:20])
    visits = _sessions_of(sessions, patients)
    dates = ratings["date"][order].astype("datetime64[D]").tolist()
    values, recalls = ratings["value"][order].astype(float).tolist(), ratings["recall"][order].tolist()
    review_dates = on.astype("datetime64[D]").tolist()
    starts = np.flatnonzero(np.r_[True, (who[1:] != who[:-1]) | (what[1:] != what[:-1])]).tolist()
    found: list[Task] = []
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        rows = list(zip(dates[start:end], values[start:end], recalls[start:end], strict=True))
        patient = str(patients[who[start]])
        found.append(
            (
                patient,
                str(kinds[what[start]]),
                str(condition[start]),
                review_dates[start],
                rows,
                visits.get(patient, []),
            )
        )
    return found


def _sessions_of(sessions: Columns, patients: NDArray[Any]) -> dict[str, list[dt.date]]:
    """Session dates by patient."""
    found: dict[str, list[dt.date]] = {}
    dates = sessions["date"].astype("datetime64[D]").tolist()
    known = set(patients.tolist())
    for patient, day in zip(sessions["patient_id"].tolist(), dates, strict=True):
        if patient in known:
            found.setdefault(str(patient), []).append(day)
    return found


def review_chunk(chunk: Sequence[Task]) -> list[dict[str, Any]]:
    """The results of some tasks, as plain values."""
    return [
        {"patient_id": patient, **review_rows(symptom, rows, visits, condition, on).as_dict()}
        for patient, symptom, condition, on, rows, visits in chunk
    ]


def one_thread_each() -> None:
    """Keeps the linear algebra of processes started from now on to one thread: they share the processors already."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def review_many(
    work: Sequence[Task], *, workers: int | None = None, progress: Callable[[int], None] | None = None
) -> Iterator[dict[str, Any]]:
    """Yields one result a task, in the order of the tasks. `progress` is told how many are done.

    `workers` defaults to the number of processors; 1 stays in this process.
    """
    workers = workers or os.cpu_count() or 1
    chunks = [work[start : start + CHUNK] for start in range(0, len(work), CHUNK)]
    if workers == 1 or len(chunks) == 1:
        for chunk in chunks:
            yield from review_chunk(chunk)
            if progress:
                progress(len(chunk))
        return
    one_thread_each()
    compile_ahead(lambda _: None)  # once here, not once in every process
    waiting: dict[Future[list[dict[str, Any]]], int] = {}
    ready: dict[int, list[dict[str, Any]]] = {}
    following, sent = 0, 0
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        while following < len(chunks):
            while sent < len(chunks) and len(waiting) < 2 * workers:
                waiting[pool.submit(review_chunk, chunks[sent])] = sent
                sent += 1
            for done in wait(waiting, return_when=ANY).done:
                ready[waiting.pop(done)] = done.result()
            while following in ready:
                results = ready.pop(following)
                yield from results
                following += 1
                if progress:
                    progress(len(results))
