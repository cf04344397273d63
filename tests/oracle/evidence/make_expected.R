# Expected values of the pooling oracle, from R's metafor. Run from the root of the repository:
#
#   Rscript tests/oracle/evidence/make_expected.R
#
# writes tests/oracle/evidence/expected.json.gz: for each data set the numbers that go in and what metafor says
# comes out. Seventeen of metafor's own data sets (package metadat), every measure they allow, and 500 random
# ones. The tests read the file and need no R. metafor's convergence thresholds are tightened.
suppressMessages({library(metafor); library(metadat); library(jsonlite)})

TIGHT <- list(threshold = 1e-13, maxiter = 100000, tol = 1e-13, tau2.max = 1e8)
ESTIMATORS <- c("FE", "DL", "HE", "SJ", "PM", "EB", "ML", "REML")
quietly <- function(expr) suppressWarnings(tryCatch(expr, error = function(e) NULL))
number <- function(x) if (is.null(x) || length(x) == 0) NA else unname(as.numeric(x))

fit <- function(yi, vi, method, test = "z", mods = NULL)
  quietly(if (is.null(mods)) rma(yi, vi, method = method, test = test, control = TIGHT)
          else rma(yi, vi, mods = mods, method = method, test = test, control = TIGHT))

pool <- function(yi, vi) {
  out <- list()
  for (m in ESTIMATORS) {
    z <- fit(yi, vi, m)
    if (is.null(z)) { out[[m]] <- NA; next }
    row <- list(b = number(z$beta), tau2 = z$tau2, se_tau2 = number(z$se.tau2), i2 = z$I2, h2 = z$H2,
                z = c(z$se, z$ci.lb, z$ci.ub, z$pval))
    for (t in c("knha", "adhoc")) {
      r <- fit(yi, vi, m, t)
      row[[t]] <- c(r$se, r$ci.lb, r$ci.ub, r$pval)
    }
    if (m != "FE" && length(yi) > 2) {
      p <- predict(z); q <- predict(fit(yi, vi, m, "knha"))
      row$pi <- c(p$pi.lb, p$pi.ub, q$pi.lb, q$pi.ub)
    }
    out[[m]] <- row
  }
  z <- fit(yi, vi, "DL")
  ci <- quietly(confint(z, control = list(tol = 1e-12, tau2.max = 1e8)))
  out$q <- c(z$QE, z$QEp)
  out$tau2_ci <- if (is.null(ci)) NA else unname(ci$random["tau^2", c("ci.lb", "ci.ub")])
  out
}

asymmetry <- function(yi, vi) {
  z <- fit(yi, vi, "REML")
  if (is.null(z)) return(NULL)
  lm <- quietly(regtest(z, model = "lm")); rm <- quietly(regtest(z, model = "rma"))
  out <- list(classic = if (is.null(lm)) NA else c(lm$zval, lm$pval, lm$est),
              mixed = if (is.null(rm)) NA else c(rm$zval, rm$pval, rm$est))
  for (e in c("L0", "R0", "Q0")) {
    t <- quietly(trimfill(z, estimator = e, control = TIGHT))
    out[[e]] <- if (is.null(t)) NA else c(t$k0, t$se.k0, number(t$beta), t$se, t$tau2, t$side == "right")
  }
  out
}

