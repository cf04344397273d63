"""Pooling: from effects and their variances to one answer with its uncertainty."""

from deqi.science.evidence.pooling.heterogeneity import ESTIMATORS, Estimator
from deqi.science.evidence.pooling.model import CannotPool, Coefficient, Fit, Test, fit

__all__ = ["ESTIMATORS", "CannotPool", "Coefficient", "Estimator", "Fit", "Test", "fit"]
