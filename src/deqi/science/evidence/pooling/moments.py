"""Sums over studies that every estimator needs, without ever building a study-by-study matrix.

With weights w = 1/(v + tau2) and moderators X, let S = (X'WX)^-1 and P = W - WXSX'W. Everything the
estimators of tau2 ask of P (its trace, the trace of PP, y'Py, y'PPy) is a sum over studies plus traces of
small p x p matrices, so that a pool of k studies costs O(k p^2) and not O(k^2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float64]


@dataclass(slots=True)
class Moments:
    """Weighted fit at one tau2, and the traces of P that go with it."""

    weights: Vector
    beta: Vector
    residuals: Vector
    inverse: Matrix  # S = (X'WX)^-1, the covariance of beta
    q: float  # y'Py, the weighted sum of squared residuals
    sum_w: float
    sum_w2: float
    trace_p: float

    def y_pp_y(self) -> float:
        """y'PPy: the sum of squared weighted residuals, since Py = W(y - Xb)."""
        weighted = self.weights * self.residuals
        return float(weighted @ weighted)


def fit_at(y: Vector, variance: Vector, x: Matrix | None) -> Moments:
    """Weighted least squares of `y` on `x` (None: an intercept alone) with weights 1/variance."""
    w = 1.0 / variance
    sum_w = float(w.sum())
    sum_w2 = float(w @ w)
    if x is None:
        mean = float(w @ y) / sum_w
        r = y - mean
        return Moments(
            w, np.array([mean]), r, np.array([[1.0 / sum_w]]), float(w @ (r * r)), sum_w, sum_w2,
            sum_w - sum_w2 / sum_w,
        )  # fmt: skip
    xw = x.T * w
    inverse = np.linalg.inv(xw @ x).astype(np.float64)
    beta = inverse @ (xw @ y)
    r = y - x @ beta
    trace_p = sum_w - float(np.trace(inverse @ ((x.T * (w * w)) @ x)))
    return Moments(w, beta, r, inverse, float(w @ (r * r)), sum_w, sum_w2, trace_p)


def trace_pp(m: Moments, x: Matrix | None) -> float:
    """Trace of PP, that is the sum of squares of P's cells."""
    w = m.weights
    w2 = w * w
    if x is None:
        ratio = m.sum_w2 / m.sum_w
        return m.sum_w2 - 2.0 * float(w2 @ w) / m.sum_w + ratio * ratio
    a = m.inverse @ ((x.T * w2) @ x)
    b = m.inverse @ ((x.T * (w2 * w)) @ x)
    return m.sum_w2 - 2.0 * float(np.trace(b)) + float(np.trace(a @ a))


def trace_pvpv(m: Moments, v: Vector, x: Matrix | None) -> float:
    """Trace of PVPV for sampling variances `v`."""
    w = m.weights
    wv = w * v
    design = np.ones((len(w), 1)) if x is None else x
    a = m.inverse @ ((design.T * (w * wv)) @ design)
    b = m.inverse @ ((design.T * (w * wv * wv)) @ design)
    return float(wv @ wv) - 2.0 * float(np.trace(b)) + float(np.trace(a @ a))


def trace_ppv(m: Moments, v: Vector, x: Matrix | None) -> float:
    """Trace of PPV for sampling variances `v`."""
    w = m.weights
    w2 = w * w
    design = np.ones((len(w), 1)) if x is None else x
    a = m.inverse @ ((design.T * w2) @ design)
    b = m.inverse @ ((design.T * (w2 * v)) @ design)
    c = m.inverse @ ((design.T * (w2 * w * v)) @ design)
    return float(w2 @ v) - 2.0 * float(np.trace(c)) + float(np.trace(a @ b))


def trace_pv(m: Moments, v: Vector, x: Matrix | None) -> float:
    """Trace of PV for sampling variances `v`."""
    w = m.weights
    if x is None:
        return float(w @ v) - float((w * w) @ v) / m.sum_w
    return float(w @ v) - float(np.trace(m.inverse @ ((x.T * (w * w * v)) @ x)))
