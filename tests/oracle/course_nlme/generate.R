# Makes expected.csv: log likelihood, coefficients and their covariance of made-up daily ratings with irregular gaps,
# by gls of nlme with a continuous-time AR(1) (corCAR1) at fixed correlation. Run: Rscript generate.R
library(nlme)
set.seed(20261123)
out <- NULL; data <- NULL
for (case in 1:5) {
  day <- sort(sample(-14:42, 30 + case)); r <- c(.2, .35, .5, .65, .8)[case]
  weeks <- pmax(day, 0) / 7
  effect <- -weeks / (weeks + 1.25); flare <- exp(-(day - day[1]) / 10)
  noise <- numeric(length(day)); noise[1] <- rnorm(1)
  for (i in 2:length(day)) { rho <- r^(day[i] - day[i - 1]); noise[i] <- rho * noise[i - 1] + sqrt(1 - rho^2) * rnorm(1) }
  y <- 6 + 2 * effect + .5 * flare + 1.1 * noise
  d <- data.frame(case = case, day = day, effect = effect, flare = flare, y = y, r = r)
  fit <- gls(y ~ effect + flare, data = d, correlation = corCAR1(r, form = ~day, fixed = TRUE), method = "ML")
  b <- coef(fit); v <- vcov(fit); n <- nrow(d); s <- fit$sigma
  # vcov of an ML fit is scaled by n/(n-p) in nlme; scale back to the ML sigma
  v <- v * (n - length(b)) / n
  out <- rbind(out, data.frame(case = case, loglik = as.numeric(logLik(fit)), sigma = s, b0 = b[1], b1 = b[2], b2 = b[3],
    v00 = v[1, 1], v11 = v[2, 2], v22 = v[3, 3], v01 = v[1, 2], v02 = v[1, 3], v12 = v[2, 3], row.names = NULL))
  data <- rbind(data, d)
}
write.csv(format(out, digits = 15), "expected.csv", row.names = FALSE, quote = FALSE)
write.csv(format(data, digits = 15), "data.csv", row.names = FALSE, quote = FALSE)
