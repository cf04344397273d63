"""Questionnaires that a clinic imports: read, asked, answered and scored. No wording of any is shipped."""

from __future__ import annotations

from deqi.science.measures.questionnaire.answers import (
    AnswerError,
    Answers,
    asked_now,
    check_answers,
    number_of,
    open_questions,
    response,
    shown,
    typed,
    words_of,
)
from deqi.science.measures.questionnaire.form import Form, Item, Option
from deqi.science.measures.questionnaire.reading import form_from, read_questionnaire
from deqi.science.measures.questionnaire.resource import QuestionnaireError, parse
from deqi.science.measures.questionnaire.scoring import Result, link, results, trial, worked_out

__all__ = [
    "AnswerError",
    "Answers",
    "Form",
    "Item",
    "Option",
    "QuestionnaireError",
    "Result",
    "asked_now",
    "check_answers",
    "form_from",
    "link",
    "number_of",
    "open_questions",
    "parse",
    "read_questionnaire",
    "response",
    "results",
    "shown",
    "trial",
    "typed",
    "words_of",
    "worked_out",
]
