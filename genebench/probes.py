"""Probes: vectors → out-of-fold predictions. No I/O.

Every probe takes the vectors of the entities that a model covers and the folds of its tasks, and returns for each
entity the prediction of the fit that did not see it. Features are standardised inside the fold: mean and standard
deviation come from the training entities alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .errors import BadInput, RunFailed, unknown

VERSION = 2


@dataclass(frozen=True)
class Probe:
    """A probe and what it is for. ``predict(X, Y, folds)`` takes X (n, d), the labels and the folds of the tasks."""

    predict: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    kinds: tuple[str, ...]
    recipe: dict


def logistic(
    X: np.ndarray, Y: np.ndarray, folds: np.ndarray, *, C: float = 1.0, tolerance: float = 1e-4, max_iter: int = 500
) -> np.ndarray:
    """L2-regularised logistic regression of many binary tasks at once, each in each of its folds.

    The optimum is that of scikit-learn's ``LogisticRegression(C=C)`` on features standardised inside the fold
    (intercept not penalised); all tasks and folds share the two matrix products of an iteration.

    Args:
        X: vectors, (n, d). Y: 0/1 labels, (n, n_tasks). folds: fold in which each entity is tested, (n, n_tasks).
        tolerance: a fit ends when its Newton decrement per unit of weight falls below this.
    Returns: probability of the positive class from the fit that did not see the entity, (n, n_tasks) float32.
    Raises: BadInput: a fold without two classes to train on. RunFailed: a fit that did not converge.
    """
    n, n_tasks = Y.shape
    n_folds = int(folds.max()) + 1
    Xs = _standardise(X)
    gram = Xs.T.astype(np.float64) @ Xs
    eigenvalue, V = np.linalg.eigh(gram)
    basis = (eigenvalue.clip(min=0).astype(np.float32), V.astype(np.float32))
    test = (folds.T[:, None, :] == np.arange(n_folds)[:, None]).reshape(n_tasks * n_folds, n)
    labels = np.repeat(Y.T.astype(np.float32), n_folds, axis=0)
    margins = _fit_logistic(Xs, labels, ~test, basis, C, tolerance, max_iter)
    out = np.where(test, _sigmoid(margins), np.float32(0)).reshape(n_tasks, n_folds, n).sum(axis=1)
    return out.T


def _standardise(X: np.ndarray) -> np.ndarray:
    X = np.asarray(X, dtype=np.float64)
    deviation = X.std(axis=0)
    flat = deviation <= 1e-12 * np.abs(X).max(axis=0, initial=1e-300)
    return ((X - X.mean(axis=0)) / np.where(flat, 1, deviation) * ~flat).astype(np.float32)


def _sigmoid(m: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * m))


def _fit_logistic(X, Y, train, basis, C, tolerance, max_iter) -> np.ndarray:
    """Batched L-BFGS over K problems with a preconditioner in the eigenbasis of X. Returns margins, (K, n).

    Problem k has its own training mask (K, n), mean m_k and scale r_k (K, d): with weights u in the units of the fold's
    standardised features the margin is (u / r)·(x − m) + b, so one shared X serves every fold exactly.
    The preconditioner is the Hessian with the weights p(1 − p) replaced by their mean: V diag(1 / (h s + 1)) Vᵀ.
    """
    K, n = Y.shape
    d = X.shape[1]
    original = Y
    mask = train.astype(np.float32)
    size = mask.sum(axis=1, keepdims=True)
    if (C <= 0) or (size == 0).any():
        raise BadInput("a fold has no training entity; use fewer folds or a larger task.")
    wide = X.astype(np.float64)  # moments in double: one huge value must not hide the spread of the others
    mean = mask @ wide / size
    scale = np.sqrt((mask @ (wide * wide) / size - mean * mean).clip(min=0))
    flat = scale <= 1e-6 * np.abs(mean) + 1e-9  # constant in training: no weight, as with scikit-learn's scaler
    inverse_scale = np.where(flat, 0, 1 / np.where(flat, 1, scale)).astype(np.float32)
    mean = mean.astype(np.float32)
    prior = (mask * Y).sum(axis=1, keepdims=True) / size
    if ((prior <= 0) | (prior >= 1)).any():
        raise BadInput("a fold's training entities are all of one class; use fewer folds or a larger task.")
    U = np.zeros((K, d + 1), np.float32)
    U[:, -1:] = np.log(prior / (1 - prior))
    M = np.repeat(U[:, -1:], n, axis=1)
    done = np.zeros((K, n), np.float32)
    left = np.arange(K)
    spectrum, V = basis
    history: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    old_grad = old_step = None
    for _ in range(max_iter):
        P = _sigmoid(M)
        total = (C * mask * P * (1 - P)).sum(axis=1, keepdims=True)
        R = C * mask * (P - Y)
        grad = np.empty_like(U)
        grad[:, -1] = R.sum(axis=1)
        grad[:, :-1] = (R @ X - grad[:, -1:] * mean) * inverse_scale + U[:, :-1]
        inverse = 1 / ((total / n) * spectrum + 1)  # (k, d), the inverse Hessian in the eigenbasis

        if old_grad is not None:
            y = grad - old_grad
            sy = np.einsum("kd,kd->k", old_step, y)
            good = sy > 1e-10
            history.append((old_step * good[:, None], y * good[:, None], np.where(good, 1 / np.where(good, sy, 1), 0)))
            del history[:-10]
        raw = _precondition(grad, inverse, V, total)
        decrement = np.sqrt(np.einsum("kd,kd->k", grad, raw) / total[:, 0])
        over = decrement <= tolerance
        if over.any():
            done[left[over]] = M[over]
            stay = ~over
            if not stay.any():
                return done
            left, U, M, Y, mask, mean, inverse_scale, grad, total, inverse = (
                a[stay] for a in (left, U, M, Y, mask, mean, inverse_scale, grad, total, inverse)
            )
            history = [(s[stay], y[stay], rho[stay]) for s, y, rho in history]
        step = -_two_loop(grad, history, lambda g, h=inverse, t=total: _precondition(g, h, V, t))
        slope = step[:, :-1] * inverse_scale
        along = slope @ X.T + (step[:, -1:] - np.einsum("kd,kd->k", slope, mean)[:, None])
        length = _line_search(M, along, Y, mask, U, step, C)
        old_grad, old_step = grad, step * length
        U = U + old_step
        M = M + along * length
    for k in left:  # stragglers, mostly separable classes on which single precision runs out, go on alone in double
        done[k] = _alone(wide, original[k], train[k], C)
    return done


def _alone(X, y, train, C) -> np.ndarray:
    """One fit by scikit-learn in double precision, standardised on its training entities. Returns margins, (n,)."""
    fit = make_pipeline(StandardScaler(), LogisticRegression(C=C, tol=1e-6, max_iter=5000))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit.fit(X[train], y[train])
        except ConvergenceWarning:
            raise RunFailed(
                "a logistic fit did not converge, alone and in double precision; look at the vectors' scale"
            )
    return fit.decision_function(X)


def _precondition(g, inverse, V, total):
    out = np.empty_like(g)
    out[:, :-1] = ((g[:, :-1] @ V) * inverse) @ V.T
    out[:, -1:] = g[:, -1:] / total
    return out


def _two_loop(grad, history, precondition):
    q = grad.copy()
    alphas = []
    for s, y, rho in reversed(history):
        a = rho * np.einsum("kd,kd->k", s, q)
        q -= a[:, None] * y
        alphas.append(a)
    q = precondition(q)
    for (s, y, rho), a in zip(history, reversed(alphas)):
        b = rho * np.einsum("kd,kd->k", y, q)
        q += s * (a - b)[:, None]
    return q


def _line_search(M, along, Y, mask, U, step, C) -> np.ndarray:
    """Step length per problem, (k, 1), by safeguarded Newton steps on the (convex) loss along the direction."""
    u, s = U[:, :-1], step[:, :-1]
    us, ss = np.einsum("kd,kd->k", u, s), np.einsum("kd,kd->k", s, s)
    t = np.ones(len(M), np.float32)
    low, high = np.zeros_like(t), np.full_like(t, np.inf)
    weighted = C * mask * along
    for _ in range(4):
        P = _sigmoid(M + t[:, None] * along)
        slope = np.einsum("kn,kn->k", weighted, P - Y) + us + t * ss
        bend = np.einsum("kn,kn->k", weighted * along, P * (1 - P)) + ss
        low, high = np.where(slope < 0, t, low), np.where(slope > 0, t, high)
        new = t - slope / np.maximum(bend, 1e-30)
        halfway = np.where(np.isfinite(high), (low + high) / 2, 2 * t)
        inside = (new > low) & (new < high)
        new = np.where(inside, new, halfway).astype(np.float32)
        if np.all(np.abs(new - t) <= 0.02 * np.abs(t)):
            return new[:, None]
        t = new
    return t[:, None]


def softmax(X: np.ndarray, y: np.ndarray, folds: np.ndarray, *, C: float = 1.0, max_iter: int = 5000) -> np.ndarray:
    """Multinomial logistic regression (scikit-learn, lbfgs) of one task. Returns probabilities, (n, n_classes)."""
    out = np.zeros((len(y), int(y.max()) + 1), dtype=np.float32)
    for train, test in _sides(folds):
        fit = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=max_iter)).fit(X[train], y[train])
        out[np.ix_(test, fit.classes_)] = fit.predict_proba(X[test])
    return out


def ridge(X: np.ndarray, y: np.ndarray, folds: np.ndarray, *, alpha: float = 1.0) -> np.ndarray:
    """Ridge regression (scikit-learn) of one task. Returns predictions in the unit of the labels, (n,)."""
    out = np.zeros(len(y))
    for train, test in _sides(folds):
        out[test] = make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(X[train], y[train]).predict(X[test])
    return out


def _sides(folds: np.ndarray):
    for fold in np.unique(folds):
        yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


PROBES: dict[str, Probe] = {
    "logistic": Probe(logistic, ("binary", "multilabel"), {"C": 1.0, "tolerance": 1e-4}),
    "softmax": Probe(softmax, ("multiclass",), {"C": 1.0}),
    "ridge": Probe(ridge, ("regression",), {"alpha": 1.0}),
}


def takes(kind: str) -> bool:
    """Whether any probe takes tasks of this kind (none takes pairs yet)."""
    return any(kind in probe.kinds for probe in PROBES.values())


def for_kind(kind: str) -> str:
    """The default probe of a kind of task. Raises: BadInput: no probe takes that kind."""
    for name, probe in PROBES.items():
        if kind in probe.kinds:
            return name
    raise unknown("kind of task", kind, {k for p in PROBES.values() for k in p.kinds})