stability <- function(yi, vi) {
  out <- list()
  for (test in c("z", "knha")) {
    z <- fit(yi, vi, "REML", test)
    if (is.null(z)) next
    l <- quietly(leave1out(z)); i <- quietly(influence(z))
    c <- quietly(cumul(z))
    if (!is.null(l)) out[[test]]$without <- unname(as.matrix(as.data.frame(l)[, c("estimate", "se", "ci.lb", "ci.ub", "Q", "tau2", "I2", "H2")]))
    if (!is.null(c)) out[[test]]$cumul <- unname(as.matrix(as.data.frame(c)[, c("estimate", "se", "Q", "tau2")]))
    if (!is.null(i)) {
      out[[test]]$influence <- unname(do.call(cbind, unclass(i$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")]))
      out[[test]]$dfbetas <- unclass(i$dfbs)$intrcpt
      out[[test]]$influential <- as.integer(i$is.infl %in% TRUE)
    }
  }
  out
}

sparse <- function(d) {
  out <- list()
  for (m in c("OR", "RR", "RD")) {
    r <- quietly(rma.mh(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, measure = m))
    out[[paste0("MH_", m)]] <- if (is.null(r) || is.na(r$beta)) NA else c(number(r$beta), r$se, r$ci.lb, r$ci.ub, r$pval, r$QE, r$QEp, r$I2, r$H2)
  }
  r <- quietly(rma.peto(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d))
  out$Peto <- if (is.null(r)) NA else c(number(r$beta), r$se, r$ci.lb, r$ci.ub, r$pval, r$QE, r$QEp, r$I2, r$H2)
  out
}

regress <- function(yi, vi, mods) {
  out <- list(columns = unname(as.matrix(mods)))
  for (m in c("FE", "DL", "HE", "SJ", "PM", "ML", "REML")) for (test in c("z", "knha")) {
    r <- fit(yi, vi, m, test, as.matrix(mods))
    if (is.null(r)) next
    out[[m]][[test]] <- list(b = number(r$beta), se = r$se, p = r$pval, tau2 = r$tau2, se_tau2 = number(r$se.tau2), i2 = r$I2, h2 = r$H2,
                             q = r$QE, qp = r$QEp, qm = r$QM, qmp = r$QMp)
  }
  r <- fit(yi, vi, "DL", "z", as.matrix(mods))
  out$tau2_ci <- unname(confint(r, control = list(tol = 1e-12, tau2.max = 1e8))$random["tau^2", c("ci.lb", "ci.ub")])
  out
}

group <- function(yi, vi, labels) {
  fits <- lapply(unique(labels), function(g) fit(yi[labels == g], vi[labels == g], "REML"))
  b <- sapply(fits, function(f) number(f$beta)); s <- sapply(fits, function(f) f$se)
  between <- rma(b, s^2, method = "FE")
  list(labels = labels, b = b, se = s, q = between$QE, qp = between$QEp)
}

MEANS <- c("SMD", "MD", "ROM"); COUNTS <- c("OR", "RR", "RD")
es_means <- function(m, d) escalc(measure = m, n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = d)
es_counts <- function(m, d) escalc(measure = m, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d)
one <- function(name, measure, rows, es, rich) {
  yi <- c(es$yi); vi <- c(es$vi)
  out <- list(name = name, measure = measure, rows = unname(as.matrix(rows)), yi = yi, vi = vi, pool = pool(yi, vi))
  if (length(yi) >= 3) out$asymmetry <- asymmetry(yi, vi)
  if (rich) out$stability <- stability(yi, vi)
  out
}
M <- c("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i"); C <- c("ai", "n1i", "ci", "n2i")

# --- metafor's own data sets
sets <- list()
gibson <- dat.gibson2002[complete.cases(dat.gibson2002[, M]), ]
for (x in list(list("dat.normand1999", dat.normand1999), list("dat.curtis1998", dat.curtis1998), list("dat.gibson2002", gibson)))
  for (m in MEANS) sets[[length(sets) + 1]] <- one(x[[1]], m, x[[2]][, M], es_means(m, x[[2]]), nrow(x[[2]]) < 40)
bcg <- within(dat.bcg, { ai <- tpos; n1i <- tpos + tneg; ci <- cpos; n2i <- cpos + cneg })
for (x in list(list("dat.bcg", bcg), list("dat.nielweise2007", dat.nielweise2007), list("dat.li2007", dat.li2007),
               list("dat.egger2001", dat.egger2001), list("dat.lee2004", dat.lee2004), list("dat.hahn2001", dat.hahn2001),
               list("dat.graves2010", dat.graves2010), list("dat.hine1989", dat.hine1989), list("dat.linde2005", dat.linde2005)))
  for (m in COUNTS) {
    d <- x[[2]][complete.cases(x[[2]][, C]), ]
    s <- one(x[[1]], m, d[, C], es_counts(m, d), TRUE)
    if (m == "OR") s$sparse <- sparse(d)
    sets[[length(sets) + 1]] <- s
  }
molloy <- escalc(measure = "ZCOR", ri = ri, ni = ni, data = dat.molloy2014)
for (x in list(list("dat.raudenbush1985", dat.raudenbush1985), list("dat.bangertdrowns2004", dat.bangertdrowns2004),
               list("dat.hackshaw1998", dat.hackshaw1998), list("dat.tannersmith2016", dat.tannersmith2016), list("dat.molloy2014", molloy)))
  sets[[length(sets) + 1]] <- one(x[[1]], "GEN", data.frame(yi = c(x[[2]]$yi), sei = sqrt(x[[2]]$vi)), x[[2]], nrow(x[[2]]) < 40)

# --- meta-regression and subgroups
regressions <- list()
r <- escalc(measure = "RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = bcg)
regressions[[1]] <- c(list(name = "dat.bcg", yi = c(r$yi), vi = c(r$vi)), regress(c(r$yi), c(r$vi), bcg[, c("ablat", "year")]))
b <- dat.bangertdrowns2004[!is.na(dat.bangertdrowns2004$length), ]
regressions[[2]] <- c(list(name = "dat.bangertdrowns2004", yi = c(b$yi), vi = c(b$vi)), regress(c(b$yi), c(b$vi), b[, "length", drop = FALSE]))
w <- dat.raudenbush1985
regressions[[3]] <- c(list(name = "dat.raudenbush1985", yi = c(w$yi), vi = c(w$vi)), regress(c(w$yi), c(w$vi), w[, "weeks", drop = FALSE]))
subgroups <- list(c(list(name = "dat.bcg", yi = c(r$yi), vi = c(r$vi)), group(c(r$yi), c(r$vi), bcg$alloc)))

# --- 500 random data sets: 200 of means, 200 of counts (some sparse), 100 of effects with standard errors
set.seed(20261123)
random <- list()
for (i in 1:500) {
  k <- sample(c(2:8, 10, 12, 15, 20, 30), 1)
  tau <- sample(c(0, 0.1, 0.3, 0.8), 1)
  if (i <= 200) {
    n1 <- sample(5:120, k, TRUE); n2 <- sample(5:120, k, TRUE); sd <- runif(k, 1, 3)
    d <- data.frame(n1i = n1, m1i = round(rnorm(k, 10 + rnorm(k, 0.4, tau) * sd, sd / sqrt(n1)), 2), sd1i = round(sd * sqrt(rchisq(k, n1 - 1) / (n1 - 1)), 2),
                    n2i = n2, m2i = round(rnorm(k, 10, sd / sqrt(n2)), 2), sd2i = round(sd * sqrt(rchisq(k, n2 - 1) / (n2 - 1)), 2))
    m <- MEANS[i %% 3 + 1]; s <- one(paste0("random-", i), m, d[, M], es_means(m, d), i %% 10 == 0)
  } else if (i <= 400) {
    n1 <- sample(10:200, k, TRUE); n2 <- sample(10:200, k, TRUE); p2 <- runif(k, if (i %% 2) 0.01 else 0.2, if (i %% 2) 0.08 else 0.6)
    d <- data.frame(ai = rbinom(k, n1, plogis(qlogis(p2) + rnorm(k, 0.3, tau))), n1i = n1, ci = rbinom(k, n2, p2), n2i = n2)
    m <- COUNTS[i %% 3 + 1]; s <- one(paste0("random-", i), m, d[, C], es_counts(m, d), i %% 10 == 0); s$sparse <- sparse(d)
  } else {
    sei <- round(runif(k, 0.05, 0.8), 4); d <- data.frame(yi = round(rnorm(k, rnorm(k, 0.3, tau), sei), 4), sei = sei)
    s <- one(paste0("random-", i), "GEN", d, data.frame(yi = d$yi, vi = d$sei^2), i %% 10 == 0)
  }
  random[[i]] <- s
}
out <- gzfile("tests/oracle/evidence/expected.json.gz", "w")
writeLines(toJSON(list(metafor = as.character(packageVersion("metafor")), sets = sets, regressions = regressions, subgroups = subgroups, random = random),
                  digits = I(11), na = "null", auto_unbox = TRUE, null = "null"), out)
close(out)
cat(length(sets), "analyses of metafor's data sets,", length(random), "random;", file.size("tests/oracle/evidence/expected.json.gz"), "bytes\n")
