# Expected values of meta-regressions and subgroups on random data, from R's metafor. Run from the root:
#
#   Rscript tests/oracle/evidence/make_expected_moderators.R
#
# writes tests/oracle/evidence/expected_moderators.json.gz: 210 random data sets, thirty of each measure, each
# regressed on one to three moderators (numbers, a yes or no, a kind with three levels) by every estimator and
# under every test, and pooled in groups by the yes or no, with each group's own tau2. The tests read the file
# and need no R. metafor's convergence thresholds are tightened.
suppressMessages({library(metafor); library(jsonlite)})

TIGHT <- list(threshold = 1e-13, maxiter = 100000, tol = 1e-13, tau2.max = 1e8)
ESTIMATORS <- c("FE", "DL", "HE", "SJ", "PM", "EB", "ML", "REML")
quietly <- function(expr) suppressWarnings(tryCatch(expr, error = function(e) NULL))
number <- function(x) if (is.null(x) || length(x) == 0) NA else unname(as.numeric(x))

fit <- function(yi, vi, method, test, mods = NULL)
  quietly(if (is.null(mods)) rma(yi, vi, method = method, test = test, control = TIGHT)
          else rma(yi, vi, mods = mods, method = method, test = test, control = TIGHT))

regress <- function(yi, vi, mods) {
  out <- list()
  for (m in ESTIMATORS) {
    for (test in c("z", "knha", "adhoc")) {
      r <- fit(yi, vi, m, test, mods)
      if (is.null(r)) { out[[m]][[test]] <- NA; next }
      out[[m]][[test]] <- list(b = number(r$beta), se = r$se, lb = r$ci.lb, ub = r$ci.ub, p = r$pval,
        tau2 = r$tau2, se_tau2 = number(r$se.tau2), i2 = r$I2, h2 = r$H2, r2 = number(r$R2), q = r$QE, qp = r$QEp,
        qm = r$QM, qmp = r$QMp)
    }
  }
  r <- fit(yi, vi, "DL", "z", mods)
  ci <- quietly(confint(r, control = list(tol = 1e-12, tau2.max = 1e8)))
  list(fits = out, tau2_ci = if (is.null(ci)) NA else unname(ci$random["tau^2", c("ci.lb", "ci.ub")]))
}

group <- function(yi, vi, labels) {
  out <- list()
  for (m in ESTIMATORS) for (test in c("z", "knha", "adhoc")) {
    fits <- lapply(unique(labels), function(g) fit(yi[labels == g], vi[labels == g], m, test))
    if (any(sapply(fits, is.null))) { out[[m]][[test]] <- NA; next }
    b <- sapply(fits, function(f) number(f$beta)); s <- sapply(fits, function(f) f$se)
    between <- rma(b, s^2, method = "FE")
    out[[m]][[test]] <- list(b = b, se = s, tau2 = sapply(fits, function(f) f$tau2), q = between$QE, qp = between$QEp)
  }
  out
}

effects <- function(measure, k, lift, tau) {
  if (measure %in% c("SMD", "MD", "ROM")) {
    n1 <- sample(8:90, k, TRUE); n2 <- sample(8:90, k, TRUE); sd <- runif(k, 1, 3)
    return(escalc(measure = measure, n1i = n1, m1i = round(rnorm(k, 10 + rnorm(k, lift, tau) * sd, sd / sqrt(n1)), 2),
                  sd1i = round(sd * sqrt(rchisq(k, n1 - 1) / (n1 - 1)), 2), n2i = n2,
                  m2i = round(rnorm(k, 10, sd / sqrt(n2)), 2), sd2i = round(sd * sqrt(rchisq(k, n2 - 1) / (n2 - 1)), 2)))
  }
  if (measure == "GEN") { sei <- runif(k, 0.05, 0.8); return(data.frame(yi = rnorm(k, rnorm(k, lift, tau), sei), vi = sei^2)) }
  n1 <- sample(15:200, k, TRUE); n2 <- sample(15:200, k, TRUE); p2 <- runif(k, 0.1, 0.6)
  escalc(measure = measure, ai = rbinom(k, n1, plogis(qlogis(p2) + rnorm(k, lift, tau))), n1i = n1, ci = rbinom(k, n2, p2), n2i = n2)
}

set.seed(20261128)
MEASURES <- c("SMD", "MD", "ROM", "OR", "RR", "RD", "GEN")
cases <- list()
for (i in 1:210) {
  k <- sample(c(6:10, 12, 15, 20, 30), 1)
  electrical <- sample(rep(0:1, length.out = k)); sessions <- sample(6:24, k, TRUE); year <- sample(1998:2026, k, TRUE)
  against <- sample(rep(1:3, length.out = k))
  mods <- switch(i %% 4 + 1, cbind(sessions), cbind(electrical), cbind(sessions, electrical), cbind(against == 2, against == 3, year))
  mods <- unname(1 * mods)
  e <- effects(MEASURES[i %% 7 + 1], k, 0.2 + 0.02 * sessions + 0.3 * electrical, sample(c(0, 0.1, 0.3, 0.8), 1))
  yi <- round(c(e$yi), 9); vi <- round(c(e$vi), 9)
  cases[[i]] <- list(name = paste0("random-", i), measure = MEASURES[i %% 7 + 1], yi = yi, vi = vi, columns = mods,
                     labels = electrical, regression = regress(yi, vi, mods), groups = group(yi, vi, electrical))
}
path <- "tests/oracle/evidence/expected_moderators.json.gz"
out <- gzfile(path, "w")
writeLines(toJSON(list(metafor = as.character(packageVersion("metafor")), cases = cases), digits = I(11), na = "null",
                  auto_unbox = TRUE, null = "null", matrix = "rowmajor"), out)
close(out)
cat(length(cases), "cases;", file.size(path), "bytes\n")
